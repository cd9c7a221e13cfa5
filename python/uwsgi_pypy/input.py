# SPDX-License-Identifier: MIT
"""wsgi.input (PEP 3333, "Input and Error Streams")."""
import io

from _uwsgi_pypy import ffi, lib

_unpack = ffi.unpack

BLOCK = 65536


class ClientGone(OSError):
    """The client closed the connection, or was silent for longer than --socket-timeout. The host has logged it."""


class Input:
    """The body of one request: Content-Length bytes, read as they are asked for."""

    __slots__ = ('_request', '_left', '_buffer', '_start')

    def __init__(self, request, length):
        self._request = request
        self._left = length  # bytes that have not been asked from the host
        self._buffer = b''   # bytes that came and were not taken: from _start on
        self._start = 0

    def finish(self):
        """The request is over: nothing may touch it any more."""
        self._request = None

    def _receive(self, size):
        """Returns 1..size bytes from the host, b'' at the end of the body."""
        if not self._left:
            return b''
        request = self._request
        if request is None:
            raise ValueError('wsgi.input was read after the end of its request')
        count = lib.upp_request_read(request, min(size, self._left))
        if not count:
            # a chunked body has no length beforehand
            self._left = 0
            return b''
        if count < 0:
            raise ClientGone('timeout while reading the request body' if count == lib.UPP_TIMEOUT
                             else 'the client closed the connection while the request body was read')
        self._left -= count
        return _unpack(request.chunk, count)

    def _take(self, end):
        """Returns the buffered bytes up to `end` and steps over them."""
        data = self._buffer[self._start:end]
        if end >= len(self._buffer):
            self._buffer = b''
            self._start = 0
        else:
            self._start = end
        return data

    def read(self, size=-1):
        """Returns `size` bytes (int), fewer at the end of the body; all of the rest without a size."""
        if size is None or size < 0:
            size = len(self._buffer) - self._start + self._left
        if not size:
            return b''
        data = self._take(self._start + size)
        if len(data) == size or not self._left:
            return data
        parts = [data]
        missing = size - len(data)
        while missing and self._left:
            data = self._receive(min(missing, BLOCK))
            parts.append(data)
            missing -= len(data)
        return b''.join(parts)

    def readline(self, size=-1):
        """Returns a line with its newline, or `size` bytes of it, or what is left of the body."""
        if size is None or size < 0:
            size = len(self._buffer) - self._start + self._left
        newline = self._buffer.find(b'\n', self._start, self._start + size)
        if newline >= 0:
            return self._take(newline + 1)
        parts = [self._take(min(self._start + size, len(self._buffer)))]
        missing = size - len(parts[0])
        while missing and self._left and newline < 0:
            self._buffer = self._receive(BLOCK)
            newline = self._buffer.find(b'\n', 0, missing)
            parts.append(self._take(newline + 1 if newline >= 0 else min(missing, len(self._buffer))))
            missing -= len(parts[-1])
        return b''.join(parts)

    def readlines(self, hint=-1):
        """Returns the list of lines, stopping once they have `hint` bytes or more."""
        lines = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if line:
            return line
        raise StopIteration

    def tell(self):
        """Returns the position in the body. Needs --post-buffering."""
        self._check_seekable()
        return self._request.content_length - self._left - (len(self._buffer) - self._start)

    def seek(self, offset, whence=0):
        """Moves the position in the body, as io.IOBase.seek. Needs --post-buffering."""
        self._check_seekable()
        length = self._request.content_length
        position = offset + (0, self.tell(), length)[whence]
        if not 0 <= position <= length:
            raise ValueError('wsgi.input: position %d is outside of the body (%d bytes)' % (position, length))
        if lib.upp_request_seek(self._request, position) != lib.UPP_OK:
            raise OSError('wsgi.input: seek() failed')
        self._buffer = b''
        self._start = 0
        self._left = length - position
        return position

    def _check_seekable(self):
        if self._request is None or not self._request.flags & lib.UPP_SEEKABLE:
            raise io.UnsupportedOperation('wsgi.input can only seek with --post-buffering')
