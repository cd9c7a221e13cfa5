# SPDX-License-Identifier: MIT
"""What PyPy does in this worker, for src/numbers.h: collections as they happen, the rest when asked."""
import gc

from _uwsgi_pypy import lib

from . import gc_hooks, rehearsal

try:
    import pypyjit
except ImportError:
    # a PyPy without its JIT
    pypyjit = None

NANOSECONDS = 1e9
MICROSECONDS = 1e6

ABORTS = ('ABORT_TOO_LONG', 'ABORT_BRIDGE', 'ABORT_BAD_LOOP', 'ABORT_ESCAPE', 'ABORT_FORCE_QUASIIMMUT',
          'ABORT_SEGMENTED_TRACE')


class Pauses:
    """All pauses of the collector in this process."""

    __slots__ = ('total',)

    def __init__(self):
        self.total = 0  # nanoseconds


pauses = Pauses()


def count(minor, major, stats):
    pauses.total = lib.upp_numbers_gc(minor, major, int(stats.duration * NANOSECONDS),
                                      int(stats.duration_max * NANOSECONDS))


def on_minor(stats):
    count(stats.count, 0, stats)


def on_step(stats):
    """A major collection is made in steps."""
    count(0, 0, stats)


def on_major(stats):
    lib.upp_numbers_gc(0, stats.count, 0, 0)


def rehearse():
    """Before the warm-up: pauses are counted in workers only."""
    rehearsal.loosen(pauses)


def start():
    """In a worker that keeps numbers."""
    gc_hooks.add('on_gc_minor', on_minor)
    gc_hooks.add('on_gc_collect_step', on_step)
    gc_hooks.add('on_gc_collect', on_major)


def code_size():
    """Returns the bytes of machine code that the JIT has made. Costs next to nothing."""
    return 0 if pypyjit is None else pypyjit.get_stats_asmmemmgr()[1]


def compiling_time():
    """Returns the seconds that the JIT has taken to trace and to compile."""
    return 0.0 if pypyjit is None else sum(pypyjit.get_stats_snapshot().counter_times.values())


def tell():
    """Tells of the JIT and the heap."""
    if pypyjit is not None:
        counters = pypyjit.get_stats_snapshot().counters
        lib.upp_numbers_jit(counters['TOTAL_COMPILED_LOOPS'], counters['TOTAL_COMPILED_BRIDGES'],
                            sum(counters.get(name, 0) for name in ABORTS), code_size(),
                            int(compiling_time() * MICROSECONDS))
    # the attributes of what get_stats() returns are texts; these are numbers
    stats = getattr(gc.get_stats(), '_s', None)
    if stats is not None:
        lib.upp_numbers_heap(stats.total_gc_memory, stats.peak_memory)
