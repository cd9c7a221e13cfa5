import json
import sys
from urllib.parse import parse_qs

from routes import Closing, application, note, reply, route

GOOD = [('X-Good', 'yes')]


@route
def given(environ, start_response):
    """Status and headers out of the query, a JSON text; latin-1 text stands for bytes where {"bytes": ...} says so."""
    def value(item):
        if isinstance(item, dict):
            return item['bytes'].encode('latin-1')
        if isinstance(item, list):
            return tuple(value(part) for part in item)
        return item
    query = parse_qs(environ['QUERY_STRING'])
    status = value(json.loads(query['status'][0]))
    headers = json.loads(query['headers'][0])
    start_response(status, [value(item) for item in headers] if isinstance(headers, list) else value(headers))
    return [b'body']


@route
def caught(environ, start_response):
    """The application sees the error of a bad header, and may answer something else."""
    try:
        start_response('200 OK', [('X-Bad', 'a\r\nb')])
    except Exception as error:
        note('X-Bad' in str(error))
        start_response('200 OK', GOOD, sys.exc_info())
    return [b'good']


@route
def twice(environ, start_response):
    start_response('200 OK', [('X-First', '1')])
    start_response('200 OK', GOOD)
    return [b'body']


@route
def twice_with_none(environ, start_response):
    start_response('200 OK', [('X-First', '1')])
    start_response('200 OK', GOOD, None)
    return [b'body']


@route
def late(environ, start_response):
    start_response('200 OK', GOOD)
    yield b'late'


@route
def returns_nothing(environ, start_response):
    start_response('200 OK', GOOD)


@route
def never(environ, start_response):
    kind = environ['PATH_INFO'].rpartition('/')[2]
    return {'empty': Closing([]), 'list': [b'body'], 'generator': Closing([b'', b'body']), 'bytes': b'body'}[kind]


def fail():
    try:
        raise ValueError('original')
    except ValueError:
        return sys.exc_info()


@route
def replaced(environ, start_response):
    """exc_info before anything was sent."""
    start_response('200 OK', [('X-First', '1'), ('Content-Length', '5')])
    start_response('503 Down', GOOD, fail())
    return [b'error page']


@route
def replaced_late(environ, start_response):
    """exc_info after empty chunks: they commit nothing."""
    start_response('200 OK', [('X-First', '1')])
    yield b''
    yield b''
    start_response('503 Down', GOOD, fail())
    yield b'error page'


@route
def first_with_exc_info(environ, start_response):
    start_response('500 First', GOOD, fail())
    return [b'error page']


@route
def too_late(environ, start_response):
    """exc_info after the head was sent: the exception comes back and ends the response."""
    start_response('200 OK', GOOD)
    yield b'sent'
    exc_info = fail()
    try:
        start_response('500 Late', [], exc_info)
        note('accepted')
    except ValueError as error:
        note(error is exc_info[1])
        raise
    finally:
        exc_info = None
    yield b'more'


@route
def after_write(environ, start_response):
    """A second start_response after write() has sent the head."""
    start_response('200 OK', GOOD)(b'sent')
    start_response('500 Late', [], fail())
    return []


@route
def write(environ, start_response):
    write = start_response('200 OK', [('Content-Length', '9')])
    write(b'one')
    write(b'')
    write(b'two')
    return [b'end']


@route
def write_only(environ, start_response):
    start_response('200 OK', [])(b'all')
    return []


@route
def write_nothing(environ, start_response):
    """An empty string is not a body: the head can still be replaced."""
    start_response('200 OK', [])(b'')
    start_response('503 Down', GOOD, fail())
    return [b'error page']


@route
def write_text(environ, start_response):
    write = start_response('200 OK', [('Content-Length', '2')])
    try:
        write('text')
    except TypeError:
        note('TypeError')
    return [b'ok']


@route
def write_late(environ, start_response):
    """write() sends at once: the head is out before the application returns."""
    start_response('200 OK', [])(b'sent')
    start_response('200 OK', [('X-Second', '1')])
    return []


@route
def many(environ, start_response):
    start_response('200 OK', [('Set-Cookie', 'a=1'), ('X-B', '2'), ('Set-Cookie', 'c=3'), ('x-Case', 'Kept')])
    return [b'']


@route
def big(environ, start_response):
    start_response('200 OK', [('X-%d' % number, 'v' * 1000) for number in range(50)])
    return [b'body']


@route
def latin1(environ, start_response):
    start_response('200 Tr\u00e8s bien', [('X-Latin', '\u00e9\u00ff\t!')])
    return [b'body']
