"""Several requests at once: of those that come back together, and of one that has to wait."""

from concurrent.futures import ThreadPoolExecutor

# Options of a server in which no request waits for one that waits: the request loop may accept two connections at
# once, for one thread.
ONE_EACH = {'pypy-loop': 'off'}


def together(console, source, count):
    """The values of the same statements in `count` requests that are all under way at once."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(console, [source] * count))


def meanwhile():
    """with meanwhile() as pool: busy = pool.submit(console, source), then something else, then busy.result()."""
    return ThreadPoolExecutor(8)
