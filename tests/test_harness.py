"""The harness itself: a check that cannot fail is worth nothing, so each of them is made to fail here.

Runs on the stock CPython plugin, so that it says nothing about the plugin under test.
"""

import signal
import socket
import struct
import threading

import pytest

from harness import Client, Response, Server, ServerSpec, checks
from harness.fronts import FRONTS
from harness.response import MalformedResponse, ResponseReader

APP = '''
import sys, time
leaked = []

def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/leak':
        leaked.append(open('/dev/null'))
    if path == '/raise':
        raise ValueError('boom')
    if path == '/alarm':
        print('runtime error: this is what a sanitizer says', file=sys.stderr, flush=True)
    body = ' '.join([environ['REQUEST_METHOD'], path, environ['QUERY_STRING'], environ.get('HTTP_X_NAME', '')])
    body = body.encode('latin-1') + b'|' + environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''
OPTIONS = {'http-socket': True, 'http11-socket': True, 'socket': True, 'pypy-wsgi': 'app'}


@pytest.fixture
def cpython(start_server):
    return start_server(OPTIONS, app=APP, plugin='python3')


@pytest.fixture
def scratch(tmp_path):
    """A server whose checks fail: not checked again by the fixture."""
    server = Server(tmp_path / 'scratch', OPTIONS, app=APP, plugin='python3').start()
    yield server
    server.kill()


# -- the server ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('name', list(FRONTS))
def test_the_same_request_over_every_front(cpython, name):
    client = cpython.client(name)
    response = client.post('/a%20b?x=1', b'body', {'X-Name': 'v'})
    assert response.complete and response.status == 200
    assert response.body == b'POST /a b x=1 v|body' and response.extra == b''


def test_two_requests_on_one_connection(cpython):
    with cpython.client('http11').connect() as connection:
        assert connection.get('/1').body == b'GET /1  |'
        assert connection.get('/2').body == b'GET /2  |'


def test_master_workers_stats_and_stop(start_server):
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', 'master': True, 'processes': 2, 'stats': True},
                          app=APP, plugin='python3')
    assert server.master_pid == server.pid
    assert len(server.worker_pids()) == 2 and server.pid not in server.worker_pids()
    server.client().get('/')
    assert server.wait_stats(lambda stats: sum(w['requests'] for w in stats['workers']) == 1, 'one request')
    assert server.stop(signal.SIGINT) == 0
    assert server.members() == {}


def test_router_gets_a_reserved_port(start_server):
    server = start_server({'plugin': 'http', 'http': True, 'pypy-wsgi': 'app', 'master': True}, app=APP,
                          plugin='python3')
    assert server.client().get('/x').body == b'GET /x  |'


def test_failed_start_shows_the_log(make_server):
    server = make_server({'http-socket': True, 'pypy-wsgi': 'app', 'need-app': True}, app='raise ValueError("no")',
                         plugin='python3')
    server.expect_traceback('ValueError: no')
    with pytest.raises(AssertionError, match='ended with code 22(.|\n)*ValueError: no'):
        server.start()


# -- the checks after every test ---------------------------------------------------------------------------------------

def test_leaked_descriptor_is_found(scratch, monkeypatch):
    monkeypatch.setattr(checks, 'SETTLE_TIMEOUT', 0.5)
    scratch.client('http').get('/leak')
    with pytest.raises(AssertionError, match='/dev/null'):
        scratch.end_test()
    scratch.allow_fds('^/dev/null$')
    scratch.end_test()


def test_open_connections_are_no_leak(cpython):
    connection = cpython.client('http11').connect()
    connection.get('/')
    # end_test closes it first


def test_unexpected_traceback_is_found(scratch):
    scratch.client('http').get('/raise')
    with pytest.raises(AssertionError, match='unexpected tracebacks.*ValueError: boom'):
        scratch.end_test()


def test_tracebacks_are_counted_exactly(scratch, monkeypatch):
    monkeypatch.setattr(checks, 'SETTLE_TIMEOUT', 0.5)
    scratch.client('http').get('/raise')
    scratch.expect_traceback('ValueError: boom')
    scratch.end_test()
    scratch.expect_traceback('ValueError: boom')
    with pytest.raises(AssertionError, match='not in the log.*ValueError: boom'):
        scratch.end_test()
    scratch.begin_test()
    scratch.expect_traceback('ValueError: boom')
    with pytest.raises(AssertionError, match='not in the log'):
        scratch.end_test()


def test_alarming_line_is_found(scratch):
    scratch.client('http').get('/alarm')
    with pytest.raises(AssertionError, match='runtime error'):
        scratch.end_test()
    scratch.allow_alarm('this is what a sanitizer says')
    scratch.end_test()


def test_zombie_is_found(scratch, monkeypatch):
    monkeypatch.setattr(checks, 'SETTLE_TIMEOUT', 0.5)
    monkeypatch.setattr(checks, 'group_members', lambda group: {group + 1: ('Z', group, 'python3')})
    with pytest.raises(AssertionError, match='zombies'):
        scratch.end_test()


def test_traceback_lines():
    log = '''Traceback (most recent call last):
  File "a.py", line 1, in f
    1/0
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 2, in f
    raise KeyError(1)
