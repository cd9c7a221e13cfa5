# SPDX-License-Identifier: MIT
"""The parts of a chunked request body, as they come."""
from _uwsgi_pypy import ffi, lib

from ..input import ClientGone
from . import arguments
from .request import exchange

__all__ = ('chunked_read', 'chunked_read_nb')

TIMEOUT_MAX = (2 ** 31 - 1) // 1000


def _read(name, wait, seconds):
    """Returns bytes, or None if nothing is there now."""
    exchange(name)
    if not lib.upp_chunked_is():
        raise OSError('uwsgi.%s(): the body of the request is not chunked; read wsgi.input' % name)
    data = ffi.new('const char **')
    length = lib.upp_chunked_read(wait, seconds, data)
    if length > 0:
        return ffi.unpack(data[0], length)
    if not length:
        return b''
    if length == lib.UPP_CHUNKED_NOTHING:
        return None
    raise ClientGone('uwsgi.%s(): unable to receive chunked part: %s'
                     % (name, 'nothing came in time' if length == lib.UPP_TIMEOUT
                        else 'nothing came in time, the client is gone, or what it sends is not well formed'))


def chunked_read(timeout=0):
    """Returns the next part of the body (bytes), b'' at its end.

    timeout: seconds (int) to wait for it, -1: for ever, 0: as --chunked-input-timeout or --socket-timeout say.
    OSError: nothing came in time, the client is gone, or the body is not chunked.
    """
    return _read('chunked_read', 1, arguments.to_int(timeout, 'timeout', -1, TIMEOUT_MAX))


def chunked_read_nb(*ignored):
    """Returns the next part of the body (bytes), b'' at its end, None if nothing is there now. OSError."""
    return _read('chunked_read_nb', 0, 0)
