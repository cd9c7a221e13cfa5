# SPDX-License-Identifier: MIT
"""Lines and variables of the log."""
from _uwsgi_pypy import ffi, lib

from . import arguments

__all__ = ('get_logvar', 'log', 'log_this_request', 'logsize', 'set_logvar', 'set_warning_message')


def log(message):
    """Writes one line (str or bytes) to uWSGI's log. Returns True. NUL bytes are written as \\x00."""
    data = arguments.to_bytes(message, 'message').replace(b'\0', b'\\x00')
    lib.upp_log(data, len(data))
    return True


def logsize(*ignored):
    """Returns the bytes of the log file (int), as the master last saw it; 0 unless --log-maxsize looks at it."""
    return lib.upp_log_size()


def set_warning_message(message):
    """Sets the instance's warning message, at most 80 bytes. Returns True. ValueError: it is longer."""
    data = arguments.to_c_string(message, 'message', lib.UPP_LOG_WARNING_MAX)
    lib.upp_log_set_warning(data, len(data))
    return True


def log_this_request(*ignored):
    """Has the current request logged, also with --disable-logging. RuntimeError outside of a request."""
    arguments.check_request(lib.upp_log_this_request(), 'log_this_request')


def set_logvar(name, value):
    """Sets %(name) of --log-format for the current request. At most 255 bytes each: ValueError."""
    name = arguments.to_bytes(name, 'name', lib.UPP_LOG_VARIABLE_MAX)
    value = arguments.to_bytes(value, 'value', lib.UPP_LOG_VARIABLE_MAX)
    arguments.check_request(lib.upp_log_set_variable(name, len(name), value, len(value)), 'set_logvar')


def get_logvar(name):
    """Returns the value (bytes) of a log variable of the current request, None if it is not set."""
    name = arguments.to_bytes(name, 'name', lib.UPP_LOG_VARIABLE_MAX)
    value = ffi.new('char **')
    length = ffi.new('size_t *')
    if not arguments.check_request(lib.upp_log_variable(name, len(name), value, length), 'get_logvar'):
        return None
    return ffi.unpack(value[0], length[0])
