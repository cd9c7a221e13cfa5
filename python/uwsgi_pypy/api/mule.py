# SPDX-License-Identifier: MIT
"""Mules (processes beside the workers), farms of them, and their messages."""
import math
import sys
import time

from _uwsgi_pypy import ffi, lib

from .. import apps, barrier, config, log, scripts, source
from . import arguments

__all__ = ('farm_get_msg', 'farm_msg', 'in_farm', 'mule_get_msg', 'mule_msg')

# bytes that uWSGI reads of a message for mule_msg_hook, and what mule_get_msg() takes unless told otherwise
MESSAGE_MAX = 65536

BUFFER_MAX = 1 << 30

# seconds; poll() takes an int of milliseconds
TIMEOUT_MAX = (2 ** 31 - 1) // 1000

# Seconds before a mule whose program failed ends; uWSGI starts it again at once.
FAILED_PAUSE = 1

# a buffer is written to before it is read
_new_buffer = ffi.new_allocator(should_clear_after_alloc=False)


# -- sending ------------------------------------------------------------------------

def find_farm(name):
    """Returns the number of the farm called `name` (str or bytes). RuntimeError: no farms, ValueError: unknown."""
    if not lib.upp_mule_farm_count():
        raise RuntimeError('there is no farm; --farm NAME:MULE,MULE makes one')
    data = arguments.to_c_string(name, 'farm')
    farm = lib.upp_mule_find_farm(data)
    if farm < 0:
        raise ValueError('there is no farm %r' % name)
    return farm


def need_mules():
    if not lib.upp_mule_count():
        raise RuntimeError('there is no mule; --mule or --mules N adds them')


def mule_msg(message, target=None):
    """Sends a message (str or bytes) to a mule: its number (int), the name of a farm (str or bytes), or any mule.

    Returns True, or False if the queue is full or the message too large for it (logged). RuntimeError: there are no
    mules. ValueError, TypeError: not a mule or farm.
    """
    data = arguments.to_bytes(message, 'message')
    need_mules()
    if isinstance(target, (str, bytes)):
        return not lib.upp_mule_send_farm(find_farm(target), data, len(data))
    number = 0 if target is None else arguments.to_int(target, 'mule', 0, lib.upp_mule_count())
    return not lib.upp_mule_send(number, data, len(data))


def farm_msg(farm, message):
    """Sends a message (str or bytes) to the mules of a farm (str or bytes): one of them gets it. Failure is logged."""
    data = arguments.to_bytes(message, 'message')
    lib.upp_mule_send_farm(find_farm(farm), data, len(data))


# -- receiving -----------------------------------------------------------------------

def need_mule(function):
    if not lib.upp_mule_id():
        raise ValueError('uwsgi.%s() is for mules' % function)


def milliseconds(seconds):
    """Returns what poll() waits: -1, for ever, if `seconds` is negative."""
    return -1 if seconds < 0 else math.ceil(seconds * 1000)


def receive(what, size, timeout):
    """Waits `timeout` seconds (negative: for ever). Returns the message, b'' when none came, None on an error."""
    buffer = _new_buffer('char[]', size)
    end = time.monotonic() + timeout
    left = timeout
    while True:
        length = lib.upp_mule_receive(what, buffer, size, milliseconds(left))
        if length != lib.UPP_MULE_AGAIN:
            break
        if timeout >= 0:
            left = max(end - time.monotonic(), 0)
    if length > size:
        raise ValueError('a message of %d bytes came; buffer_size is %d' % (length, size))
    if length >= 0:
        return ffi.buffer(buffer, length)[:]
    return b'' if length == lib.UPP_TIMEOUT else None


def mule_get_msg(signals=True, farms=True, buffer_size=MESSAGE_MAX, timeout=-1):
    """In a mule: waits for a message to it, to any mule or (farms=True) to one of its farms, and returns it (bytes).

    signals: run the handlers of signals meanwhile. buffer_size: bytes that a message may have; a larger one is lost
    and a ValueError. timeout: seconds (int or float) to wait, after which b'' is returned; negative: for ever.
    Returns None on an error (logged). ValueError: not in a mule.
    """
    need_mule('mule_get_msg')
    buffer_size = arguments.to_int(buffer_size, 'buffer_size', 1, BUFFER_MAX)
    if not isinstance(timeout, (int, float)):
        raise TypeError('timeout must be a number, not %s' % type(timeout).__name__)
    if not timeout <= TIMEOUT_MAX:
        raise ValueError('timeout is %s; it must be at most %d' % (timeout, TIMEOUT_MAX))
    what = lib.UPP_MULE_OWN | (lib.UPP_MULE_SIGNALS if signals else 0) | (lib.UPP_MULE_FARMS if farms else 0)
    return receive(what, buffer_size, timeout)


def farm_get_msg(*ignored):
    """In a mule of a farm: waits for a message to one of its farms and returns it (bytes). None on an error (logged).

    ValueError: not in a mule, or in one without a farm.
    """
    need_mule('farm_get_msg')
    if not in_farm():
        raise ValueError('mule %d is in no farm' % lib.upp_mule_id())
    return receive(lib.UPP_MULE_FARMS, MESSAGE_MAX, -1)


def in_farm(name=None):
    """Returns True if this is a mule of the farm `name` (str or bytes; None: of any), else None."""
    wanted = None if name is None else arguments.to_c_string(name, 'farm')
    if not lib.upp_mule_id():
        return None
    farms = range(lib.upp_mule_farm_count()) if wanted is None else [lib.upp_mule_find_farm(wanted)]
    return True if any(farm >= 0 and lib.upp_mule_is_in_farm(farm, lib.upp_mule_id()) for farm in farms) else None


# -- what uWSGI calls -------------------------------------------------------------------

def run_program(what):
    """Runs --mule=PATH.py in `__main__`, or the function of --mule=MODULE:FUNCTION or PATH.py:FUNCTION."""
    if what.endswith('.py'):
        code = source.compile_file(what)
        namespace = sys.modules['__main__'].__dict__
        namespace['__file__'] = what
        exec(code, namespace)
    else:
        load = apps.load_file if '.py:' in what else apps.load_module
        load(what)()


def exit_code(error):
    """Returns the exit code of a SystemExit, after a pause if it says that the program failed."""
    code = scripts.exit_code(error)
    if code:
        time.sleep(FAILED_PAUSE)
    return code


def call_post_fork_hook():
    """Calls uwsgi.post_fork_hook; sys.exit() ends the mule, another exception is logged."""
    hook = barrier.hook('post_fork_hook')
    if hook is None:
        return
    try:
        hook()
    except SystemExit as error:
        lib.upp_mule_exit(exit_code(error))
    except BaseException:
        log.exception()


@barrier.exported(error=1)
def upp_py_mule(what):
    what = config.text(what)
    if not what.endswith('.py') and ':' not in what:
        return 0
    try:
        run_program(what)
    except SystemExit as error:
        exit_code(error)
    except BaseException:
        log.exception()
        log.info('the program %s of mule %d failed, see above' % (what, lib.upp_mule_id()))
        time.sleep(FAILED_PAUSE)
    return 1


@barrier.exported(error=1)
def upp_py_mule_message(message, length):
    hook = barrier.hook('mule_msg_hook')
    if hook is None:
        return 0
    if length >= MESSAGE_MAX:
        log.info('mule %d: a message of %d bytes or more: what is beyond is lost; uwsgi.mule_get_msg() can take more'
                 % (lib.upp_mule_id(), MESSAGE_MAX))
    barrier.call(hook, ffi.buffer(message, length)[:])
    return 1
