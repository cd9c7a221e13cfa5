"""--pypy-soft-harakiri: uwsgi.HarakiriWarning in a request that takes too long, and in no other."""

import random

import pytest

from harness import assert_aborted

APP = r'''
import os, select, socket, subprocess, threading, time

import uwsgi


def in_loop():
    n = 0
    while True:
        n += 1

def in_sleep():
    time.sleep(1000)

def in_recv():
    ours, theirs = socket.socketpair()
    ours.recv(1)

def in_select():
    select.select([], [], [])

def in_pipe():
    reading, writing = os.pipe()
    os.read(reading, 1)

def in_lock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

def in_event():
    threading.Event().wait()

def in_child():
    subprocess.run(['sleep', '1000'])

def in_application():
    """Its own exception becomes the warning's context."""
    try:
        {}['no such key']
    except KeyError:
        in_sleep()

def ends_soon(seconds):
    end = time.perf_counter() + float(seconds)
    while time.perf_counter() < end:
        pass


class Closing:
    """Its close() does not end."""

    def __iter__(self):
        return iter([b'hello'])

    def close(self):
        in_sleep()


def parts():
    try:
        yield b'part'
        in_loop()
    finally:
        print('cleaned up after parts')


def application(environ, start_response):
    _, how, *arguments = environ['PATH_INFO'].split('/')
    headers = [('Content-Type', 'text/plain'), ('X-Pid', str(os.getpid()))]
    if how == 'caught':
        try:
            in_loop()
        except uwsgi.HarakiriWarning as warning:
            start_response('504 Gateway Timeout', headers)
            return [str(warning).encode()]
    if how == 'never':
        while True:
            try:
                in_loop()
            except uwsgi.HarakiriWarning:
                pass
    if how in ('parts', 'closing'):
        start_response('200 OK', headers + [('Content-Length', '5')])
        return parts() if how == 'parts' else Closing()
    if how != 'hello':
        try:
            globals()[how](*arguments)
        except uwsgi.HarakiriWarning:
            print('cleaned up', how)
            raise
    start_response('200 OK', headers)
    return [b'hello']
'''

STUCK = ['in_loop', 'in_sleep', 'in_recv', 'in_select', 'in_pipe', 'in_lock', 'in_event', 'in_child', 'in_application']
WARNING = 'uwsgi.HarakiriWarning: the request has run for 1 seconds (--pypy-soft-harakiri)'
SENT = r'^soft harakiri: worker 1 has worked on GET /\S+ for \S+ seconds, raising uwsgi.HarakiriWarning in it$'


@pytest.fixture(params=['on', 'off'])
def start(request, start_site):
    def run(seconds, **options):
        return start_site({'pypy-soft-harakiri': seconds, 'pypy-loop': request.param, 'wsgi': 'app', 'master': True,
                           **options}, app=APP)
    return run


def assert_unavailable(response):
    assert response.status == 503 and response.complete, response
    assert response.body == b'Service Unavailable' and response.extra == b'', response


def ask_all(server, targets):
    """The responses to requests that are all under way at the same time."""
    connections = [server.client().connect() for _ in targets]
    for connection, target in zip(connections, targets):
        connection.send_request('GET', target)
    return [connection.read_last() for connection in connections]


def test_wherever_it_is_stuck(start):
    """In compiled code or in a system call, in any thread: 503, one traceback, and the worker serves on."""
    server = start(1, threads=len(STUCK) + 1)
    server.allow_fds('pipe|socket')
    server.expect_traceback(*[WARNING] * len(STUCK), "KeyError: 'no such key'")
    before = server.client().get('/hello')
    for response in ask_all(server, ['/' + how for how in STUCK]):
        assert_unavailable(response)
    for how in STUCK:
        server.wait_log('^cleaned up %s$' % how)
    assert len(server.wait_log(SENT, len(STUCK))) == len(STUCK)
    assert server.client().get('/hello').header('X-Pid') == before.header('X-Pid')


def test_the_only_thread(start):
    """Without a master, too."""
    server = start(1, master=None)
    server.expect_traceback(WARNING, WARNING)
    for how in ('in_loop', 'in_sleep'):
        assert_unavailable(server.client().get('/' + how))
    assert server.client().get('/hello').status == 200


def test_what_the_application_makes_of_it(start):
    """It answers itself; or has sent something, and the client can tell that there should be more."""
    server = start(1, threads=4)
    server.expect_traceback(WARNING, WARNING)
    caught, parts, closing = ask_all(server, ['/caught', '/parts', '/closing'])
    assert caught.status == 504 and caught.body.startswith(b'the request has run for 1 seconds')
    assert_aborted(parts)
    assert parts.body == b'part'
    assert closing.status == 200 and closing.complete and closing.body == b'hello'
    server.wait_log('^cleaned up after parts$')
    server.wait_log(SENT, 3)
    assert server.client().get('/hello').status == 200


def test_no_other_request(start):
    """Requests that end at about that time: each has its answer or the warning, and what comes next is left alone."""
    server = start(0.02, threads=3)
    seconds = [random.uniform(0.014, 0.026) for _ in range(200)]
    statuses = []
    for begin in range(0, len(seconds), 4):
        responses = ask_all(server, ['/ends_soon/%f' % item for item in seconds[begin:begin + 4]])
        for response in responses:
            assert response.complete, response
        statuses += [response.status for response in responses]
    assert set(statuses) <= {200, 503}
    server.expect_traceback(*['uwsgi.HarakiriWarning: '] * statuses.count(503))
    assert len(server.log_lines(SENT)) == statuses.count(503)


def test_if_it_does_not_help(start):
    """Then uWSGI kills the worker."""
    server = start(0.5, harakiri=1)
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')
    assert server.client().get('/never').empty
    server.wait_log('HARAKIRI ON WORKER 1')
    assert len(server.log_lines(SENT)) == 1
    assert server.client().get('/hello').status == 200


@pytest.mark.parametrize('options, message', [
    ({'pypy-soft-harakiri': 'soon'}, '^--pypy-soft-harakiri soon: give a number of seconds from 0.01 to 86400$'),
    ({'pypy-soft-harakiri': '0'}, '^--pypy-soft-harakiri 0: give a number of seconds from 0.01 to 86400$'),
    ({'pypy-soft-harakiri': '2', 'async': 4}, '^--pypy-soft-harakiri cannot tell the requests of --async 4 apart; leave'),
    ({'pypy-slow-request': '2', 'async': 4}, '^--pypy-slow-request cannot tell the requests of --async 4 apart; leave'),
    ({'pypy-soft-harakiri': '20', 'harakiri': 20},
     '^--pypy-soft-harakiri 20: --harakiri 20 would come first; give less$'),
])
def test_refused(launch, options, message):
    assert launch({'http-socket': True, **options}, 1).log_lines(message)


def test_a_pypy_that_cannot(launch):
    """As those of before 7.3.10."""
    files = {'older.py': 'import __pypy__.thread\ndel __pypy__.thread._raise_in_thread'}
    server = launch({'http-socket': True, 'shared-python-import': 'older', 'pypy-soft-harakiri': '2'}, 1, files=files)
    assert server.log_lines(r'^--pypy-soft-harakiri: this PyPy \(\S+\) cannot raise an exception in another thread; '
                            'use PyPy 7.3.10 or newer$')
