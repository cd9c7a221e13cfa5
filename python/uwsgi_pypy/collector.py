# SPDX-License-Identifier: MIT
"""When PyPy's garbage collector works: before the fork, and while there is nothing else to do.

PyPy begins a major collection when the heap has grown by a factor since the last
one (PYPY_GC_MAJOR_COLLECT), and does a step of it at each minor collection: in
the middle of requests. A worker that waits for requests anyway begins a little
earlier, and does the steps while it waits; not much earlier, because a collection
writes to what was shared with the master. One that never waits gets to PyPy's own
point and is collected as always: nothing here lets the heap grow without bound.

Where a worker can give back the copies of pages that a collection has made (src/vm/share.h), it does so after every
second one. It collects when the heap has grown by a little and there is time for it, by less the more time there is.
"""
import gc

from _uwsgi_pypy import lib

from . import config, gc_hooks, rehearsal

# Growth of the heap at which PyPy itself begins, unless the user says otherwise (incminimark.py).
FACTOR = 1.82

# Nurseries that the heap has to hold before PyPy begins at all, unless PYPY_GC_MIN says otherwise (incminimark.py).
NURSERIES = 8

# How much of the way there an idle worker lets it go.
PART = 0.9

# Bytes by which it has to grow at least.
LEAST = 8 << 20

# The same where pages stay shared, and of a worker that is at rest.
SHARED_PART = 0.06
SHARED_LEAST = 2 << 20
REST_PART = 0.015
REST_LEAST = 512 << 10

# Steps that a major collection takes at least: one from each of its states to the next.
STATES = 4

# A size that no heap has.
NEVER = 1 << 60

# Bytes of growth between two collections of a warm-up.
WARMUP_GROWTH = 4 << 20

# is_collecting there: whether go_on() has something to do, perhaps
_nursery = lib.upp_nursery()

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


def let_hooks_run():
    """PyPy calls what is hooked in somewhat later, at a jump backwards at the latest."""
    for _ in range(3):
        pass


class Majors:
    """Counts major collections."""

    __slots__ = ('count',)

    def __init__(self):
        self.count = 0

    def add(self, stats):
        self.count += stats.count
        _nursery.is_collecting = True


class Collector:
    """Does major collections in steps, when it is told that there is time."""

    __slots__ = ('base', 'starts', 'limit', 'runs', 'steps', 'factor', 'least', 'shares', 'majors', 'seen', 'looks')

    def __init__(self):
        try:
            self.factor = float(config.gc_major or FACTOR)
        except ValueError:
            self.factor = FACTOR
        self.least = bytes_of(config.gc_min or '') or NURSERIES * nursery_size()
        self.majors = Majors()
        self.shares = False     # pages can be given back
        self.runs = False       # a collection is under way
        self.steps = 0          # of it, of those that are done here
        self.looks = False      # pages are being given back
        self.rest()

    def share(self):
        """From here on pages can be given back after every second collection."""
        self.majors.count = 0
        self.shares = True
        self.rest()

    def rest(self):
        """A collection has ended, and with it all that was to be done after it: says when the next one begins."""
        self.base = base = size()
        self.seen = self.majors.count
        end = max(self.factor * base, self.least)
        self.limit = quiet = at_rest = base + max(int(PART * (end - base)), LEAST)
        if self.shares and not config.gc_major and not config.gc_min:
            growth = max(int(SHARED_PART * base), SHARED_LEAST)
            quiet = base + (growth if self.majors.count else growth // 2)
            at_rest = base + max(int(REST_PART * base), REST_LEAST)
        self.starts = (self.limit, quiet, at_rest)

    def is_under_way(self):
        return self.runs or self.looks or self.majors.count != self.seen

    def step(self, start):
        """Does a step if it is time; `start`: size of the heap at which to begin. Returns whether there is more to do."""
        if self.majors.count != self.seen:
            return self.end()
        if self.looks:
            return self.look()
        if not self.runs:
            now = size()
            if now < self.base:
                return self.end()
            if now < start:
                return False
            self.begin()
        self.steps += 1
        is_done = gc.collect_step().major_is_done
        let_hooks_run()
        if self.majors.count != self.seen:
            return self.end()
        if is_done and self.steps >= STATES:
            # The application has put a hook of its own in the place of ours. With fewer steps it was the rest of the
            # last collection, which was counted before.
            self.majors.count += 1
            return self.end()
        return True

    def begin(self):
        if self.shares:
            lib.upp_share_before_collection()
        self.runs = True
        self.steps = 0

    def end(self):
        """A collection has ended, PyPy's own or one of ours. Returns whether there is more to do."""
        self.seen = self.majors.count
        self.runs = self.looks = False
        if not self.shares:
            self.rest()
        elif self.majors.count % 2:
            self.begin()
        else:
            lib.upp_share_begin()
            self.looks = True
        return self.shares

    def look(self):
        self.looks = bool(lib.upp_share_step())
        if not self.looks:
            self.rest()
        return self.looks


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


def collect():
    """Collects all garbage. Unlike gc.collect() it leaves PyPy's caches of methods and attributes as they are."""
    while not gc.collect_step().major_is_done:
        pass


def settle(between):
    """The applications are there: collects all garbage, and remembers how large the heap is then.

    Before the fork, so that no major collection, which writes to every old object, is due soon in a child. Three times:
    the first one may be the rest of one that was under way; finalizers make garbage of their own; and what has become
    old since the last one, as by between(), is written to.
    """
    global _collector
    collect()
    collect()
    between()
    collect()
    _collector = Collector()
    gc_hooks.add('on_gc_collect', _collector.majors.add)


def rehearse():
    """Before the warm-up: what is asked is answered as it will be in a worker that has nothing to collect."""
    global _collector
    _collector = Collector()
    _collector.shares = config.gc_share
    _collector.base, _collector.limit, _collector.starts = 0, NEVER, (NEVER, NEVER, NEVER)
    rehearsal.loosen(_collector)
    rehearsal.loosen(_collector.majors)
    for _ in range(rehearsal.CALLS):
        lib.upp_py_idle(lib.UPP_BUSY)


def share():
    """The last thing before the fork: from here on workers give back pages that are as they were."""
    if config.gc_share and lib.upp_share_prepare():
        _collector.share()


def shares():
    """Whether pages can be given back."""
    return _collector is not None and _collector.shares


def step(start):
    """See Collector.step()."""
    more = _collector.step(start)
    _nursery.is_collecting = more and _collector.shares
    return more


def go_on():
    """Between two requests: does a step of what has begun.

    While it lasts a worker has copies of most pages; so it is done soon, even if requests wait.
    """
    if shares() and _collector.is_under_way():
        step(_collector.limit)
    else:
        _nursery.is_collecting = False


def begin():
    """Between two requests, instead of emptying the nursery: begins if the heap has grown very much. Returns whether."""
    return shares() and step(_collector.limit)


def idle(quiet):
    """The worker waits, and is as quiet as an enum upp_quiet says. Returns 1 if there is more to do."""
    return int(step(_collector.starts[quiet]))
