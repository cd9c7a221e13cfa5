"""Reload after reload while clients ask on, on kept connections and on new ones: no request may be lost."""

import contextlib
import os
import time

from harness import KeepAliveLoad, Load, wait_until

RELOADS = 20
OPTIONS = {'master': True, 'processes': 2, 'disable-logging': True}


@contextlib.contextmanager
def under_load(server):
    """All kinds of clients at once: with the block's progress(), so that each reload meets all of them."""
    clients = [server.client('loop') for _ in range(3)]
    loads = [KeepAliveLoad(clients[0], '/pid', threads=2), Load(clients[1], '/pid', threads=2),
             KeepAliveLoad(clients[2], '/long/300000', threads=1)]

    def progress():
        for load in loads:
            load.wait_more(10)
    with contextlib.ExitStack() as stack:
        for load in loads:
            stack.enter_context(load)
        progress()
        yield loads, progress
        progress()
    for load in loads:
        load.check()


def failed(loads):
    return any(load.failures for load in loads)


def test_sighup(start_loop, fixed_address):
    """The whole server starts again, twenty times."""
    server = start_loop({**OPTIONS, 'http-socket': fixed_address}, args=['--threads', '2'])
    server.ignore_fds()
    with under_load(server) as (loads, progress):
        for number in range(1, RELOADS + 1):
            server.reload()
            wait_until(lambda: len(server.log_lines('spawned uWSGI worker 2 ')) > number or failed(loads),
                       lambda: 'reload %d\n%s' % (number, server.log_tail()))
            progress()
    assert not server.log_lines('NO MERCY')


def test_chain(start_loop, fixed_address):
    """One worker after the other; the master, which looks at the file once a second, stays."""
    server = start_loop({**OPTIONS, 'http-socket': fixed_address, 'lazy-apps': True, 'touch-chain-reload': 'touched'},
                        files={'touched': ''})
    server.ignore_fds()
    with under_load(server) as (loads, progress):
        for number in range(1, 3):
            later = time.time() + 5 * number   # uWSGI looks at whole seconds
            os.utime(server.directory / 'touched', (later, later))
            wait_until(lambda: len(server.log_lines('chain reloading complete')) >= number or failed(loads),
                       lambda: 'reload %d\n%s' % (number, server.log_tail()))
            progress()
    assert not server.log_lines('NO MERCY')


STARTING_APP = """
import os
import signal
import time

import uwsgi

if uwsgi.worker_id() == 2:
    # told to end, it has not begun to yet when the other one leaves
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    while not os.path.exists('go'):
        time.sleep(0.01)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])


def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return [b'hello']
"""


def test_a_worker_that_starts_takes_no_connections(make_server, fixed_address):
    """One that leaves gives none to it: it may end, too, before it has begun to serve."""
    server = make_server({**OPTIONS, 'http-socket': fixed_address, 'pypy-wsgi': 'app', 'lazy-apps': True},
                         app=STARTING_APP)
    server.ignore_fds()
    server.launch()
    server.wait_log('running pypy loop engine')
    client = server.client('loop')
    with client.connect() as connection:
        assert connection.get('/').status == 200
        server.reload()
        answers = iter(lambda: connection.get('/'), None)
        last = next(answer for answer in answers if answer.empty or answer.header('Connection') == 'close')
        assert last.body == b'hello'
    server.wait_log('worker 1 buried')
    server.write('go', '')
    assert client.get('/').body == b'hello'
