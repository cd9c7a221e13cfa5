"""One function for each path, and a page with what a browser loads for it."""

import json

PAGE = '''<!DOCTYPE html>
<html><head><title>site</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/style.css"><script src="/static/page.js" defer></script>
</head><body>
%s
<p id="styled"></p><p id="loaded"></p><p id="answers"></p>
</body></html>
''' % '\n'.join('<img src="/image/%d.svg" alt="">' % number for number in range(12))
IMAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="1"><rect width="1" height="1"/></svg>'


def reply(start_response, body, kind='text/plain'):
    start_response('200 OK', [('Content-Type', kind), ('Content-Length', str(len(body)))])
    return [body]


def get_hello(environ, start_response, rest):
    return reply(start_response, b'hello')


def get_page(environ, start_response, rest):
    return reply(start_response, PAGE.encode(), 'text/html')


def get_image(environ, start_response, rest):
    """Each has a width of its own, so that one that came in another's place is seen."""
    return reply(start_response, (IMAGE % (int(rest.partition('.')[0]) + 1)).encode(), 'image/svg+xml')


def get_port(environ, start_response, rest):
    """The client's: the same one means the same connection."""
    return reply(start_response, environ['REMOTE_PORT'].encode())


def get_echo(environ, start_response, rest):
    return reply(start_response, environ['wsgi.input'].read())


def get_about(environ, start_response, rest):
    return reply(start_response, json.dumps({name: value for name, value in environ.items()
                                             if isinstance(value, str)}).encode())


def get_parts(environ, start_response, rest):
    """So many parts without a length."""
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return (b'part %d\n' % number for number in range(int(rest)))


def get_long(environ, start_response, rest):
    return reply(start_response, b'x' * int(rest))


def get_status(environ, start_response, rest):
    """Without a body."""
    start_response(rest + ' Status', [('Content-Type', 'text/plain')])
    return []


def application(environ, start_response):
    name, _, rest = environ['PATH_INFO'].strip('/').partition('/')
    return globals()['get_' + name](environ, start_response, rest)
