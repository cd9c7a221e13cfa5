# SPDX-License-Identifier: MIT
"""When PyPy's garbage collector works: before the fork, and while there is nothing else to do.

PyPy begins a major collection when the heap has grown by a factor since the last
one (PYPY_GC_MAJOR_COLLECT), and does a step of it at each minor collection: in
the middle of requests. A worker that waits for requests anyway begins a little
earlier, and does the steps while it waits; not much earlier, because a collection
writes to what was shared with the master. One that never waits gets to PyPy's own
point and is collected as always: nothing here lets the heap grow without bound.
"""
import gc

from . import config

# Growth of the heap at which PyPy itself begins, unless the user says otherwise (incminimark.py).
FACTOR = 1.82

# Nurseries that the heap has to hold before PyPy begins at all, unless PYPY_GC_MIN says otherwise (incminimark.py).
NURSERIES = 8

# How much of the way there an idle worker lets it go.
PART = 0.9

# Bytes by which it has to grow at least.
LEAST = 8 << 20

# Bytes of growth between two collections of a warm-up.
WARMUP_GROWTH = 4 << 20

# bytes in use -> an object with total_gc_memory; gc.get_stats() would format dozens of numbers for it
_stats = getattr(gc, '_get_stats', None)


def size():
    """Bytes that old objects take: what PyPy compares with its own mark."""
    stats = _stats(False)
    return stats.total_gc_memory - stats.nursery_size


def nursery_size():
    return _stats(False).nursery_size


def bytes_of(text):
    """Returns the number that a size such as 64M stands for; 0 if it is none."""
    digits = text.upper().rstrip('B')
    shift = {'K': 10, 'M': 20, 'G': 30}.get(digits[-1:], 0)
    try:
        return int(float(digits[:-1] if shift else digits) * (1 << shift))
    except ValueError:
        return 0


class Collector:
    """Does major collections in steps, when it is told that there is time."""

    __slots__ = ('base', 'start', 'runs', 'factor', 'least')

    def __init__(self):
        try:
            self.factor = float(config.gc_major or FACTOR)
        except ValueError:
            self.factor = FACTOR
        self.least = bytes_of(config.gc_min or '') or NURSERIES * nursery_size()
        self.runs = False   # a collection is under way
        self.rest(size())

    def rest(self, base):
        """The heap was this large after a collection: says when the next one begins."""
        self.base = base
        end = max(self.factor * base, self.least)
        self.start = base + max(PART * (end - base), LEAST)

    def step(self):
        """Does a step if it is time. Returns whether there is more to do."""
        if not self.runs:
            now = size()
            if now < self.base:
                # PyPy has collected by itself
                self.rest(now)
            if now < self.start:
                return False
            self.runs = True
        if not gc.collect_step().major_is_done:
            return True
        self.runs = False
        self.rest(size())
        return False


class Tidy:
    """Collects all garbage during a warm-up, whenever there is some.

    The compiler makes much, and what stays lies in between. Old objects do not move, so a heap that was large for a
    moment keeps its pages, each with a few objects, and each is copied into every worker by its first major collection.
    """

    __slots__ = ('base',)

    def __init__(self):
        self.base = 0

    def between(self):
        if size() < self.base + WARMUP_GROWTH:
            return
        gc.collect()
        self.base = size()


_collector = None


def settle():
    """The applications are there: collects all garbage, and remembers how large the heap is then.

    Before the fork, so that no major collection, which writes to every old object, is due soon in a child. Twice:
    finalizers make garbage of their own.
    """
    global _collector
    gc.collect()
    gc.collect()
    _collector = Collector()


def idle():
    """The worker waits: returns 1 if there is more to do."""
    return int(_collector.step())
