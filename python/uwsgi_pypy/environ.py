# SPDX-License-Identifier: MIT
"""The environ of a request (PEP 3333, "environ Variables")."""
import os
import sys
import threading

from _uwsgi_pypy import ffi, lib

from . import config
from .files import FileWrapper

_unpack = ffi.unpack

SAME_VALUE = lib.UPP_SAME_VALUE
VALUE_NAMES = lib.UPP_VALUE_NAMES
VALUE_MAX = lib.UPP_VALUE_MAX


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
    if request.flags & lib.UPP_HTTPS:
        return True
    return request.scheme_length == 5 and _unpack(request.scheme, 5).lower() == b'https'


# names of variables by the number that C gives them
_names = []

_learning = threading.Lock()


def _learn(number):
    """Extends the list of names up to `number`. Returns the name."""
    length = ffi.new('size_t *')
    with _learning:
        while len(_names) <= number:
            text = lib.upp_name(len(_names), length)
            _names.append(_unpack(text, length[0]).decode('latin-1'))
    return _names[number]


# by core and number of the name: the last value, for C to say that it is the same again
_values = []


def make_room(cores):
    """Makes room for the values of so many cores; before the first request of the process."""
    _values[:] = [[None] * VALUE_NAMES for _ in range(cores)]


def _fill(environ, request):
    variables = request.variables
    ids = request.name_ids
    names = _names
    values = _values[request.core]
    for index in range(request.variable_count):
        number = ids[index]
        if number >= SAME_VALUE:
            number -= SAME_VALUE
            environ[names[number]] = values[number]
            continue
        variable = variables[index]
        length = variable.value_length
        value = _unpack(variable.value, length).decode('latin-1')
        if number < 0:
            name = _unpack(variable.name, variable.name_length).decode('latin-1')
        else:
            name = names[number] if number < len(names) else _learn(number)
            if number < VALUE_NAMES and length <= VALUE_MAX:
                values[number] = value
        environ[name] = value
    request.has_environ = 1


def build(request, template, body):
    """Returns a new dict: CGI variables as native strings that hold latin-1, and the wsgi.* keys."""
    environ = template.copy()
    _fill(environ, request)
    if request.flags & lib.UPP_TERMINATED:
        environ['wsgi.input_terminated'] = True
    if (request.scheme_length or request.flags & lib.UPP_HTTPS) and is_https(request):
        environ['wsgi.url_scheme'] = 'https'
    environ['wsgi.input'] = body
    environ['uwsgi.core'] = request.core
    return environ
