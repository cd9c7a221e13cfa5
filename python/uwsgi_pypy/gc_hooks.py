# SPDX-License-Identifier: MIT
"""Functions that PyPy calls when its collector has done something. There is one place for each, and others want it, too."""
import gc


def both(first, second):
    def hook(stats):
        first(stats)
        second(stats)
    return hook


def add(name, function):
    """Has function(stats) called, too, for 'on_gc_minor', 'on_gc_collect_step' or 'on_gc_collect'."""
    hooks = getattr(gc, 'hooks', None)
    if hooks is not None:
        before = getattr(hooks, name)
        setattr(hooks, name, function if before is None else both(before, function))
