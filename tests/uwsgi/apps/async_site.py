"""One function for each path. A request that waits for NAME goes on when another one asks for /release/NAME."""

import contextvars
import gc
import json
import os
import socket
import sys
import threading

import uwsgi
from uwsgi_pypy import config

ROUTES = {}
PAIRS = {}      # NAME -> (what the waiting request reads from, what the releasing one writes to)
MET = []        # the requests of the current /meet
NOTES = []
NUMBER = contextvars.ContextVar('number')


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


def pair(name):
    if name not in PAIRS:
        PAIRS[name] = socket.socketpair()
    return PAIRS[name]


def wait_for(name):
    """Waits until somebody asks for /release/NAME. With greenlets only."""
    reader = pair(name)[0]
    NOTES.append('waits for ' + name)
    uwsgi.wait_fd_read(reader.fileno())
    uwsgi.suspend()
    assert uwsgi.ready_fd() == reader.fileno()
    forget(name)


def forget(name):
    for end in PAIRS.pop(name):
        end.close()


@route
def hello(environ, start_response):
    return reply(start_response, b'hello')


@route
def pid(environ, start_response):
    return reply(start_response, b'%d' % os.getpid())


@route
def notes(environ, start_response):
    """What has happened since the last time."""
    found = NOTES[:]
    del NOTES[:]
    return reply(start_response, found)


@route
def release(environ, start_response):
    for name in argument(environ).split('/'):
        pair(name)[1].send(b'x')
    return reply(start_response, b'')


@route
def forget_(environ, start_response):
    forget(argument(environ))
    return reply(start_response, b'')


@route
def hold(environ, start_response):
    wait_for(argument(environ))
    return reply(start_response, argument(environ).encode())


@route
def meet(environ, start_response):
    """Answers when so many requests are in here: /meet/COUNT."""
    MET.append(environ['QUERY_STRING'])
    met = MET
    while len(met) < int(argument(environ)):
        uwsgi.async_sleep(1)
        uwsgi.suspend()
    if met is MET:
        globals()['MET'] = []
    return reply(start_response, environ['QUERY_STRING'].encode())


@route
def self_(environ, start_response):
    """What a request knows of itself, before and after others ran: /self/COUNT?NUMBER."""
    number = environ['QUERY_STRING']
    assert NUMBER.get(None) is None
    NUMBER.set(number)

    def state():
        from greenlet import getcurrent
        return [NUMBER.get(), environ['QUERY_STRING'], environ['uwsgi.core'], uwsgi.connection_fd(), id(getcurrent()),
                str(sys.exc_info()[1])]
    uwsgi.set_logvar('number', number)
    try:
        raise KeyError(number)
    except KeyError:
        before = state()
        MET.append(number)
        met = MET
        while len(met) < int(argument(environ)):
            uwsgi.suspend()
        if met is MET:
            globals()['MET'] = []
        after = state()
    uwsgi.set_logvar('again', uwsgi.get_logvar('number'))
    return reply(start_response, [before, after])


@route
def raise_(environ, start_response):
    wait_for(argument(environ))
    raise ValueError('boom ' + argument(environ))


@route
def break_(environ, start_response):
    """Raises in the middle of the response."""
    start_response('200 OK', [])
    yield b'begin'
    wait_for(argument(environ))
    raise ValueError('broken ' + argument(environ))


@route
def stream(environ, start_response):
    start_response('200 OK', [])
    try:
        for number in range(3):
            yield b'%d,' % number
            wait_for('%s-%d' % (argument(environ), number))
        yield b'end'
    finally:
        NOTES.append('closed ' + argument(environ))


@route
def write(environ, start_response):
    send = start_response('200 OK', [])
    send(b'begin,')
    wait_for(argument(environ))
    send(b'end')
    return []


@route
def body(environ, start_response):
    """The lengths of the body's parts as they came: /body/SIZE."""
    found = []
    while True:
        data = environ['wsgi.input'].read(int(argument(environ)))
        if not data:
            return reply(start_response, found)
        found.append(len(data))
        NOTES.append('read %d' % len(data))


@route
def large(environ, start_response):
    return reply(start_response, b'x' * int(argument(environ)))


@route
def chunks(environ, start_response):
    start_response('200 OK', [])
    for _ in range(int(argument(environ))):
        yield b'x' * 65536


@route
def file(environ, start_response):
    start_response('200 OK', [])
    return environ['wsgi.file_wrapper'](open('app.py', 'rb'))


