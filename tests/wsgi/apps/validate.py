"""Correct applications of every kind, each inside wsgiref.validate, which complains of the server."""

import gc
import io
import os
import sys
from wsgiref.validate import validator

import routes
from routes import reply, route

GOOD = [('Content-Type', 'text/plain')]


@route
def body(environ, start_response):
    kind = environ['PATH_INFO'].rpartition('/')[2]
    start_response('200 OK', GOOD)
    return {'list': [b'one', b'two'], 'one': [b'onetwo'], 'empty': [],
            'generator': (part for part in (b'one', b'', b'two')),
            'tuple': (b'one', b'two')}[kind]


@route
def declared(environ, start_response):
    start_response('200 OK', GOOD + [('Content-Length', '6')])
    return [b'one', b'two']


@route
def written(environ, start_response):
    write = start_response('200 OK', GOOD)
    write(b'one')
    return [b'two']


@route
def replaced(environ, start_response):
    start_response('200 OK', GOOD)
    try:
        raise ValueError('handled')
    except ValueError:
        start_response('500 Oops', GOOD, sys.exc_info())
    return [b'error page']


@route
def nobody(environ, start_response):
    start_response(environ['PATH_INFO'].rpartition('/')[2] + ' Nobody', [])
    return []


@route
def head(environ, start_response):
    start_response('200 OK', GOOD)
    return [] if environ['REQUEST_METHOD'] == 'HEAD' else [b'onetwo']


@route
def input_(environ, start_response):
    """The validator wants exactly one argument for read, none or one for the others."""
    stream = environ['wsgi.input']
    parts = [stream.read(3), stream.readline(), *stream.readlines(1), *stream, stream.read(1)]
    return reply(start_response, b'|'.join(parts))


@route
def errors(environ, start_response):
    environ['wsgi.errors'].write('validate: written\n')
    environ['wsgi.errors'].writelines(['validate: lines\n'])
    environ['wsgi.errors'].flush()
    return reply(start_response, b'')


@route
def file_(environ, start_response):
    start_response('200 OK', GOOD)
    with open('data.bin', 'wb') as file:
        file.write(b'onetwo')
    kind = environ['PATH_INFO'].rpartition('/')[2]
    return environ['wsgi.file_wrapper'](open('data.bin', 'rb') if kind == 'real' else io.BytesIO(b'onetwo'))


@route
def collect(environ, start_response):
    """Now the validator says which iterators were never closed."""
    for _ in range(3):
        gc.collect()
    return reply(start_response, b'%d' % os.getpid())


checked = validator(routes.application)


def application(environ, start_response):
    """The harness's own requests may do as they like."""
    if environ['PATH_INFO'] in ('/notes', '/reset', '/collect'):
        return routes.application(environ, start_response)
    return checked(environ, start_response)
