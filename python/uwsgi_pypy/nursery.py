# SPDX-License-Identifier: MIT
"""Empties PyPy's nursery between two requests.

Objects are born in the nursery. PyPy empties it when it is full: what is in use at that moment becomes old, and an
old object goes away in a major collection only. In the middle of a request that is all that the request has made so
far. After some thousands of requests this is most of what has become old, and so it is the reason for the next major
collection, which makes a worker's share of the master's memory its own.

Between two requests next to nothing is in use. So a look there, now and then, tells how full the nursery is; and when
the next request would not fit any more, it is filled up with nothing, which makes PyPy empty it.

How full it is follows from the address of a new object, as one is put behind the other. Whether that is so is tried
before anything is done, and nothing is done where it is not.
"""
from _uwsgi_pypy import lib

from . import collector, config

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

# Bytes left below which it counts as full, besides what a request takes and a quarter of that.
MARGIN = 16 << 10

# Bytes that a request takes at least for it to be worth it: to empty the nursery leaves some kilobytes that are old.
WORTH = 64 << 10

# Requests between two looks at most.
SELDOM = 10000

# Requests between two steps of what takes time. With fewer, requests would pile up under a load that is no more than usual.
APART = 20

# After an object that is not where it is expected.
SOON = 100

# Rounds of the trial.
TRIALS = 4

NEVER = 1 << 60


class Nursery:
    """Knows where it ends, and what requests take of it."""

    __slots__ = ('end', 'size', 'piece', 'last_piece', 'count', 'at', 'asked', 'need')

    def __init__(self):
        self.size = collector.nursery_size()
        self.piece = min(PIECE, self.size // PARTS)
        self.last_piece = 0  # size of the last ones, if it is to be emptied now
        self.count = 0
        self.end = NEVER    # the highest address that an object has had, once it is known
        self.at = 0      # where the next object came at the last look
        self.asked = 1   # requests since then
        self.need = 0    # bytes that a request takes; of late, and rather too much

    def where(self):
        """The address of a new object; of a different one each time, or the compiler would make it once and for all."""
        self.count += 1
        new = self.count.to_bytes(8, 'little')
        return lib.upp_idle_locate(new)

    def waste(self):
        """Makes an object that nobody uses, which the compiler must not find out."""
        residual_call(_make_bytes, self.piece)

    def fill(self):
        """Fills it but for the last pieces."""
        room = self.end - self.where()
        while room > LAST_PIECES * self.piece:
            self.waste()
            room -= self.piece
        self.last_piece = room // (LAST_PIECES - 1) + OVERHEAD

    def fill_unknown(self):
        """Has it emptied. Returns how far it was filled before, within a piece."""
        last = self.where()
        for _ in range(2 * self.size // self.piece):
            self.waste()
            here = self.where()
            if here < last:
                break
            last = here
        return last

    def find(self):
        """Returns whether it is as it should be: filled again and again from about the same place up to its end."""
        begins, ends = [], []
        for _ in range(TRIALS):
            self.fill_unknown()
            begins.append(self.where())
            ends.append(self.fill_unknown())
        self.end = max(ends)
        self.at = self.where()
        slack = self.size >> 3
        return max(begins) - min(begins) < 2 * slack and 0 <= min(begins) + self.size - self.end < slack

    def emptied(self):
        """To be called after the last pieces."""
        self.at = self.where()

    def full(self):
        """Bytes left below which it counts as full."""
        return self.need + (self.need >> 2) + MARGIN

    def look(self):
        """Between two requests. Returns the number of requests after which to call it again."""
        self.last_piece = 0
        if collector.go_on():
            self.at = self.where()
            self.asked = APART
            return APART
        here = self.where()
        if self.end < here < self.end + (self.size >> 3):
            self.end = here
        room = self.end - here
        if not 0 <= room <= self.size:
            return SOON
        used = here - self.at
        if used < 0:
            # PyPy has emptied it meanwhile
            used += self.size
        self.need = max(used // self.asked, self.need - (self.need >> 3))
        if room < self.full() and WORTH <= self.need < self.size:
            if not collector.begin():
                self.fill()
            here = self.where()
            room = self.size
        self.at = here
        # half of the way only: what is looked at too late shows nothing
        self.asked = min(max(room // (2 * self.need + 1), 1), SELDOM)
        return self.asked


def make_old():
    """Has the nursery emptied, whatever is known of it: what is in use becomes old."""
    for _ in range(collector.nursery_size() // PIECE + 1):
        residual_call(_make_bytes, PIECE)


_nursery = None


def find():
    """Before the first request of the process or of its parent; nothing happens if this has been done."""
    global _nursery
    if _nursery is None and config.gc_idle and config.threads == 1 and config.async_cores == 1:
        nursery = Nursery()
        _nursery = nursery if nursery.find() else False


def empty(piece):
    """Makes the last pieces. Without a loop, which the compiler would give a frame of its own: what is in use becomes old."""
    residual_call(_make_bytes, piece)
    residual_call(_make_bytes, piece)
    residual_call(_make_bytes, piece)
    residual_call(_make_bytes, piece)
    residual_call(_make_bytes, piece)
    residual_call(_make_bytes, piece)
    residual_call(_make_bytes, piece)
    residual_call(_make_bytes, piece)


def look():
    """See Nursery.look(). What it does is no part of the compiled request, which comes by here all the time."""
    nursery = _nursery
    if not nursery:
        return NEVER
    left = residual_call(nursery.look)
    # always, if only with pieces of no size: what is done now and then is compiled late, in each worker
    empty(nursery.last_piece)
    residual_call(nursery.emptied)
    return left
