# SPDX-License-Identifier: MIT
"""--pypy-greenlets: each request runs in a greenlet of its own, and uWSGI's loop in the main one.

PyPy's greenlet module keeps what belongs to a greenlet apart: the stack (that
of C included), the exception being handled, context variables. Applications
may use the module themselves; a request that waits within a greenlet of its
own goes on there.
"""
from _uwsgi_pypy import lib

from . import log

# by core: the greenlet in which the request goes on, None: it has not begun
places = []

_main = None

# the core whose slice runs, None between slices
_running = None

# of the module greenlet, which only those import who want it
_new = _current = None


def prepare(cores):
    """Makes `places` for so many cores; before the first request of the process."""
    global _new, _current
    try:
        from greenlet import getcurrent, greenlet
    except ImportError as error:
        log.info("--pypy-greenlets needs PyPy's own module greenlet, which cannot be imported (%s); "
                 'is one for CPython on the python path?' % error)
        lib.upp_exit(1)
    _new = greenlet
    _current = getcurrent
    places[:] = [None] * cores


def _run(core):
    try:
        lib.upp_async_run()
    finally:
        places[core] = None


def enter(core):
    """Runs the request of the core until it waits, or is over. In the main greenlet."""
    global _main, _running
    _running = core
    place = places[core]
    if place is None:
        _main = _current()
        places[core] = place = _new(_run)
        place.switch(core)
    else:
        place.switch()
    _running = None


def leave(core):
    """Lets the loop go on; returns when it enters the core again. In a greenlet of that request."""
    places[core] = _current()
    _main.switch()


def frames_of(place):
    """Returns the frames of a greenlet that waits, the innermost first.

    Their f_back goes in a circle: behind the outermost one come those of the switch, then the innermost again.
    """
    first = frame = place.gr_frame
    found = []
    while frame is not None and frame.f_code is not _run.__code__:
        found.append(frame)
        frame = frame.f_back
        if frame is first:
            break
    return found


def waiting():
    """Returns (core, frames) of each request that waits, for those who show stacks; in any thread."""
    return [(core, frames_of(place)) for core, place in enumerate(places) if place is not None and core != _running]
