"""Bottle: routes, SimpleTemplate, signed cookies, static_file."""

import hashlib

import bottle
from bottle import HTTPError, default_app, get, post, redirect, request, response, static_file, template

SECRET = 'only for tests'

bottle.debug(False)

PAGE = '''<!doctype html>
<title>{{title}}</title>
% for number in range(20):
<a href="/greet/{{number}}">{{number}}</a>
% end
'''


@get('/')
def page():
    return template(PAGE, title='Links & more')


@get('/greet/<name>')
def greet(name):
    response.content_type = 'text/plain; charset=UTF-8'
    return 'Hello ' + name


@get('/old')
def old():
    redirect('/greet/you')


@post('/form')
def form():
    name, age = request.forms.getunicode('name'), request.forms.getunicode('age')
    if not age.isdigit():
        raise HTTPError(400, 'age is not a number')
    return '%s is %d' % (name, int(age))


@get('/visits')
def visits():
    count = (request.get_cookie('count', secret=SECRET) or 0) + 1
    response.set_cookie('count', count, secret=SECRET, httponly=True)
    return str(count)


@post('/upload')
def upload():
    given = request.files['file']
    digest, size = hashlib.sha256(), 0
    # Bottle leaves both to the garbage collector: the file, and the request's body that it kept in another one
    with request.body, given.file as file:
        for block in iter(lambda: file.read(1 << 16), b''):
            digest.update(block)
            size += len(block)
    # Bottle has decoded the fields of a multipart form already, unlike those of a urlencoded one
    return {'name': given.filename, 'size': size, 'hash': digest.hexdigest(), 'note': request.forms['note']}


@get('/download')
def download():
    response.content_type = 'application/octet-stream'
    for number in range(500):
        yield b'%07d\n' % number * 1250


@get('/file')
def file():
    return static_file('blob.bin', root='.')


@get('/fails')
def fails():
    raise RuntimeError('broken on purpose')


application = default_app()
