import json
import os

from routes import application, reply, route

KINDS = (str, bytes, int, bool, float, tuple, list, dict)


def describe(value):
    """[type, value]: only the exact builtin types have a value."""
    if type(value) not in KINDS:
        return [type(value).__name__, None]
    return [type(value).__name__, repr(value) if type(value) is bytes else value]


@route
def dump(environ, start_response):
    data = {'dict': type(environ) is dict, 'keys': {type(key).__name__ for key in environ} == {'str'},
            'node': os.uname().nodename, 'environ': {key: describe(value) for key, value in environ.items()}}
    return reply(start_response, json.dumps(data).encode('ascii'))


@route
def spoil(environ, start_response):
    """Leaves nothing in environ as it was."""
    environ['test.left'] = 'behind'
    environ['SERVER_NAME'] = 'spoilt'
    del environ['wsgi.url_scheme']
    return reply(start_response, b'')


@route
def errors(environ, start_response):
    stream = environ['wsgi.errors']
    stream.write('errors: first\n')
    stream.writelines(['errors: second\n', 'errors: third '])
    stream.write('and its end\n')
    stream.write('errors: \u20ac \u00e9 \udc80\n')
    print('errors: printed', file=stream)
    stream.flush()
    return reply(start_response, b'')
