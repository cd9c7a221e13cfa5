import hashlib
import json

from routes import application, note, reply, route


@route
def calls(environ, start_response):
    """Calls what the header X-Calls says, [[name, argument ...], ...], and tells the results."""
    stream = environ['wsgi.input']
    results = []
    for name, *arguments in json.loads(environ['HTTP_X_CALLS']):
        if name == 'iterate':
            result = list(stream)
        elif name == 'next':
            result = next(stream, 'stop')
        else:
            result = getattr(stream, name)(*arguments)
        results.append(result)
    return reply(start_response, json.dumps(results, default=text).encode())


def text(value):
    """JSON has no bytes."""
    assert type(value) is bytes, type(value)
    return value.decode('latin-1')


@route
def digest(environ, start_response):
    """Reads the whole body in the way that the path names."""
    stream = environ['wsgi.input']
    way = environ['PATH_INFO'].rpartition('/')[2]
    parts = {
        'read': lambda: [stream.read()],
        'blocks': lambda: iter(lambda: stream.read(65536), b''),
        'odd_blocks': lambda: iter(lambda: stream.read(4097), b''),
        'lines': lambda: iter(stream.readline, b''),
        'short_lines': lambda: iter(lambda: stream.readline(1000), b''),
        'readlines': lambda: stream.readlines(),
        'iterate': lambda: stream,
    }[way]()
    digest, size = hashlib.sha256(), 0
    for part in parts:
        digest.update(part)
        size += len(part)
    return reply(start_response, ('%d %s' % (size, digest.hexdigest())).encode())


@route
def broken(environ, start_response):
    """The client goes away in the middle of its body."""
    stream = environ['wsgi.input']
    way = environ['PATH_INFO'].rpartition('/')[2]
    note('reading')
    try:
        {'read': stream.read, 'read_n': lambda: stream.read(500000), 'readline': stream.readline,
         'readlines': stream.readlines, 'iterate': lambda: list(stream)}[way]()
        note('no error')
    except OSError:
        note('OSError')
    return reply(start_response, b'after')


@route
def unhandled(environ, start_response):
    note('reading')
    environ['wsgi.input'].read()
    return reply(start_response, b'never')


@route
def left(environ, start_response):
    return reply(start_response, b'left')


@route
def later(environ, start_response):
    """Reads while it sends: the input is there as long as the iteration."""
    start_response('200 OK', [])
    yield b'read: '
    yield environ['wsgi.input'].read()
