# SPDX-License-Identifier: MIT
"""os.register_at_fork for forks that uWSGI makes in C.

Python runs these hooks for os.fork() only. So they are recorded here as they
are registered, and run around the fork of every worker; a mule or a spooler,
of which uWSGI tells nobody before, runs those for the child. Without them two
workers draw the same random numbers and inherit locked locks.
"""
import _imp
import os
import sys

from . import interpreter, log

_before = []
_in_parent = []
_in_child = []

_register = os.register_at_fork

# the process whose hooks have run
_pid = os.getpid()


def register_at_fork(*, before=None, after_in_child=None, after_in_parent=None):
    """As os.register_at_fork; the hooks also run when uWSGI forks."""
    hooks = {'before': before, 'after_in_child': after_in_child, 'after_in_parent': after_in_parent}
    _register(**{name: hook for name, hook in hooks.items() if hook is not None})
    if before is not None:
        _before.append(before)
    if after_in_child is not None:
        _in_child.append(after_in_child)
    if after_in_parent is not None:
        _in_parent.append(after_in_parent)


def adopt_early_modules():
    """Modules that were imported before us registered their hooks with the real function."""
    random = sys.modules.get('random')
    if random is not None:
        _in_child.append(random.seed)
    threading = sys.modules.get('threading')
    if threading is not None and sys.version_info >= (3, 9):
        _in_child.append(threading._after_fork)


def install():
    """To be called before anything else is imported."""
    adopt_early_modules()
    os.register_at_fork = register_at_fork


def run(hooks):
    """Runs all hooks; like os.fork(), logs what they raise and goes on."""
    for hook in hooks:
        try:
            hook()
        except BaseException:
            log.exception()


def before():
    interpreter.flush()
    run(reversed(_before))
    # a thread of the master that imports now would leave the lock locked in the child
    _imp.acquire_lock()


def after(in_child):
    _imp.release_lock()
    if in_child:
        in_new_process()
    else:
        run(_in_parent)


def in_new_process():
    """Runs the hooks for the child, once in each process."""
    global _pid
    if _pid != os.getpid():
        _pid = os.getpid()
        run(_in_child)
