from routes import application, note, reply, route


@route
def chunks(environ, start_response):
    """Sends the query's parts, /chunks?LENGTH&part&part: LENGTH is Content-Length, empty for none."""
    length, *parts = environ['QUERY_STRING'].split('&')
    start_response('200 OK', [('Content-Length', length)] if length else [])
    return (part.encode() for part in parts)


@route
def as_list(environ, start_response):
    length, *parts = environ['QUERY_STRING'].split('&')
    start_response('200 OK', [('Content-Length', length)] if length else [])
    return [part.encode() for part in parts]


@route
def written(environ, start_response):
    length, *parts = environ['QUERY_STRING'].split('&')
    write = start_response('200 OK', [('Content-Length', length)] if length else [])
    for part in parts:
        write(part.encode())
    return []


@route
def huge(environ, start_response):
    """A declared megabyte out of two, in one chunk."""
    start_response('200 OK', [('Content-Length', str(1 << 20))])
    return [b'a' * (1 << 20) + b'b' * (1 << 20)]


@route
def status(environ, start_response):
    """/status/CODE?KIND: a response that has no body, from an application that gives one."""
    code = environ['PATH_INFO'].rpartition('/')[2]
    kind = environ['QUERY_STRING']
    start_response(code + ' Given', [('X-Good', 'yes')] + ([('Content-Length', '4')] if kind == 'length' else []))
    if kind == 'file':
        return environ['wsgi.file_wrapper'](open(__file__, 'rb'))
    return {'list': [b'body'], 'chunks': iter([b'bo', b'dy']), 'length': [b'body'], 'bytes': b'body', 'empty': []}[kind]


@route
def written_status(environ, start_response):
    code = environ['PATH_INFO'].rpartition('/')[2]
    start_response(code + ' Given', [('X-Good', 'yes')])(b'body')
    return [b'more']


@route
def lengths(environ, start_response):
    """Content-Length as often as the query has it."""
    from urllib.parse import unquote
    start_response('200 OK', [('Content-Length', unquote(value, 'latin-1'))
                              for value in environ['QUERY_STRING'].split('&')])
    return [b'hello']


@route
def read(environ, start_response):
    """Reads the body, /read, or leaves it, /read/not."""
    if not environ['PATH_INFO'].endswith('/not'):
        return reply(start_response, b'read ' + environ['wsgi.input'].read())
    return reply(start_response, b'left')


@route
def file_(environ, start_response):
    with open('sent.txt', 'wb') as file:
        file.write(b'of a file')
    start_response('200 OK', [('Content-Length', '9')])
    return environ['wsgi.file_wrapper'](open('sent.txt', 'rb'))


@route
def fails(environ, start_response):
    raise ValueError('boom')
