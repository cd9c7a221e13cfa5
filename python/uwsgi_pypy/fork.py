# SPDX-License-Identifier: MIT
"""os.register_at_fork for forks that uWSGI makes in C.

Python runs these hooks for os.fork() only. So they are recorded here as they
are registered, and run around the fork of every worker; a mule or a spooler,
of which uWSGI tells nobody before, runs those for the child. Without them two
workers draw the same random numbers and inherit locked locks.
"""
import _frozen_importlib
import _imp
import _thread
import os
import sys

from . import interpreter, log

_before = []
_in_parent = []
_in_child = []

_register = os.register_at_fork

# this thread has the lock of imports
_imports_held = False

# of the parent's other threads: (frame, its variables)
_frames = []

# Before Python 3.9, logging's hook for the child releases what its hook before the fork acquired.
# So there the hooks before a fork run also when uWSGI tells nobody of it: for mules and spoolers,
# and for workers before uWSGI 2.0.20.
_NEED_BEFORE = sys.version_info < (3, 9)
# which of the two ran them for the fork that is going on
_announced = False
_unannounced = False

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


def rehearse():
    """Before the warm-up: does to the standard library what the fork will do, for the reason in rehearsal.py."""
    threading = sys.modules.get('threading')
    if threading is not None and threading.active_count() == 1:
        threading._after_fork()


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
    global _announced
    _announced = True
    interpreter.flush()
    run(reversed(_before))


def after(in_child):
    global _announced
    _announced = False
    if in_child:
        in_new_process()
    else:
        run(_in_parent)


def run_unannounced(before_fork):
    """The hooks of the parent around a fork that before() and after() were not called for."""
    global _unannounced
    if before_fork and _NEED_BEFORE and not _announced:
        _unannounced = True
        run(reversed(_before))
    elif not before_fork and _unannounced:
        _unannounced = False
        run(_in_parent)


def hold_threads():
    """Keeps what other threads are working on alive in the child, for ever.

    They do not go on there, so all that only they know is garbage. A file that one of them was reading is closed as
    garbage, which waits for the lock that the thread has left locked.
    """
    frames = sys._current_frames()
    frames.pop(_thread.get_ident(), None)
    for frame in frames.values():
        while frame is not None:
            # what compiled code has in registers is written into the frame for who asks
            _frames.append((frame, frame.f_locals))
            frame = frame.f_back


def hold_imports(hold):
    """Around each fork of uWSGI: a thread that imports at that moment would leave the lock locked in the child."""
    global _imports_held
    if hold:
        run_unannounced(True)
        _imp.acquire_lock()
        hold_threads()
    else:
        _frames.clear()
        _imp.release_lock()
        run_unannounced(False)
    _imports_held = bool(hold)


def is_half_imported(module):
    spec = getattr(module, '__dict__', {}).get('__spec__')
    return getattr(spec, '_initializing', False)


def forget_imports():
    """What other threads of the parent were importing is imported anew: they will not finish it here."""
    global _imports_held, _unannounced
    _unannounced = False
    if _imports_held:
        _imp.release_lock()
        _imports_held = False
    # an import that is going on holds a lock
    goes_on = any(lock() is not None for lock in _frozen_importlib._module_locks.values())
    _frozen_importlib._module_locks.clear()
    _frozen_importlib._blocking_on.clear()
    # a look at each module takes longer than all else that a worker does before its first request
    if goes_on:
        for name in [name for name, module in list(sys.modules.items()) if is_half_imported(module)]:
            del sys.modules[name]


def in_new_process():
    """Makes the child of a fork of uWSGI whole and runs the hooks for it, once in each process."""
    global _pid
    if _pid != os.getpid():
        _pid = os.getpid()
        forget_imports()
        run(_in_child)
