# SPDX-License-Identifier: MIT
"""Empties PyPy's nursery between two requests.

Objects are born in the nursery. PyPy empties it when it is full: what is in use at that moment becomes old, and an
old object goes away in a major collection only. In the middle of a request that is all that the request has made so
far. After some thousands of requests this is most of what has become old, and so it is the reason for the next major
collection, which makes a worker's share of the master's memory its own.

Between two requests next to nothing is in use. So a look there, now and then, tells how full the nursery is; and when
the next request would not fit any more, it is filled up with nothing, which makes PyPy empty it.

How full it is follows from the address of a new object, as one is put behind the other. Whether that is so is tried
before anything is done, and nothing is done where it is not. What a look tells is decided in src/nursery.c.
"""
from _uwsgi_pypy import lib

from . import collector, config, rehearsal

try:
    from pypyjit import residual_call
except ImportError:
    # a PyPy without its JIT
    def residual_call(function, *arguments):
        return function(*arguments)

# What the rest is filled with, at a time: so many bytes, or a part of the nursery. One object that is made in one go, so
# that nothing which has just been made is in use when PyPy empties it.
_make_bytes = b'\0'.__mul__
PIECE = 32 << 10
PARTS = 128

# Pieces at the end, one of which has it emptied.
LAST_PIECES = 8

# Bytes that an object takes besides what it is asked to hold, and what else a call makes; rather too many.
OVERHEAD = 512

# Of an object that only its place is asked of.
SMALL = 8

# Rounds of the trial.
TRIALS = 4

# Of the nursery of a rehearsal.
REHEARSED_PIECE = 256

NEVER = 1 << 60

_nursery = lib.upp_nursery()


def new(size):
    """Returns an object of so many bytes, which the compiler must not find out how to do without."""
    return residual_call(_make_bytes, size)


def where():
    """The address of a new object."""
    return lib.upp_nursery_locate(new(SMALL))


def fill_unknown():
    """Has it emptied. Returns how far it was filled before, within a piece."""
    last = where()
    for _ in range(2 * _nursery.size // _nursery.piece):
        new(_nursery.piece)
        here = where()
        if here < last:
            break
        last = here
    return last


def try_out():
    """Finds out where it ends. Returns whether it is filled again and again from about the same place up to there."""
    size = _nursery.size = collector.nursery_size()
    _nursery.piece = min(PIECE, size // PARTS)
    begins, ends = [], []
    for _ in range(TRIALS):
        fill_unknown()
        begins.append(where())
        ends.append(fill_unknown())
    end = _nursery.end = max(ends)
    _nursery.asked = 1
    _nursery.at = where()
    slack = size >> 3
    is_found = max(begins) - min(begins) < 2 * slack and 0 <= min(begins) + size - end < slack
    if not is_found:
        _nursery.size = 0
    return is_found


def make_old():
    """Has the nursery emptied, whatever is known of it: what is in use becomes old."""
    for _ in range(collector.nursery_size() // PIECE + 1):
        new(PIECE)


# Whether it is emptied between two requests. None: not tried yet
_is_emptied = None


def find():
    """Before the first request of the process or of its parent; nothing happens if this has been done."""
    global _is_emptied
    if _is_emptied is None:
        serves_one_at_a_time = config.threads == 1 and config.async_cores == 1
        _is_emptied = try_out() and config.gc_idle and serves_one_at_a_time


# -- what is done; each returns the size of the last pieces: 0 if it is not to be emptied now --------------------------

def leave():
    return 0


def collect():
    collector.go_on()
    return 0


def fill():
    """Fills it but for the last pieces."""
    if collector.begin():
        return 0
    piece = _nursery.piece
    room = lib.upp_nursery_room(new(SMALL))
    while room > LAST_PIECES * piece:
        new(piece)
        room -= piece
    return room // (LAST_PIECES - 1) + OVERHEAD


# enum upp_nursery_deed -> function
DEEDS = (leave, collect, fill)


def rehearse():
    """Before the warm-up: has what workers do all the time compiled now, and not in each of them."""
    if not _is_emptied:
        return
    end, piece = _nursery.end, _nursery.piece
    _nursery.piece = REHEARSED_PIECE
    for number in range(rehearsal.CALLS):
        # as if it was full and not quite full, by turns
        _nursery.end = where() + number % 2 * 2 * LAST_PIECES * REHEARSED_PIECE
        # as look() does it: compiled by itself
        residual_call(fill)
    _nursery.end, _nursery.piece = end, piece
    for _ in range(rehearsal.CALLS):
        # as uWSGI's own path does it
        lib.upp_py_between_requests()


def empty(piece):
    """Makes the last pieces. Without a loop, which the compiler would give a frame of its own: what is in use becomes old."""
    new(piece)
    new(piece)
    new(piece)
    new(piece)
    new(piece)
    new(piece)
    new(piece)
    new(piece)


def look():
    """Between two requests. Returns the number of requests after which to call it again.

    It is part of the compiled request, which comes by here all the time; so it takes the same way always, if only with
    pieces of no size: each other way would be compiled later, in each worker.
    """
    if not _is_emptied:
        return NEVER
    empty(residual_call(DEEDS[lib.upp_nursery_look(new(SMALL))]))
    return lib.upp_nursery_go_on(new(SMALL))
