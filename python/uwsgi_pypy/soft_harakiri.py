# SPDX-License-Identifier: MIT
"""--pypy-soft-harakiri: raises uwsgi.HarakiriWarning in a request that takes too long.

The exception comes between any two instructions of the request's thread, also
inside of a compiled loop. It comes at most once for each request, and while
the word of its core says that the application runs (src/soft_harakiri.h). So
whoever ends that has to expect it, once: what handles an exception of the
application ends it first, and is inside of another `try`.
"""
import signal
import sys

from _uwsgi_pypy import lib

from . import config, environ, errors, interpreter, log, tracing, wsgi
from .errors import HarakiriWarning
from .input import Input

# PyPy's, if this is asked for
_raise_in_thread = None


def send(core, serial):
    """In the thread that watches: raises the exception, unless the request has ended."""
    thread = lib.upp_soft_harakiri_take(core, serial)
    if not thread:
        return
    try:
        log.info('soft harakiri: worker %d has worked on %s for %g seconds, raising uwsgi.HarakiriWarning in it'
                 % (lib.upp_worker_id(), describe(core), config.soft_harakiri))
        _raise_in_thread(thread, HarakiriWarning)
    finally:
        lib.upp_soft_harakiri_sent(core)


def describe(core):
    exchange = wsgi.current[core]
    return '?' if exchange is None else errors.describe(exchange.request)


def stop(core):
    """The application has ended. An exception that is on its way is raised here, if not before."""
    if lib.upp_soft_harakiri_stop(core):
        # it looks for one, as all that unblocks signals does
        signal.pthread_sigmask(signal.SIG_BLOCK, ())


def has_no_code(result):
    """Whether nothing of the application runs any more once it has returned this."""
    kind = type(result)
    return kind is list or kind is tuple or kind is bytes or result is None


def serve(request, application, template):
    """wsgi.serve() with an eye on the time."""
    core = request.core
    body = Input(request, request.content_length)
    exchange = wsgi.Exchange(request, body)
    wsgi.current[core] = exchange
    result = None
    whole = False
    try:
        try:
            lib.upp_soft_harakiri_begin(core)
            exchange.environ = variables = environ.build(request, template, body)
            result = application(variables, exchange.start_response)
            if has_no_code(result):
                stop(core)
            exchange.respond(result)
            whole = True
            stop(core)
        except BaseException:
            stop(core)
            if not whole:
                exchange.failed()
    except HarakiriWarning:
        if not whole:
            exchange.failed()
    close(core, exchange, result)
    outcome = exchange.outcome()
    exchange.finish()
    return outcome


def close(core, exchange, result):
    """wsgi.close() with an eye on the time that the request has taken so far."""
    if has_no_code(result):
        return
    try:
        try:
            lib.upp_soft_harakiri_resume(core)
            wsgi.close(exchange, result)
            stop(core)
        except HarakiriWarning:
            stop(core)
            exchange.failed_at_close()
    except HarakiriWarning:
        exchange.failed_at_close()


def choose():
    """Makes applications be served with an eye on the time, if it was asked for."""
    global _raise_in_thread
    if not config.soft_harakiri:
        return
    try:
        from __pypy__.thread import _raise_in_thread
    except ImportError:
        interpreter.refuse('--pypy-soft-harakiri: this PyPy (%s) cannot raise an exception in another thread; use '
                           'PyPy 7.3.10 or newer' % sys.version.partition('[PyPy ')[2].partition(' ')[0])
    wsgi.serve = serve
    # together they are too long for one
    tracing.own_traces[:] = serve, wsgi.Exchange.respond