@route
def both_ready(environ, start_response):
    """Two descriptors that are ready at the same time: one is told, both stay open, and the other one is next."""
    first, second = socket.socketpair(), socket.socketpair()
    found = []
    for reader, writer in (first, second):
        writer.send(b'x')
    waiting = [first[0], second[0]]
    while waiting:
        for reader in waiting:
            uwsgi.wait_fd_read(reader.fileno(), 60)
        uwsgi.suspend()
        ready = [reader for reader in waiting if reader.fileno() == uwsgi.ready_fd()]
        found.append([ready[0] in first, environ['x-wsgiorg.fdevent.timeout'],
                      environ['uwsgi.ready_fd'] == uwsgi.ready_fd()])
        waiting.remove(ready[0])
    uwsgi.wait_fd_read(first[1].fileno())
    uwsgi.wait_fd_write(first[1].fileno())
    uwsgi.suspend()
    found.append(uwsgi.ready_fd() == first[1].fileno())
    for end in first + second:
        os.fstat(end.fileno())
        end.close()
    return reply(start_response, sorted(found[:2]) + found[2:])


@route
def timeout(environ, start_response):
    """Nothing comes: the time passes."""
    reader, writer = socket.socketpair()
    with reader, writer:
        uwsgi.wait_fd_read(reader.fileno(), 1)
        uwsgi.suspend()
        found = [uwsgi.ready_fd(), environ['x-wsgiorg.fdevent.timeout']]
        uwsgi.wait_fd_write(writer.fileno(), 60)
        uwsgi.suspend()
        found += [uwsgi.ready_fd() == writer.fileno(), environ['x-wsgiorg.fdevent.timeout']]
        uwsgi.suspend()
        found += [uwsgi.ready_fd()]
    return reply(start_response, found)


@route
def cannot(environ, start_response):
    """Descriptors that nobody can wait for."""
    found = []
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    with open('app.py') as regular:
        for descriptor in (regular.fileno(), reader, 2 ** 31 - 1):
            try:
                uwsgi.wait_fd_read(descriptor, 1)
            except OSError as error:
                found.append(str(error).replace(str(descriptor), 'N'))
    uwsgi.suspend()
    return reply(start_response, found)


@route
def share(environ, start_response):
    """Several requests wait for one descriptor; each reads one byte of it."""
    reader = pair(argument(environ))[0]
    uwsgi.wait_fd_read(reader.fileno())
    NOTES.append('shares')
    uwsgi.suspend()
    return reply(start_response, reader.recv(1))


@route
def connect(environ, start_response):
    """A whole exchange with another server, this one."""
    fd = uwsgi.async_connect(argument(environ))
    uwsgi.wait_fd_write(fd, 60)
    uwsgi.suspend()
    assert uwsgi.is_connected(fd)
    uwsgi.send(fd, b'GET /hello HTTP/1.0\r\n\r\n')
    data = b''
    while True:
        uwsgi.wait_fd_read(fd, 60)
        uwsgi.suspend()
        part = uwsgi.recv(fd)
        if not part:
            break
        data += part
    uwsgi.close(fd)
    return reply(start_response, data.partition(b'\r\n\r\n')[2])


@route
def own_greenlets(environ, start_response):
    """Greenlets of the application's own, one of which waits as the request."""
    from greenlet import getcurrent, greenlet
    found = []
    outer = getcurrent()

    def inner(value):
        found.append(value)
        wait_for(argument(environ))
        found.append(outer.switch('from inner'))
        wait_for(argument(environ))
        return 'over'
    child = greenlet(inner)
    found.append(child.switch('first'))
    wait_for(argument(environ))
    found.append(child.switch('second'))
    assert getcurrent() is outer and child.dead
    return reply(start_response, found)


@route
def to_main(environ, start_response):
    """What an application may do that knows the main greenlet: like suspend()."""
    from greenlet import getcurrent
    getcurrent().parent.switch()
    return reply(start_response, b'back')


@route
def elsewhere(environ, start_response):
    """Other threads, and handlers of signals, are not in a request."""
    found = []

    def look(number=None):
        for function in (uwsgi.suspend, uwsgi.connection_fd):
            try:
                function()
            except RuntimeError as error:
                found.append(str(error))
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    uwsgi.register_signal(7, '', look)
    uwsgi.signal(7)
    while len(found) < 4:
        uwsgi.suspend()
    return reply(start_response, found)


@route
def websocket(environ, start_response):
    """Sends back what comes, and what /release/NAME says."""
    name = argument(environ)
    uwsgi.websocket_handshake()
    descriptors = [uwsgi.connection_fd(), pair(name)[0].fileno()]
    while True:
        for descriptor in descriptors:
            uwsgi.wait_fd_read(descriptor, 3)
        uwsgi.suspend()
        if uwsgi.ready_fd() == descriptors[1]:
            pair(name)[0].recv(1)
            uwsgi.websocket_send('released')
        message = uwsgi.websocket_recv_nb()
        if message == b'end':
            forget(name)
            return []
        if message:
            uwsgi.websocket_send(message)


