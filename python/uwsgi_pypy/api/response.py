# SPDX-License-Identifier: MIT
"""Answering the current request by other means than its return value."""
import os
import stat

from _uwsgi_pypy import lib

from .. import log
from . import arguments
from .request import exchange

__all__ = ('add_var', 'offload', 'route', 'sendfile')

# Bytes of one read of what sendfile() cannot hand to the system.
CHUNK = 65536

INT_MAX = 2 ** 31 - 1
SIZE_MAX = 2 ** 63 - 1


def add_var(name, value):
    """Adds a request variable (str or bytes) for uWSGI's own use. Returns True. ValueError: there is no room."""
    exchange('add_var')
    name = arguments.to_bytes(name, 'variable name', arguments.FIELD_MAX)
    value = arguments.to_bytes(value, 'variable value', arguments.FIELD_MAX)
    if lib.upp_response_add_variable(name, len(name), value, len(value)) != lib.UPP_OK:
        raise ValueError('no room for the variable %s: raise --buffer-size or --max-vars' % ascii(name)[2:-1])
    return True


def route(router, args):
    """Runs an action of uWSGI's routing (both str or bytes). Returns its result (int), -1 for an unknown one."""
    current = exchange('route')
    router = arguments.to_c_string(router, 'router')
    args = arguments.to_c_string(args, 'router arguments')
    begun = lib.upp_response_has_begun()
    result = lib.upp_response_route(router, args)
    if not begun and lib.upp_response_has_begun():
        current.hand_over()
    return result


def offload(*args):
    """Does nothing, as in uWSGI's own Python plugin. Returns b''."""
    return b''


def _open(what):
    """Returns (descriptor, whether to close it), or None after logging that it cannot be opened."""
    if isinstance(what, (str, bytes)):
        try:
            return os.open(what, os.O_RDONLY | os.O_CLOEXEC), True
        except OSError as error:
            log.info('uwsgi.sendfile(): %s' % error)
            return None
    if not isinstance(what, int):
        if not hasattr(what, 'fileno'):
            raise TypeError('file must be a path (str or bytes), a descriptor, or have a fileno(), not %s'
                            % type(what).__name__)
        what = what.fileno()
    return arguments.to_int(what, 'descriptor', 0, INT_MAX), False


def _send_plain(current, descriptor, position, size):
    """Reads and writes: a pipe, a file of /proc, or something in uWSGI changes the body on its way."""
    left = size or SIZE_MAX
    if position:
        os.lseek(descriptor, position, os.SEEK_SET)
    if not current.head_sent:
        current.send_head(b'', False)
    while left and not current.bodyless:
        data = os.read(descriptor, min(left, CHUNK))
        if not data:
            return
        left -= len(data)
        current.write(data)


def _send(current, descriptor, position, size):
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or not status.st_size or not current.request.flags & lib.UPP_UNCHANGED:
        _send_plain(current, descriptor, position, size)
        return
    length = max(status.st_size - position, 0)
    current.send_region(descriptor, position, min(size, length) if size else length)


def sendfile(what, chunk=0, pos=0, filesize=0):
    """Sends a file as the next part of the response's body.

    what: a path (str or bytes), a descriptor (int), or an object with a fileno(); chunk is ignored;
    pos: first byte (int); filesize: bytes (int), 0 for all from there on.
    Returns True, None if the path cannot be opened. OSError: the client is gone, or the file cannot be read.
    """
    current = exchange('sendfile')
    arguments.to_int(chunk, 'chunk', 0, SIZE_MAX)
    position = arguments.to_int(pos, 'pos', 0, SIZE_MAX)
    size = arguments.to_int(filesize, 'filesize', 0, SIZE_MAX)
    opened = _open(what)
    if opened is None:
        return None
    descriptor, is_ours = opened
    try:
        _send(current, descriptor, position, size)
    finally:
        if is_ours:
            os.close(descriptor)
    return True
