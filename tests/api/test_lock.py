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


HOLD = '''
import os, time
uwsgi.lock()
open('held', 'w').close()
while not os.path.exists('go'):
    time.sleep(0.005)
with open('order', 'a') as order:
    order.write('holder ')
uwsgi.unlock()
os.getpid()
'''

WAIT = '''
import os
open('waits', 'w').close()
uwsgi.lock()
with open('order', 'a') as order:
    order.write('waiter ')
uwsgi.unlock()
os.getpid()
'''


def test_between_processes(start_console):
    """Who waits for a lock that another process holds gets it when it is given back."""
    console = start_console({'processes': 2})
    server = console.server
    with server.client().connect() as holder, server.client().connect() as waiter:
        holder.send_request('POST', '/', body=HOLD.encode())
        wait_until((server.directory / 'held').exists, 'the lock to be held')
        waiter.send_request('POST', '/', body=WAIT.encode())
        wait_until((server.directory / 'waits').exists, 'the other to wait')
        server.write('go', '')
        pids = {connection.read().body for connection in (holder, waiter)}
    assert len(pids) == 2
    assert (server.directory / 'order').read_text() == 'holder waiter '
