import os
from wsgiref.simple_server import demo_app

import uwsgi


def application(environ, start_response):
    if environ['PATH_INFO'] == '/demo':
        return demo_app({name: value for name, value in environ.items() if name.startswith(('HTTP_', 'PATH'))},
                        start_response)
    start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Who', os.environ['WHO'])])
    return [b'I am ', os.path.basename(os.getcwd()).encode(), b', ', str(uwsgi.numproc).encode()]


def make():
    return application
