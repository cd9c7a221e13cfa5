# SPDX-License-Identifier: MIT
"""--async: exchanges that let other requests run between the chunks of a response.

With --pypy-greenlets an exchange waits where it is. Without, what is left of it
is kept until uWSGI's loop asks for its next step.
"""
from _uwsgi_pypy import lib

from . import config, environ, greenlets, wsgi
from .input import Input

UPP_AGAIN = lib.UPP_AGAIN


def tell_what_happened(exchange):
    """Puts into the environ why its request goes on, as uWSGI's Python plugin does."""
    variables = exchange.environ
    ready = lib.upp_scheduling_ready()
    variables['x-wsgiorg.fdevent.timeout'] = True if lib.upp_scheduling_timed_out() else None
    variables['uwsgi.ready_fd'] = ready if ready >= 0 else None


# -- with greenlets -----------------------------------------------------------

def suspend(exchange):
    """Lets other requests run, until what this one waits for has happened."""
    greenlets.leave(exchange.request.core)
    tell_what_happened(exchange)


class Switching(wsgi.Exchange):
    """Switches to other requests after each chunk."""

    __slots__ = ()

    def respond_iterable(self, chunks):
        for chunk in chunks:
            if type(chunk) is not bytes:
                wsgi.check_chunk(chunk)
            if chunk:
                self.send(chunk)
                if self.bodyless or self.dropped:
                    break
            suspend(self)


# -- without ------------------------------------------------------------------

class Stepping(wsgi.Exchange):
    """Keeps the chunks that are to be sent one by one."""

    __slots__ = ('chunks', 'result')

    def __init__(self, request, body):
        super().__init__(request, body)
        self.chunks = None  # iterator
        self.result = None  # of the application

    def respond_iterable(self, chunks):
        self.chunks = iter(chunks)

    def end(self):
        if self.chunks is None:
            super().end()

    def send_next(self):
        """Sends the next chunk. Returns False when there is none, or no more is wanted."""
        for chunk in self.chunks:
            wsgi.check_chunk(chunk)
            if not chunk:
                return True
            self.send(chunk)
            return not (self.bodyless or self.dropped)
        return False

    def step(self):
        """Sends one chunk. Returns UPP_AGAIN, or how the exchange ended."""
        try:
            if self.send_next():
                return UPP_AGAIN
            self.chunks = None
            self.end()
        except BaseException:
            self.failed()
        return self.close()

    def close(self):
        self.chunks = None
        wsgi.close(self, self.result)
        outcome = self.outcome()
        self.result = None
        self.finish()
        return outcome


def serve(request, application, template):
    """wsgi.serve() for --async without greenlets: may return UPP_AGAIN, and step() goes on."""
    body = Input(request, request.content_length)
    exchange = wsgi.Exchange(request, body)
    wsgi.current[request.core] = exchange
    try:
        exchange.environ = variables = environ.build(request, template, body)
        exchange.result = application(variables, exchange.start_response)
        exchange.respond(exchange.result)
    except BaseException:
        exchange.failed()
        return exchange.close()
    return exchange.close() if exchange.chunks is None else exchange.step()


def step(request):
    """Goes on with a request for which UPP_AGAIN was returned."""
    exchange = wsgi.current[request.core]
    tell_what_happened(exchange)
    return exchange.step()


# -- choosing -----------------------------------------------------------------

def choose():
    """Returns the base class of exchanges, None without --async; to be called once."""
    if config.async_cores < 2:
        return None
    if config.greenlets:
        greenlets.prepare(config.async_cores)
        return Switching
    wsgi.serve = serve
    return Stepping
