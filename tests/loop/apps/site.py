"""What the tests of the loop ask for; the first part of the path says what."""

import json
import os
import threading
import time

calls = []
lock = threading.Lock()
meeting = threading.Barrier(4, timeout=20)


def answer(start_response, body, *headers, status='200 OK'):
    start_response(status, [('Content-Type', 'text/plain'), *headers])
    return [body]


def get_hello(environ, start_response, rest):
    return answer(start_response, b'hello')


def get_pid(environ, start_response, rest):
    return answer(start_response, b'%d' % os.getpid())


def get_address(environ, start_response, rest):
    return answer(start_response, ('%(REMOTE_ADDR)s:%(REMOTE_PORT)s' % environ).encode())


def get_calls(environ, start_response, rest):
    """What was called since the last time."""
    body = json.dumps(calls).encode()
    calls.clear()
    return answer(start_response, body)


def get_environ(environ, start_response, rest):
    plain = {name: value for name, value in environ.items() if isinstance(value, str)}
    return answer(start_response, json.dumps(plain).encode())


def get_echo(environ, start_response, rest):
    """The body, and what the environ said about it."""
    body = environ['wsgi.input'].read()
    return answer(start_response, body, ('X-Length', environ.get('CONTENT_LENGTH', 'none')),
                  ('X-Terminated', str(environ.get('wsgi.input_terminated', False))))


def get_size(environ, start_response, rest):
    """Reads the body piece by piece and counts; or says how that failed."""
    size = 0
    try:
        while True:
            data = environ['wsgi.input'].read(10000)
            if not data:
                break
            size += len(data)
    except OSError:
        calls.append('body: OSError')
        return answer(start_response, b'broken', status='500 Broken Body')
    calls.append('body: %d' % size)
    return answer(start_response, b'%d' % size, ('X-Length', environ.get('CONTENT_LENGTH', 'none')))


def get_unread(environ, start_response, rest):
    return answer(start_response, b'unread')


def get_status(environ, start_response, rest):
    """Without a body."""
    start_response(rest + ' Status', [])
    return []


def get_parts(environ, start_response, rest):
    """So many parts without a length."""
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return (b'part %d\n' % number for number in range(int(rest)))


def get_long(environ, start_response, rest):
    """So many bytes in one piece."""
    return answer(start_response, b'x' * int(rest))


def get_file(environ, start_response, rest):
    """A file of the server's directory, as a file."""
    size = os.path.getsize(rest)
    start_response('200 OK', [('Content-Type', 'application/octet-stream'), ('Content-Length', str(size))])
    return environ['wsgi.file_wrapper'](open(rest, 'rb'))


def get_short(environ, start_response, rest):
    """Less than was declared."""
    return answer(start_response, b'short', ('Content-Length', '100'))


def get_more(environ, start_response, rest):
    """More than was declared."""
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '4')])
    return [b'mo', b'reHTTP/1.1 200 OK\r\n\r\n']


def get_fail(environ, start_response, rest):
    raise RuntimeError('the application fails')


def get_meet(environ, start_response, rest):
    """Answers when four requests are here at once."""
    try:
        meeting.wait()
    except threading.BrokenBarrierError:
        return answer(start_response, b'alone', status='503 Alone')
    return answer(start_response, threading.current_thread().name.encode())


def get_turn(environ, start_response, rest):
    """Takes long enough for a client to send its next request meanwhile."""
    time.sleep(0.01)
    return answer(start_response, b'')


class EndsLate(list):
    """A body; its request ends when the client has had time to send the next one."""

    def close(self):
        time.sleep(0.01)


def get_late(environ, start_response, rest):
    body = b'%d' % os.getpid()
    return EndsLate(answer(start_response, body, ('Content-Length', str(len(body)))))


def get_wait(environ, start_response, rest):
    """Answers when the file is there, and says by another that it waits."""
    open(rest + '.waits', 'w').close()
    while not os.path.exists(rest):
        time.sleep(0.01)
    return answer(start_response, b'waited')


def get_stuck(environ, start_response, rest):
    while True:
        time.sleep(0.1)


def application(environ, start_response):
    name, _, rest = environ['PATH_INFO'].strip('/').partition('/')
    if name != 'calls':
        with lock:
            calls.append(environ['REQUEST_METHOD'] + ' ' + environ['PATH_INFO'])
    return globals()['get_' + (name or 'hello')](environ, start_response, rest)