@route
def deep(environ, start_response):
    """Waits far down the stack."""
    def descend(depth):
        if not depth:
            wait_for('deep')
            return 0
        return descend(depth - 1) + 1
    return reply(start_response, descend(int(argument(environ))))


@route
def large_body(environ, start_response):
    """As /large, in one chunk of a generator, after a sleep that is over."""
    uwsgi.async_sleep(1)
    uwsgi.suspend()
    return reply(start_response, b'x' * int(argument(environ)))


@route
def count(environ, start_response):
    """What is alive of greenlets and exchanges."""
    gc.collect()
    gc.collect()
    kinds = [type(thing).__name__ for thing in gc.get_objects()]
    return reply(start_response, {kind: kinds.count(kind) for kind in ('greenlet', 'Exchange', 'Input')})


@route
def until(environ, start_response):
    """Waits until there is a file of that name; nobody can ask a worker that leaves."""
    NOTES.append('until ' + argument(environ))
    while not os.path.exists(argument(environ)):
        uwsgi.async_sleep(1)
        uwsgi.suspend()
    return reply(start_response, b'%d' % os.getpid())


@route
def reads_while_stuck(environ, start_response):
    """Waits for somebody who never comes."""
    NOTES.append('stuck')
    wait_for('nobody')


# -- the protocol of --async alone --------------------------------------------------------------------------------------

@route
def g_meet(environ, start_response):
    start_response('200 OK', [])
    MET.append(environ['QUERY_STRING'])
    met = MET
    while len(met) < int(argument(environ)):
        yield b''
    if met is MET:
        globals()['MET'] = []
    yield environ['QUERY_STRING'].encode()


@route
def g_hold(environ, start_response):
    start_response('200 OK', [])
    reader = pair(argument(environ))[0]
    yield b'begin,'
    NOTES.append('waits for ' + argument(environ))
    try:
        yield environ['x-wsgiorg.fdevent.readable'](reader.fileno(), 60)
        assert environ['x-wsgiorg.fdevent.timeout'] is None
        assert environ['uwsgi.ready_fd'] == uwsgi.ready_fd() == reader.fileno()
        yield b'end'
    finally:
        NOTES.append('closed ' + argument(environ))
        forget(argument(environ))


@route
def g_timeout(environ, start_response):
    start_response('200 OK', [])
    reader, writer = socket.socketpair()
    with reader, writer:
        yield uwsgi.wait_fd_read(reader.fileno(), 1)
        found = [environ['x-wsgiorg.fdevent.timeout'], environ['uwsgi.ready_fd']]
        yield environ['x-wsgiorg.fdevent.writable'](writer.fileno(), 60)
        found += [environ['x-wsgiorg.fdevent.timeout'], environ['uwsgi.ready_fd'] == writer.fileno()]
        yield uwsgi.async_sleep(1)
        found += [environ['x-wsgiorg.fdevent.timeout'], environ['uwsgi.ready_fd']]
        yield json.dumps(found).encode()


@route
def g_raise(environ, start_response):
    """Raises after so many chunks: /g_raise/COUNT."""
    start_response('200 OK', [])
    yield uwsgi.async_sleep(1)
    for _ in range(int(argument(environ))):
        yield b'chunk'
    raise ValueError('boom ' + argument(environ))


@route
def g_close(environ, start_response):
    """An iterable whose close() is noted; HEAD ends it early."""
    class Chunks:
        left = 3

        def __iter__(self):
            return self

        def __next__(self):
            self.left -= 1
            if self.left < 0:
                raise StopIteration
            return b'chunk'

        def close(self):
            NOTES.append('closed with %d left' % self.left)
    start_response('200 OK', [])
    return Chunks()


@route
def g_wrong(environ, start_response):
    start_response('200 OK', [])
    yield b''
    yield 'text'


@route
def g_until(environ, start_response):
    start_response('200 OK', [])
    NOTES.append('until ' + argument(environ))
    while not os.path.exists(argument(environ)):
        yield uwsgi.async_sleep(1)
    yield b'%d' % os.getpid()


@route
def settings(environ, start_response):
    return reply(start_response, {
        'greenlets': config.greenlets, 'multithread': environ['wsgi.multithread'],
        'keys': sorted(key for key in environ if key.startswith('x-wsgiorg')),
        'timeout': environ.get('x-wsgiorg.fdevent.timeout', 'none')})


@route
def suspends(environ, start_response):
    return reply(start_response, [uwsgi.suspend(), uwsgi.suspend()])


def application(environ, start_response):
    name = environ['PATH_INFO'].strip('/').partition('/')[0]
    if name not in ROUTES:
        return reply(start_response, b'not found', '404 Not Found')
    return ROUTES[name](environ, start_response)
