# SPDX-License-Identifier: MIT
"""The environ of a request (PEP 3333, "environ Variables")."""
import os
import sys

from _uwsgi_pypy import ffi, lib

from . import config
from .files import FileWrapper

_unpack = ffi.unpack

SHAPES = lib.UPP_SHAPES
NAMES_MAX = lib.UPP_NAMES_MAX
UPP_HTTPS = lib.UPP_HTTPS
UPP_TERMINATED = lib.UPP_TERMINATED


def make_template():
    """Returns what every environ starts with; to be called in the process that serves."""
    template = {
        'REQUEST_METHOD': 'GET',
        'SCRIPT_NAME': '',
        'PATH_INFO': '',
        'QUERY_STRING': '',
        'SERVER_NAME': config.hostname,
        'SERVER_PORT': '80',
        'SERVER_PROTOCOL': 'HTTP/1.0',
        'wsgi.version': (1, 0),
        'wsgi.url_scheme': 'http',
        'wsgi.errors': sys.stderr,
        'wsgi.multithread': config.threads > 1,
        'wsgi.multiprocess': config.processes > 1,
        'wsgi.run_once': False,
        # bytes, as in the Python plugin and in the module uwsgi
        'uwsgi.version': config.version.encode(),
        'uwsgi.node': os.fsencode(config.hostname),
    }
    if config.file_wrapper:
        template['wsgi.file_wrapper'] = FileWrapper
    return template


def is_https(request):
    """The server's own HTTPS variable, or a scheme that a proxy named."""
    if request.flags & UPP_HTTPS:
        return True
    return request.scheme_length == 5 and _unpack(request.scheme, 5).lower() == b'https'


# names of variables by the number that C gives them; None until one is needed
_names = [None] * NAMES_MAX

# by core and shape: an environ of the last request, which is copied; None: there is none
_kept = []


def make_room(cores):
    """Makes room for what so many cores keep; before the first request of the process."""
    _kept[:] = [[None] * SHAPES for _ in range(cores)]


def forget():
    """The template has changed: what was made of it is not used again."""
    make_room(len(_kept))


def _learn(number):
    """Returns the name that has the number, and keeps it."""
    length = ffi.new('size_t *')
    text = lib.upp_name(number, length)
    name = _names[number] = _unpack(text, length[0]).decode('latin-1')
    return name


def _set(environ, request, index):
    """Puts in the variable with that index."""
    variable = request.variables[index]
    number = request.name_ids[index]
    if number < 0:
        name = _unpack(variable.name, variable.name_length).decode('latin-1')
    else:
        name = _names[number] or _learn(number)
    environ[name] = _unpack(variable.value, variable.value_length).decode('latin-1')


def _make(request, template):
    """Returns a new dict with all but the body, to be used once or kept for the shape."""
    environ = template.copy()
    for index in range(request.variable_count):
        _set(environ, request, index)
    if request.flags & UPP_TERMINATED:
        environ['wsgi.input_terminated'] = True
    environ['wsgi.input'] = None
    environ['uwsgi.core'] = request.core
    return environ


def _change(environ, request, count):
    """Puts in what has changed since the last request of the shape."""
    changed = request.changed
    for index in range(count):
        _set(environ, request, changed[index])


def _keep(request, template):
    """Returns the environ that is kept for the shape of the request, with the request's variables."""
    kept = _kept[request.core]
    environ = kept[request.shape]
    count = request.changed_count
    if environ is None or count < 0:
        environ = kept[request.shape] = _make(request, template)
    else:
        # whatever their number: a branch here is a copy of all that follows, application included, in compiled code
        _change(environ, request, count)
    return environ


def build(request, template, body):
    """Returns a new dict: CGI variables as native strings that hold latin-1, and the wsgi.* keys."""
    environ = _make(request, template) if request.shape < 0 else _keep(request, template).copy()
    request.has_environ = 1
    if (request.scheme_length or request.flags & UPP_HTTPS) and is_https(request):
        environ['wsgi.url_scheme'] = 'https'
    environ['wsgi.input'] = body
    return environ
