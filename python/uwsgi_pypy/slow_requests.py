# SPDX-License-Identifier: MIT
"""--pypy-slow-request: a log line for each request that takes long, with what PyPy has taken of that time.

The time of the JIT costs ten times what a look at the size of its code does.
So it is asked for when that size has changed, and after each request in which
there was time for a trace that came to nothing.
"""
from time import perf_counter

from _uwsgi_pypy import lib

from . import config, errors, log, numbers, wsgi

# seconds; to trace and give up takes longer
LEAST_TRACE = 0.001

_limit = config.slow_request

# Only requests of a warm-up have it in their environ; they are slow, and it has its own log.
WARMUP = 'uwsgi.warmup'


class Compiled:
    """What the JIT had done when it was last looked at."""

    __slots__ = ('size', 'time')

    def __init__(self):
        self.size = -1   # bytes of machine code; -1: has to be looked at
        self.time = 0.0  # seconds


_compiled = Compiled()


def look():
    """Returns the seconds that the JIT has taken so far."""
    size = numbers.code_size()
    if size != _compiled.size:
        _compiled.size = size
        _compiled.time = numbers.compiling_time()
    return _compiled.time


def report(request, seconds, paused, compiling):
    """Logs a slow request. `paused` and `compiling`: what the collector and the JIT had taken when it began."""
    log.info('slow request: %s took %.0f ms in worker %d (garbage collection %.1f ms, JIT %.1f ms)'
             % (errors.describe(request), seconds * 1e3, lib.upp_worker_id(), (numbers.pauses.total - paused) / 1e6,
                (numbers.compiling_time() - compiling) * 1e3))


def serve(request, application, template):
    """wsgi.serve() with an eye on how long it takes."""
    paused = numbers.pauses.total
    compiling = look()
    begin = perf_counter()
    outcome = _serve(request, application, template)
    seconds = perf_counter() - begin
    if seconds >= LEAST_TRACE:
        _compiled.size = -1
        if seconds >= _limit and WARMUP not in template:
            report(request, seconds, paused, compiling)
    return outcome


def choose():
    """Makes slow requests be logged, if it was asked for."""
    global _serve
    if config.slow_request:
        _serve = wsgi.serve
        wsgi.serve = serve
