# SPDX-License-Identifier: MIT
"""One WSGI exchange: from a request to the last byte of its response (PEP 3333).

Both fronts (uWSGI's own request machinery and the request loop) fill in a
struct upp_request and call `serve`. Rules that hold for both:

- The head goes out with the first non-empty chunk, so until then it can still
  be replaced (exc_info) or become an error page.
- The declared Content-Length is kept: nothing beyond it goes out, and a
  response that falls short closes the connection.
- An exception is logged once. If nothing was sent the client gets a 500, else
  the connection is reset so that it can tell a broken response from a whole one.
"""
import sys

from _uwsgi_pypy import lib

from . import config, environ, errors, headers, log
from .files import FileWrapper, plain_region
from .input import ClientGone, Input

# A list of chunks up to this size goes out in one system call.
JOIN_MAX = 65536

_respond = lib.upp_request_respond
_write = lib.upp_request_write

UPP_OK = lib.UPP_OK
UPP_DONE = lib.UPP_DONE
UPP_CLOSE = lib.UPP_CLOSE
UPP_IS_HEAD = lib.UPP_IS_HEAD
UPP_UNCHANGED = lib.UPP_UNCHANGED


# by core: the exchange that it runs, or None
current = []


def make_room(cores):
    """Makes `current` for so many cores; before the first request of the process."""
    current[:] = [None] * cores


