"""uwsgi.lock(), is_locked(), unlock()."""

import pytest

from api.console import Raised
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
    console = start_console({'processes': 2})
    holder = console('import os; uwsgi.lock(); os.getpid()')
    waiting = console.server.client().connect()
    waiting.send_request('POST', '/', body=b'import os; uwsgi.lock(); os.getpid()')
    # one worker waits: the other answers every request, and it is whoever does not wait
    wait_until(lambda: console('uwsgi.is_locked()'), 'the lock to be held')
    console('uwsgi.unlock()')
    waiter = int(waiting.read().body.decode().partition(' ')[2])
    assert waiter in console.server.worker_pids() and holder in console.server.worker_pids()
    console('uwsgi.unlock()')
