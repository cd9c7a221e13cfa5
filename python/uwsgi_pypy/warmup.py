# SPDX-License-Identifier: MIT
"""--pypy-warmup: what is sent before the workers begin, and for how long.

A worker that is forked from a process whose code is compiled has compiled code.
So the master serves requests of the plugin's own, round by round, until PyPy has
compiled what there is to compile; src/warmup.c sends them. An application can
tell them from others by environ['uwsgi.warmup'].
"""
import time

from _uwsgi_pypy import ffi, lib

from . import apps, collector, config, fork, log, numbers, nursery, slow_requests

try:
    from pypyjit import get_stats_snapshot
except ImportError:
    # a PyPy without its JIT
    get_stats_snapshot = None

KEY = slow_requests.WARMUP

# Requests of a round, for each that is known; fewer of slow ones, so that a round takes no more than so many seconds.
ROUND = 50
ROUND_SECONDS = 0.25

# Seconds between two lines of the log about how it goes.
PROGRESS_SECONDS = 2

# Settled: so many of each request, and at least so many in all, have compiled next to nothing.
QUIET_EACH = 500
QUIET_LEAST = 2000
QUIET_CODE = 0.004


# What a browser says of itself, and a simple client does not. A request is sent without and with it by turns, and with
# and without the port in Host: each is another way through an application.
BROWSER = (
    ('User-Agent', 'Mozilla/5.0 (compatible; uwsgi-plugin-pypy warm-up)'),
    ('Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'),
    ('Accept-Language', 'en-US,en;q=0.5'),
    ('Accept-Encoding', 'gzip, deflate'),
)


class Mistake(Exception):
    """What the user wrote is no request; the message says why."""


# -- what is sent ---------------------------------------------------------------------------------------------------

def names_of(head):
    """Returns the names of the headers, in lower case."""
    return [line.partition(':')[0].strip().lower() for line in head[1:]]


def complete(head, body=b'', host='localhost'):
    """Returns a whole request of HTTP/1.1 from the lines of a head (str), which may lack the version and Host."""
    parts = head[0].split()
    if len(parts) == 1:
        parts.insert(0, 'GET')
    if len(parts) == 2:
        parts.append('HTTP/1.1')
    if len(parts) != 3 or not parts[1].startswith('/') or not parts[2].startswith('HTTP/1.'):
        raise Mistake('%r is not a request; give /path or METHOD /path' % head[0])
    names = names_of(head)
    if not all(names) or not all(':' in line for line in head[1:]):
        raise Mistake('%r has a line that is not a header; give Name: value' % head[0])
    if 'transfer-encoding' in names:
        raise Mistake('%r: give its body with a Content-Length' % head[0])
    extra = [] if 'host' in names else ['Host: ' + host]
    return '\r\n'.join([' '.join(parts)] + head[1:] + extra + ['', '']).encode('utf-8', 'surrogateescape') + body


def as_browser(head):
    """Returns the head with the headers of a browser that it lacks."""
    names = names_of(head)
    return head + ['%s: %s' % (name, value) for name, value in BROWSER if name.lower() not in names]


def from_option(text):
    """Returns the forms of the request of an option: METHOD /path, then headers, with \\n between the lines."""
    lines = [line.strip() for line in text.replace('\\n', '\n').split('\n')]
    head = [line for line in lines if line]
    port = lib.upp_warmup_port()
    # straight to the port, or by way of a proxy and a name
    hosts = ['localhost', 'localhost:' + ffi.string(port).decode()] if port else ['localhost']
    return [complete(form, host=host) for form in (head, as_browser(head)) for host in hosts]


def take_line(data, start):
    """Returns (a line without its end, the index of the next one)."""
    end = data.find(b'\n', start)
    end = len(data) if end < 0 else end
    return data[start:end].rstrip(b'\r'), end + 1


def body_length(lines):
    for line in lines:
        name, _, value = line.partition(':')
        if name.strip().lower() == 'content-length':
            if not value.strip().isdigit():
                raise Mistake('%r is not a length' % line)
            return int(value)
    return 0


def from_file(data):
    """Returns the requests of a file: HTTP, one behind the other; empty lines and # comments between them."""
    requests = []
    position = 0
    while position < len(data):
        line, position = take_line(data, position)
        if not line.strip() or line.startswith(b'#'):
            continue
        lines = []
        while line:
            lines.append(line.decode('utf-8', 'surrogateescape'))
            line, position = take_line(data, position)
        length = body_length(lines[1:])
        body = data[position:position + length]
        if len(body) < length:
            raise Mistake('%r has %d of %d bytes of its body' % (lines[0], len(body), length))
        requests.append(complete(lines, body))
        position += length
    if not requests:
        raise Mistake('there is no request in it')
    return requests


def read(text):
    """Returns the requests that one --pypy-warmup names, each a list of its forms (bytes)."""
    if not text.startswith('file:'):
        return [from_option(text)]
    with open(text[len('file:'):], 'rb') as file:
        # as they were recorded
        return [[request] for request in from_file(file.read())]