KeyError: 1
[pid: 1] GET / => 500'''.split('\n')
    assert checks.tracebacks(log) == ['ZeroDivisionError: division by zero', 'KeyError: 1']
    assert checks.tracebacks(log[:3]) == ['(a traceback without its exception)']


# -- the client --------------------------------------------------------------------------------------------------------

def read(data, method='GET', reset=False):
    """What the reader makes of these bytes."""
    listener = socket.create_server(('127.0.0.1', 0))

    def serve():
        peer, _ = listener.accept()
        peer.sendall(data)
        if reset:
            peer.recv(1)   # so that the data was read before the RST
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        peer.close()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with Client(FRONTS['http'], listener.getsockname()).connect() as connection:
            if reset:
                connection.send(b'x')
            return connection.read_last(method)
    finally:
        thread.join()
        listener.close()


HEAD = b'HTTP/1.1 200 OK\r\n'


def test_complete_by_length_with_extra_bytes():
    response = read(HEAD + b'Content-Length: 2\r\n\r\nabXYZ')
    assert (response.complete, response.framing, response.ended) == (True, 'length', 'framed')
    assert (response.body, response.extra) == (b'ab', b'XYZ')


def test_too_short_is_incomplete():
    response = read(HEAD + b'Content-Length: 5\r\n\r\nab')
    assert (response.complete, response.ended, response.body) == (False, 'eof', b'ab')


def test_ended_by_close_or_cut_off():
    assert read(HEAD + b'\r\nabc').complete
    response = read(HEAD + b'\r\nabc', reset=True)
    assert (response.complete, response.framing, response.ended) == (False, 'close', 'reset')


def test_chunked():
    response = read(HEAD + b'Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n')
    assert (response.complete, response.body, response.extra) == (True, b'abc', b'')
    assert not read(HEAD + b'Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n').complete
    assert not read(HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\nab').complete


def test_no_body_where_none_may_be():
    response = read(HEAD + b'Content-Length: 2\r\n\r\nab', method='HEAD')
    assert (response.framing, response.body, response.extra) == ('none', b'', b'ab')
    assert read(b'HTTP/1.1 204 No Content\r\n\r\n').complete


def test_interim_responses_are_kept_apart():
    response = read(b'HTTP/1.1 100 Continue\r\n\r\n' + HEAD + b'Content-Length: 0\r\n\r\n')
    assert response.status == 200 and [status for status, _ in response.interim] == [100]


def test_nothing_at_all():
    response = read(b'')
    assert response == Response(ended='eof') and response.empty and not response.complete


@pytest.mark.parametrize('data', [
    b'HTTP/1.1 200 OK\n\n', b'hello', HEAD + b'no colon\r\n\r\n', HEAD + b'A : b\r\n\r\n', HEAD + b'A: b\x00\r\n\r\n',
    HEAD + b'A: b\nB: c\r\n\r\n', b'bar HTTP/1.1 200 OK\r\n\r\n',
    HEAD + b'Content-Length: 1\r\nContent-Length: 1\r\n\r\na', HEAD + b'Content-Length: +1\r\n\r\na',
    HEAD + b'Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n',
])
def test_malformed_responses_are_refused(data):
    with pytest.raises(MalformedResponse):
        read(data)


def test_reader_has_no_state_of_another_connection():
    left, right = socket.socketpair()
    with left, right:
        right.sendall(HEAD + b'Content-Length: 1\r\n\r\na' + HEAD + b'Content-Length: 1\r\n\r\nb')
        reader = ResponseReader(left)
        assert [reader.read().body, reader.read().body] == [b'a', b'b']


def test_server_spec_does_not_share_its_defaults():
    assert ServerSpec('').options is not ServerSpec('').options
