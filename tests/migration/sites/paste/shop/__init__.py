import logging
import os

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import FileResponse, Response

log = logging.getLogger(__name__)


def index(request):
    log.info('index for %s', request.method)
    settings = request.registry.settings
    return Response('%s, %s, %s' % (settings['greeting'], os.path.basename(settings['title']) != '',
                                    request.locale_name))


def data(request):
    return {'matched': request.matchdict, 'params': sorted(request.params.items()), 'body': request.text}


def main(global_config, **settings):
    with Configurator(settings={**global_config, **settings}) as config:
        config.add_route('index', '/')
        config.add_view(index, route_name='index')
        config.add_route('data', '/data/{name}')
        config.add_view(data, route_name='data', renderer='json')
        config.add_route('go', '/go')
        config.add_view(lambda request: HTTPFound('/data/there'), route_name='go')
        config.add_route('file', '/file')
        config.add_view(lambda request: FileResponse('blob.bin', request), route_name='file')
        return config.make_wsgi_app()


def stamp(global_config, name):
    def wrap(application):
        def stamped(environ, start_response):
            def start(status, headers, exc_info=None):
                return start_response(status, headers + [('X-Stamp', name)], exc_info)
            return application(environ, start)
        return stamped
    return wrap
