"""One function for each path. What it waits for are files in the working directory, which the test makes."""

import atexit
import json
import os
import signal
import sys
import threading
import time

ROUTES = {}
GENERATION = '%d-%.9f' % (os.getpid(), time.time())   # differs each time this file is loaded
LOCAL = threading.local()
BARRIERS = {}
BARRIERS_LOCK = threading.Lock()


def route(function):
    """Serves /NAME and everything below it, without the function's trailing underscore."""
    ROUTES[function.__name__.rstrip('_')] = function
    return function


def reply(start_response, body, status='200 OK', headers=()):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    start_response(status, [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))] + list(headers))
    return [body]


def argument(environ):
    """What follows the route's name in the path."""
    return environ['PATH_INFO'].strip('/').partition('/')[2]


def mark(name):
    with open(name, 'w'):
        pass


def wait_for_file(name):
    while not os.path.exists(name):
        time.sleep(0.005)


@atexit.register
def left():
    sys.stderr.write('atexit of %d\n' % os.getpid())


@route
def hello(environ, start_response):
    return reply(start_response, b'hello')


@route
def pid(environ, start_response):
    return reply(start_response, b'%d' % os.getpid())


@route
def generation(environ, start_response):
    return reply(start_response, GENERATION.encode())


@route
def about(environ, start_response):
    """Who serves this, and what the application is told about it."""
    return reply(start_response, {
        'pid': os.getpid(), 'uid': os.getuid(), 'gid': os.getgid(), 'thread': threading.current_thread().name,
        'multithread': environ['wsgi.multithread'], 'multiprocess': environ['wsgi.multiprocess'],
        'generation': GENERATION})


@route
def environ_(environ, start_response):
    return reply(start_response, {key: value for key, value in environ.items() if type(value) is str})


@route
def echo(environ, start_response):
    body = environ['wsgi.input'].read()
    return reply(start_response, body, headers=[('X-Type', environ.get('CONTENT_TYPE', ''))])


@route
def status(environ, start_response):
    """/status/404: that status, with a body."""
    code = argument(environ)
    return reply(start_response, b'status ' + code.encode(), code + ' Whatever')


@route
def headers(environ, start_response):
    return reply(start_response, b'hello', headers=[('X-Public', 'public'), ('X-Secret', 'secret'),
                                                    ('X-Length', '5')])


@route
def text(environ, start_response):
    """/text/1000: so many bytes that compress well, in chunks, without a length."""
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return (b'0123456789abcdef\n' * 60 for _ in range(int(argument(environ)) // 1020))


@route
def download(environ, start_response):
    """/download/NAME: a file through wsgi.file_wrapper."""
    file = open(argument(environ), 'rb')
    start_response('200 OK', [('Content-Type', 'application/octet-stream'),
                              ('Content-Length', str(os.fstat(file.fileno()).st_size))])
    return environ['wsgi.file_wrapper'](file)


@route
def hold(environ, start_response):
    """/hold/NAME: says so in NAME.held, and who it is in NAME.pid, and answers when NAME.release is there."""
    name = argument(environ)
    with open(name + '.pid', 'w') as file:
        file.write(str(os.getpid()))
    mark(name + '.held')
    wait_for_file(name + '.release')
    return reply(start_response, b'%d' % os.getpid())


@route
def steps(environ, start_response):
    """/steps/NAME: sends `first`, and `second` when NAME.release is there."""
    name = argument(environ)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    yield b'first'
    wait_for_file(name + '.release')
    yield b'second'


@route
def barrier(environ, start_response):
    """/barrier/N: answers when N requests are in here at the same time."""
    count = int(argument(environ))
    with BARRIERS_LOCK:
        meeting = BARRIERS.setdefault(count, threading.Barrier(count))
    before = getattr(LOCAL, 'requests', 0)
    LOCAL.requests = before + 1
    index = meeting.wait(60)
    return reply(start_response, {'thread': threading.current_thread().name, 'index': index, 'before': before,
                                  'ident': threading.get_ident()})


@route
def count(environ, start_response):
    """How many requests to this path this thread has served."""
    LOCAL.count = getattr(LOCAL, 'count', 0) + 1
    return reply(start_response, {'thread': threading.current_thread().name, 'count': LOCAL.count})


@route
def busy_hello(environ, start_response):
    """A few milliseconds of Python in which other threads want the interpreter, too."""
    total = 0
    for number in range(20000):
        total += number & 7
    return reply(start_response, b'%d' % total)


@route
def stuck(environ, start_response):
    """/stuck/HOW: never comes back."""
    return {'sleep': stuck_in_sleep, 'loop': stuck_in_loop, 'lock': stuck_on_lock}[argument(environ)]()


def stuck_in_sleep():
    time.sleep(86400)


def stuck_in_loop():
    number = 0
    while True:
        number = (number + 1) & 0xffff


def stuck_on_lock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


@route
def take(environ, start_response):
    """/take/15: another thread takes that signal when `signal` is there."""
    number = int(argument(environ))

    def take_it():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        wait_for_file('signal')
        signal.pthread_kill(threading.get_ident(), number)
    threading.Thread(target=take_it, daemon=True).start()
    return reply(start_response, b'%d' % os.getpid())


@route
def grow(environ, start_response):
    """Keeps 8 MB more with each request."""
    GROWN.append(os.urandom(1 << 20) * 8)
    return reply(start_response, b'%d' % os.getpid())


GROWN = []


@route
def raise_(environ, start_response):
    raise ValueError('boom')


@route
def raise_late(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    yield b'x' * 100000
    raise ValueError('late boom')


@route
def raise_short(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '200000')])
    yield b'x' * 100000
    raise ValueError('short boom')


@route
def stdin(environ, start_response):
    return reply(start_response, sys.stdin.readline().encode())


def application(environ, start_response):
    name = environ['PATH_INFO'].strip('/').partition('/')[0]
    if name not in ROUTES:
        return reply(start_response, b'no such route', '404 Not Found')
    return ROUTES[name](environ, start_response)