class Known:
    """A request of the warm-up."""

    __slots__ = ('name', 'request')

    def __init__(self, forms):
        line = forms[0].split(b'\r\n', 1)[0].decode('utf-8', 'backslashreplace')
        self.name = ' '.join(line.split(' ')[:2])
        self.request = lib.upp_warmup_add()
        for form in forms:
            lib.upp_warmup_add_form(self.request, form, len(form))


_known = []


def prepare():
    """Reads the requests; ends the start if one is none."""
    for text in config.warmup:
        try:
            _known.extend(map(Known, read(text)))
        except (Mistake, OSError) as error:
            log.info('--pypy-warmup %s: %s' % (text, error))
            lib.upp_exit(1)


# -- for how long ---------------------------------------------------------------------------------------------------

def compiled():
    """Returns (loops, bridges) that were compiled since the start of the process."""
    if get_stats_snapshot is None:
        return 0, 0
    counters = get_stats_snapshot().counters
    return counters['TOTAL_COMPILED_LOOPS'], counters['TOTAL_COMPILED_BRIDGES']


def milliseconds(request):
    return request.microseconds / 1000


def fail(name, how):
    log.info('warm-up: %s %s; it is not sent again' % (name, how))
    if config.warmup_strict:
        log.info('--pypy-warmup-strict: a request of the warm-up failed')
        lib.upp_exit(apps.FAILED_APP_CODE)


class Warmup:
    """Decides round by round, and writes the log."""

    __slots__ = ('started', 'told', 'first', 'last', 'sent', 'before', 'rounds_before')

    def __init__(self):
        self.started = self.told = time.time()
        self.first = self.last = 0.0    # milliseconds
        self.sent = 0
        self.before = compiled()
        self.rounds_before = []         # (requests, pieces of code compiled) at the end of each round

    def drop_failed(self):
        for known in list(_known):
            request = known.request
            if request.served and 0 < request.status < 500:
                continue
            if not request.served:
                fail(known.name, 'was refused')
            elif request.status:
                fail(known.name, 'failed with status %d' % request.status)
            else:
                fail(known.name, 'failed: its response is broken')
            request.skip = 1
            _known.remove(known)

    def report_first(self):
        for known in _known:
            log.info('warm-up: %s answers %d in %.1f ms' % (known.name, known.request.status,
                                                           milliseconds(known.request)))
            self.first += milliseconds(known.request)
        if _known:
            self.first /= len(_known)

    def latency(self):
        return sum(milliseconds(known.request) for known in _known) / len(_known)

    def has_settled(self):
        """Whether the last requests compiled next to nothing of what is there."""
        code = sum(compiled()) - sum(self.before)
        self.rounds_before.append((self.sent, code))
        quiet = max(QUIET_LEAST, QUIET_EACH * len(_known))
        earlier = [count for sent, count in self.rounds_before if sent <= self.sent - quiet]
        return bool(earlier) and code - earlier[-1] <= QUIET_CODE * code

    def rounds(self):
        """Yields how many requests to send."""
        yield self.count(len(_known))
        self.drop_failed()
        self.report_first()
        end = 'no request is left'
        tidy = collector.Tidy()
        while _known:
            tidy.between()
            if self.has_settled():
                end = 'the compiled code has settled'
                break
            if time.time() - self.started >= config.warmup_seconds:
                end = '--pypy-warmup-seconds is reached'
                break
            if self.sent >= config.warmup_requests:
                end = '--pypy-warmup-requests is reached'
                break
            fits = int(ROUND_SECONDS * 1000 / max(self.latency(), 0.001))
            yield self.count(min(max(fits, len(_known)), ROUND * len(_known), config.warmup_requests - self.sent))
            self.drop_failed()
            self.report_progress()
        self.report(end)

    def count(self, requests):
        self.sent += requests
        return requests

    def compiled(self):
        """(loops, bridges) of the warm-up."""
        return tuple(after - before for after, before in zip(compiled(), self.before))

    def report_progress(self):
        now = time.time()
        if _known and now - self.told >= PROGRESS_SECONDS:
            self.told = now
            log.info('warm-up: %d requests so far, the last ones took %.2f ms; %d loops and %d bridges were compiled'
                     % ((self.sent, self.latency()) + self.compiled()))

    def report(self, end):
        loops, bridges = self.compiled()
        last = self.latency() if _known else 0
        log.info('warm-up: %d requests in %.1f seconds, the first ones took %.2f ms, the last ones %.2f ms; '
                 '%d loops and %d bridges were compiled; %s'
                 % (self.sent, time.time() - self.started, self.first, last, loops, bridges, end))


_rounds = None


def next_round():
    """Returns how many requests to send now, 0 at the end."""
    global _rounds
    if _rounds is None:
        apps.annotate(KEY, True)
        nursery.find()
        fork.rehearse()
        collector.rehearse()
        nursery.rehearse()
        numbers.rehearse()
        _rounds = Warmup().rounds()
    count = next(_rounds, 0)
    if not count:
        apps.annotate(KEY, None)
        _rounds = None
    return count
