# SPDX-License-Identifier: MIT
"""Exchanges that do something else than wsgi.Exchange, for those who ask for it.

The class is put together once, at the start, so that nobody else pays for a
look at an option.
"""
from . import async_exchanges, config, wsgi
from .files import FileWrapper


class HeadAtOnce(wsgi.Exchange):
    """--start_response-nodelay: the head goes out before the application has made any of the body."""

    __slots__ = ()

    def start_response(self, status, response_headers, exc_info=None):
        write = super().start_response(status, response_headers, exc_info)
        if not self.head_sent:
            self.send_head(b'', False)
        return write


class Strict(wsgi.Exchange):
    """--wsgi-strict: a response is an iterable of bytes, and so bytes alone are none."""

    __slots__ = ()

    def respond(self, result):
        if isinstance(result, bytes):
            raise TypeError('the application returned bytes instead of an iterable of bytes (PEP 3333, --wsgi-strict)')
        super().respond(result)


def as_bytes(item):
    """Returns the bytes of a buffer; what is none stays as it is."""
    if type(item) is bytes:
        return item
    try:
        return memoryview(item).tobytes()
    except TypeError:
        return item


class AnyBuffer(wsgi.Exchange):
    """--wsgi-accept-buffer: bytearray, memoryview, array and the like are as good as bytes."""

    __slots__ = ()

    def write(self, data):
        super().write(as_bytes(data))

    def respond(self, result):
        kind = type(result)
        if kind is list or kind is tuple:
            result = [as_bytes(item) for item in result]
        elif kind is not FileWrapper and result is not None:
            result = as_bytes(result)
            if type(result) is not bytes:
                result = map(as_bytes, result)
        super().respond(result)


def choose():
    """Makes wsgi.serve() use what the options ask for."""
    parts = [part for part, wanted in ((HeadAtOnce, config.head_at_once), (AnyBuffer, config.accept_buffers),
                                       (Strict, config.strict)) if wanted]
    base = async_exchanges.choose()
    if base is not None:
        parts.append(base)
    if parts:
        wsgi.Exchange = type('Exchange', tuple(parts), {'__slots__': ()})
