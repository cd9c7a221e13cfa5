"""uwsgi.lock(), is_locked(), unlock()."""

import pytest

from api.console import Raised
from api.together import ONE_EACH, meanwhile
from harness import wait_until


def test_numbers(start_console):
    """Lock 0 is there always, --locks adds more; each is taken and given back by itself."""
    console = start_console({'locks': 2})
    assert console('[uwsgi.is_locked(n) for n in range(3)]') == [False, False, False]
    assert console('uwsgi.lock(), uwsgi.lock(2), [uwsgi.is_locked(n) for n in range(3)]') == (
        None, None, [True, False, True])
    assert console('uwsgi.unlock(), uwsgi.unlock(2), uwsgi.is_locked(), uwsgi.is_locked(2)') == (
        None, None, False, False)


@pytest.mark.parametrize('function', ['lock', 'unlock', 'is_locked'])
@pytest.mark.parametrize('number, message', [
    ('1', 'ValueError: lock number is 1; it must be from 0 to 0; --locks adds locks'),
    ('-1', 'ValueError: lock number is -1; it must be from 0 to 0; --locks adds locks'),
    ('"0"', 'TypeError: lock number must be int, not str'),
])
def test_refused(start_console, function, number, message):
    console = start_console()
    with pytest.raises(Raised, match='^%s$' % message):
        console('uwsgi.%s(%s)' % (function, number))


def test_between_processes(start_console):
    """Who waits for a lock that another process holds gets it when it is given back."""
    console = start_console({'processes': 3, 'cache2': 'name=steps,items=10', **ONE_EACH})
    with meanwhile() as pool:
        # a worker that holds the lock or waits for it is busy: another one answers
        holder = pool.submit(console, 'import os, time\n'
                                      'uwsgi.lock()\n'
                                      'while not uwsgi.cache_get("go on"): time.sleep(0.001)\n'
                                      'uwsgi.cache_set("given back", "yes")\n'
                                      'uwsgi.unlock(), os.getpid()')
        wait_until(lambda: console('uwsgi.is_locked()'), 'the lock to be held')
        waiter = pool.submit(console, 'import os\n'
                                      'uwsgi.cache_set("waits", "yes")\n'
                                      'uwsgi.lock()\n'
                                      'uwsgi.cache_get("given back"), uwsgi.unlock(), os.getpid()')
        wait_until(lambda: console('uwsgi.cache_get("waits")'), 'the other one to wait')
        console('uwsgi.cache_set("go on", "yes")')
        _, first = holder.result()
        given_back, _, second = waiter.result()
    assert given_back == b'yes'
    assert first != second and {first, second} <= set(console.server.worker_pids())
    assert console('uwsgi.is_locked()') is False
