"""Pyramid: imperative routes, renderers, a signed cookie session, FileResponse."""

import hashlib

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPBadRequest, HTTPFound
from pyramid.response import FileResponse, Response
from pyramid.session import SignedCookieSessionFactory


def page(request):
    links = ['<a href="%s">%d</a>' % (request.route_path('greet', name=number), number) for number in range(20)]
    return Response('<!doctype html>\n' + '\n'.join(links))


def greet(request):
    return 'Hello ' + request.matchdict['name']


def old(request):
    return HTTPFound(request.route_url('greet', name='you'))


def form(request):
    name, age = request.POST['name'], request.POST['age']
    if not age.isdigit():
        raise HTTPBadRequest('age is not a number')
    return '%s is %d' % (name, int(age))


def visits(request):
    request.session['count'] = request.session.get('count', 0) + 1
    return str(request.session['count'])


def upload(request):
    given = request.POST['file']
    digest, size = hashlib.sha256(), 0
    # WebOb leaves both to the garbage collector: the file, and the copy of the request's body
    with request.body_file_raw, given.file as file:
        for block in iter(lambda: file.read(1 << 16), b''):
            digest.update(block)
            size += len(block)
    return {'name': given.filename, 'size': size, 'hash': digest.hexdigest(), 'note': request.POST['note']}


def download(request):
    return Response(app_iter=(b'%07d\n' % number * 1250 for number in range(500)),
                    content_type='application/octet-stream')


def file(request):
    return FileResponse('blob.bin', request=request)


def fails(request):
    raise RuntimeError('broken on purpose')


def make_application():
    with Configurator() as config:
        config.set_session_factory(SignedCookieSessionFactory('only for tests'))
        for view, path, renderer in ((page, '/', None), (greet, '/greet/{name}', 'string'), (old, '/old', None),
                                     (form, '/form', 'string'), (visits, '/visits', 'string'),
                                     (upload, '/upload', 'json'), (download, '/download', None),
                                     (file, '/file', None), (fails, '/fails', None)):
            config.add_route(view.__name__, path)
            config.add_view(view, route_name=view.__name__, renderer=renderer)
        return config.make_wsgi_app()


application = make_application()