class Exchange:
    """The state of one request's response."""

    __slots__ = ('request', 'input', 'environ', 'head', 'head_sent', 'bodyless', 'sent', 'dropped', 'broken',
                 'answered')

    def __init__(self, request, body):
        self.request = request
        self.input = body
        self.environ = None      # dict, while the request runs
        self.head = None         # headers.Head, from start_response
        self.head_sent = False
        self.bodyless = False    # HEAD, 204, 304: known once the head is sent
        self.sent = 0            # bytes of the body
        self.dropped = 0         # bytes beyond Content-Length
        self.broken = False      # the client is gone, or was cut off
        self.answered = False    # the host has answered for the application, or has the connection

    # -- what the application sees -------------------------------------------

    def start_response(self, status, response_headers, exc_info=None):
        """PEP 3333 start_response: returns write(). `exc_info` as from sys.exc_info()."""
        if exc_info is not None:
            try:
                if self.head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.head is not None:
            raise AssertionError('start_response() was called again without exc_info (PEP 3333)')
        self.head = headers.check(status, response_headers)
        return self.write

    def write(self, data):
        """PEP 3333 write(): sends bytes at once. OSError when the client is gone."""
        if self.request is None:
            raise AssertionError('write() was called after the end of its request')
        check_chunk(data)
        if self.broken:
            self.raise_gone()
        elif data:
            self.send(data)

    # -- sending -------------------------------------------------------------

    def raise_gone(self):
        if not config.disable_write_exception:
            raise ClientGone('write error: the client closed the connection')

    def check(self, result):
        if result != UPP_OK:
            self.broken = True
            self.raise_gone()

    def send_head(self, first, last):
        """Sends the head and the first chunk (bytes, may be empty), and notes what may follow.

        `last`: the chunk is the whole body, so that the front may declare its length.
        """
        head = self.head
        if head is None:
            raise AssertionError('the application sent a body without calling start_response() (PEP 3333)')
        self.bodyless = head.code == 204 or head.code == 304 or bool(self.request.flags & UPP_IS_HEAD)
        first = b'' if self.bodyless else self.fit(first)
        self.head_sent = True
        self.sent = len(first)
        self.check(_respond(self.request, head.status, len(head.status), head.block, len(head.block), head.declared,
                            first, len(first), last and not self.bodyless))

    def fit(self, data):
        """Returns the part of `data` that the declared Content-Length still has room for."""
        declared = self.head.declared
        if declared < 0 or self.sent + len(data) <= declared:
            return data
        room = declared - self.sent
        self.dropped += len(data) - room
        return data[:room]

    def send(self, data):
        """Sends a chunk: bytes, not empty."""
        if not self.head_sent:
            self.send_head(data, False)
        elif not self.bodyless:
            data = self.fit(data)
            if data:
                self.sent += len(data)
                self.check(_write(self.request, data, len(data)))

    # -- the response --------------------------------------------------------

    def respond(self, result):
        """Sends what the application returned."""
        kind = type(result)
        if kind is list or kind is tuple:
            self.respond_chunks(result)
        elif kind is bytes:
            # not what PEP 3333 asks for, but what uWSGI has always taken
            self.respond_whole(result)
        elif kind is FileWrapper and self.request.flags & UPP_UNCHANGED:
            self.respond_file(result)
        elif result is None:
            raise TypeError('the application returned None instead of an iterable of bytes')
        else:
            self.respond_iterable(result)
        self.end()

    def respond_whole(self, data):
        if self.head_sent:
            # write() was used before
            if data:
                self.send(data)
        elif data or self.head is not None:
            self.send_head(data, True)

    def respond_chunks(self, chunks):
        """A list or tuple: its size is known without running any more of the application."""
        if len(chunks) == 1:
            chunk = chunks[0]
            if type(chunk) is not bytes:
                check_chunk(chunk)
            self.respond_whole(chunk)
            return
        total = 0
        for chunk in chunks:
            check_chunk(chunk)
            total += len(chunk)
        if total <= JOIN_MAX:
            self.respond_whole(b''.join(chunks))
            return
        self.declare(total)
        self.respond_iterable(chunks)

    def declare(self, length):
        """Declares the length of a body that is known before its first byte, if the application did not."""
        head = self.head
        if head is None or self.head_sent or head.declared >= 0 or head.code in (204, 304):
            return
        if self.request.flags & UPP_UNCHANGED:
            self.head = headers.Head(head.status, head.code, head.block + b'Content-Length: %d\r\n' % length, length)

    def respond_iterable(self, chunks):
        for chunk in chunks:
            if type(chunk) is not bytes:
                check_chunk(chunk)
            if chunk:
                self.send(chunk)
                if self.bodyless or self.dropped:
                    break

    def respond_file(self, wrapper):
        # after write() the file is the rest of a body: it may have to be chunked, or cut
        region = None if self.head_sent else plain_region(wrapper.filelike)
        if region is None:
            self.respond_iterable(wrapper)
            return
        descriptor, position, length = region
        self.declare(length)
        self.send_head(b'', False)
        if self.bodyless:
            return
        declared = self.head.declared
        if 0 <= declared < length:
            # the rest of the file is the application's business
            length = declared
        self.sent = length
        self.check(lib.upp_request_sendfile(self.request, descriptor, position, length))

    def send_region(self, descriptor, position, length):
        """Sends a part of a regular file as the next part of the body (uwsgi.sendfile())."""
        if not self.head_sent:
            self.send_head(b'', False)
        if self.bodyless:
            return
        declared = self.head.declared
        if declared >= 0:
            self.dropped += max(self.sent + length - declared, 0)
            length = max(min(length, declared - self.sent), 0)
        if length:
            self.sent += length
            self.check(lib.upp_request_sendfile(self.request, descriptor, position, length))

    def hand_over(self):
        """The host answers, or the connection carries something else: what the application returns is dropped."""
        self.head_sent = self.bodyless = self.answered = True

    def end(self):
        """The application has nothing more to say."""
        if not self.head_sent:
            if self.head is None:
                raise AssertionError('the application did not call start_response() (PEP 3333)')
            self.send_head(b'', True)
        if self.dropped:
            log.info('%s: the response is longer than its Content-Length of %d; at least %d bytes were dropped'
                     % (errors.describe(self.request), self.head.declared, self.dropped))
        elif self.is_short():
            log.info('%s: the response ended after %d of %d bytes that its Content-Length declared'
                     % (errors.describe(self.request), self.sent, self.head.declared))

    def is_short(self):
        return not self.bodyless and not self.broken and self.sent < self.head.declared

    def outcome(self):
        """Returns UPP_DONE if the response is what its head promised, else UPP_CLOSE."""
        if self.answered:
            # RFC 6455 7.4.1: it is through, or it could not go on
            lib.upp_websocket_leave(self.request.core, 1011 if self.broken else 1000)
            return UPP_DONE
        if self.broken or not self.head_sent or self.dropped or self.is_short():
            return UPP_CLOSE
        return UPP_DONE

    # -- when something goes wrong -------------------------------------------

    def failed(self):
        """The application raised (the exception is being handled)."""
        value = sys.exc_info()[1]
        if isinstance(value, ClientGone):
            # its own doing, and logged by the host; what was not sent has nobody to go to
            self.abort()
            return
        errors.remember(self.request.core)
        if self.head_sent or self.broken:
            lib.upp_request_exception(self.request, 0)
            self.abort()
        elif not lib.upp_catch_exceptions():
            # first the answer: --reload-on-exception ends the process
            self.send_error()
            lib.upp_request_exception(self.request, 0)
        elif lib.upp_request_exception(self.request, 1):
            self.answered = True
        else:
            self.send_error()
        self.broken = True
        errors.forget(self.request.core)

    def failed_at_close(self):
        """close() raised. If the response went out it stays as it is."""
        if not self.head_sent and not self.broken:
            self.failed()
            return
        errors.remember(self.request.core)
        lib.upp_request_exception(self.request, 0)
        errors.forget(self.request.core)

    def send_error(self):
        self.answered = True
        lib.upp_request_error(self.request, errors.status(self.request.core))

    def abort(self):
        self.broken = True
        if not self.answered:
            lib.upp_request_abort(self.request)

    def finish(self):
        """Nothing may touch the request from here on."""
        current[self.request.core] = None
        self.request = self.environ = None
        self.input.finish()


def running():
    """Returns the Exchange of the request that the calling thread serves, or None."""
    core = lib.upp_core_current()
    return None if core < 0 else current[core]


def check_chunk(chunk):
    if not isinstance(chunk, bytes):
        raise TypeError('the application must give bytes, not %s: %.100r' % (type(chunk).__name__, chunk))


def close(exchange, result):
    """Calls result.close(), if there is one."""
    kind = type(result)
    if kind is list or kind is tuple or kind is bytes or result is None:
        return
    try:
        closing = getattr(result, 'close', None)
        if closing is not None:
            closing()
    except BaseException:
        exchange.failed_at_close()


def serve(request, application, template):
    """Runs `application` for the request. Returns UPP_DONE or UPP_CLOSE. Never raises what the application raises."""
    body = Input(request, request.content_length)
    exchange = Exchange(request, body)
    current[request.core] = exchange
    result = None
    try:
        exchange.environ = variables = environ.build(request, template, body)
        result = application(variables, exchange.start_response)
        exchange.respond(result)
    except BaseException:
        exchange.failed()
    close(exchange, result)
    outcome = exchange.outcome()
    exchange.finish()
    return outcome
