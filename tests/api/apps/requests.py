"""Requests answered by functions of the module `uwsgi`: each path does one thing."""

import json
import os

import uwsgi

OUTSIDE = {}


def outside(name, *arguments):
    """Calls a function of a request while there is none."""
    try:
        OUTSIDE[name] = repr(getattr(uwsgi, name)(*arguments))
    except Exception as error:
        OUTSIDE[name] = '%s: %s' % (type(error).__name__, error)


for call in (('chunked_read',), ('chunked_read_nb',), ('websocket_handshake',), ('websocket_recv',),
             ('websocket_recv_nb',), ('websocket_send', ''), ('websocket_send_binary', ''), ('sendfile', __file__),
             ('route', 'log', 'x'), ('add_var', 'A', 'b'), ('start_response', '200 OK', []), ('connection_fd',),
             ('send', 'x'), ('async_sleep', 1), ('suspend',), ('green_schedule',), ('wait_fd_read', 0),
             ('wait_fd_write', 0), ('ready_fd',)):
    outside(*call)
OUTSIDE['env'] = str(hasattr(uwsgi, 'env'))


def text(start_response, *lines):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return ['\n'.join(lines).encode()]


def attempt(function, *arguments):
    try:
        return repr(function(*arguments))
    except Exception as error:
        return '%s: %s' % (type(error).__name__, error)


def hello(environ, start_response):
    return text(start_response, 'hello')


def nowhere(environ, start_response):
    """What the functions said when the application was loaded."""
    return text(start_response, json.dumps(OUTSIDE))


# -- chunked bodies ------------------------------------------------------------------------------------------------

def chunks(environ, start_response):
    """All parts, and what comes after the last one."""
    parts = []
    while True:
        part = uwsgi.chunked_read()
        if not part:
            break
        parts.append(part.decode())
    return text(start_response, json.dumps([parts, uwsgi.chunked_read().decode(), attempt(uwsgi.chunked_read_nb)]))


def echo(environ, start_response):
    """Answers each part when it comes."""
    write = start_response('200 OK', [])
    while True:
        part = uwsgi.chunked_read(30)
        if not part:
            return []
        write(b'[' + part + b']')


def poll(environ, start_response):
    """As echo, without ever waiting; says each time that nothing was there after something was."""
    write = start_response('200 OK', [])
    quiet = False
    while True:
        part = uwsgi.chunked_read_nb()
        if part is None:
            if not quiet:
                write(b'(nothing)')
            quiet = True
            continue
        quiet = False
        if not part:
            return []
        write(b'[' + part + b']')


def patience(environ, start_response):
    return text(start_response, attempt(uwsgi.chunked_read, 1), attempt(uwsgi.chunked_read, -2),
                attempt(uwsgi.chunked_read, 'x'))


# -- answering -----------------------------------------------------------------------------------------------------

def start(environ, start_response):
    uwsgi.start_response('201 Created', [('X-By', 'uwsgi')])
    return [b'made']


def env(environ, start_response):
    return text(start_response, repr(uwsgi.env is environ), repr('env' in dir(uwsgi)))


def sendfile(environ, start_response):
    """?PATH [POS [SIZE]]: between two other parts of a body."""
    path, *region = environ['QUERY_STRING'].split(',')
    start_response('200 OK', [])(b'<')
    result = uwsgi.sendfile(path, 0, *map(int, region))
    return [b'>' + repr(result).encode()]


def whole_file(environ, start_response):
    """The whole body, of a declared length, from what the query says."""
    path = environ['QUERY_STRING']
    start_response('200 OK', [('Content-Length', str(os.path.getsize(path)))])
    if 'HTTP_X_OBJECT' in environ:
        with open(path, 'rb') as file:
            uwsgi.sendfile(file)
            file.read()   # it is still ours
    elif 'HTTP_X_NUMBER' in environ:
        descriptor = os.open(path, os.O_RDONLY)
        uwsgi.sendfile(descriptor)
        os.close(descriptor)
    else:
        uwsgi.sendfile(path.encode())
    return []


def declared(environ, start_response):
    """A file that is longer than what was declared."""
    start_response('200 OK', [('Content-Length', '10')])
    uwsgi.sendfile(environ['QUERY_STRING'])
    return []


def pipe(environ, start_response):
    start_response('200 OK', [])
    reading, writing = os.pipe()
    os.write(writing, b'through a pipe')
    os.close(writing)
    uwsgi.sendfile(reading)
    os.close(reading)
    return []


def sendfile_errors(environ, start_response):
    lines = [attempt(uwsgi.sendfile, *arguments) for arguments in (
        ('/does/not/exist',), (None,), (-1,), (__file__, 'x'), (__file__, 0, -1), (__file__, 0, 0, -1))]
    return text(start_response, *lines)


def offload(environ, start_response):
    return text(start_response, attempt(uwsgi.offload), attempt(uwsgi.offload, 'anything', 5))


def route(environ, start_response):
    return text(start_response, attempt(uwsgi.route, 'log', 'routed here'), attempt(uwsgi.route, b'log', b'and here'),
                attempt(uwsgi.route, 'nothing', ''), attempt(uwsgi.route, 5, ''), attempt(uwsgi.route, 'log', 'a\0'))


def routed(environ, start_response):
    """The action answers; what is returned is too late."""
    uwsgi.route('return', '403')
    return text(start_response, 'not for the client')


def variables(environ, start_response):
    lines = [attempt(uwsgi.add_var, *arguments) for arguments in (
        ('NAME', 'value'), (b'NAME2', b'value'), ('', ''), (1, ''), ('X', 'x' * 65536), ('X', 'x' * 65535))]
    uwsgi.route('log', 'added ${NAME} and ${NAME2}')
    return text(start_response, *lines)


def many_variables(environ, start_response):
    """Until there is no more room."""
    added = 0
    while attempt(uwsgi.add_var, 'N', 'v') == 'True':
        added += 1
    return text(start_response, 'full' if added else 'none')


# -- the connection ------------------------------------------------------------------------------------------------

def descriptor(environ, start_response):
    fd = uwsgi.connection_fd()
    return text(start_response, attempt(uwsgi.is_connected, fd), repr(os.readlink('/proc/self/fd/%d' % fd)),
                attempt(uwsgi.recv, fd))


def raw(environ, start_response):
    """Speaks a protocol of its own, and reads what the client says to it."""
    uwsgi.send('HTTP/1.1 299 Raw\r\n')
    uwsgi.send(uwsgi.connection_fd(), b'X-Raw: yes\r\n\r\n')
    data = b''
    while not data.endswith(b'.'):
        data += uwsgi.recv(uwsgi.connection_fd(), 3) or b''
    uwsgi.send(b'you said ' + data)
    return text(start_response, 'not for the client')


def send_body(environ, start_response):
    """Once the response has begun the bytes are of its body."""
    write = start_response('200 OK', [])
    write(b'a')
    return [uwsgi.send('b') and b'c']


def close(environ, start_response):
    """Ends the connection and works on; {QUERY}.done is there when it is through."""
    start_response('200 OK', [])(b'all of it')
    uwsgi.close(uwsgi.connection_fd())
    while not os.path.exists(environ['QUERY_STRING'] + '.release'):
        pass
    with open(environ['QUERY_STRING'] + '.done', 'w'):
        return []


def application(environ, start_response):
    return globals()[environ['PATH_INFO'].rpartition('/')[2]](environ, start_response)
