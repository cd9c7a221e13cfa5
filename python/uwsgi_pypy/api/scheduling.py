# SPDX-License-Identifier: MIT
"""What requests of a server with --async can ask for."""
import math

from _uwsgi_pypy import lib

from .. import async_exchanges, config, log
from . import arguments
from .request import exchange

__all__ = ('async_sleep', 'green_schedule', 'ready_fd', 'suspend', 'wait_fd_read', 'wait_fd_write')

INT_MAX = 2 ** 31 - 1


def async_sleep(seconds):
    """Asks to go on after so many seconds (int or float, rounded up). Returns b''. Without --async it only logs."""
    exchange('async_sleep')
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError('seconds must be int or float, not %s' % type(seconds).__name__)
    if not seconds <= INT_MAX:
        raise ValueError('seconds is %r; it must be at most %d' % (seconds, INT_MAX))
    if seconds > 0:
        lib.upp_scheduling_sleep(math.ceil(seconds))
    return b''


_told = False


def _tell_of_greenlets():
    """Logs once that suspend() has no effect with --async alone."""
    global _told
    if not _told:
        _told = True
        log.info('uwsgi.suspend() lets other requests run only with --pypy-greenlets; without, yield does')


def suspend(*ignored):
    """Lets other requests run, where they can. Returns True."""
    current = exchange('suspend')
    if config.greenlets:
        async_exchanges.suspend(current)
    elif config.async_cores > 1:
        _tell_of_greenlets()
    return True


green_schedule = suspend


def _wait(name, fd, timeout, is_write):
    exchange(name)
    fd = arguments.to_int(fd, 'descriptor', 0, INT_MAX)
    timeout = arguments.to_int(timeout, 'timeout', 0, INT_MAX)
    if lib.upp_scheduling_wait(fd, timeout, is_write) != lib.UPP_OK:
        raise OSError('uwsgi.%s(): unable to wait for descriptor %d%s'
                      % (name, fd, '' if lib.upp_scheduling_is_on() else '; the server runs without --async'))
    return b''


def wait_fd_read(fd, timeout=0):
    """Asks to go on when `fd` (int) can be read, or after `timeout` seconds (int, 0: never). Returns b''. OSError."""
    return _wait('wait_fd_read', fd, timeout, 0)


def wait_fd_write(fd, timeout=0):
    """Asks to go on when `fd` (int) can be written, or after `timeout` seconds (int, 0: never). Returns b''. OSError."""
    return _wait('wait_fd_write', fd, timeout, 1)


def ready_fd(*ignored):
    """Returns the descriptor (int) that was ready when the request went on, -1 for none."""
    exchange('ready_fd')
    return lib.upp_scheduling_ready()


def environ_variables():
    """Returns what --async adds to each environ: wait_fd_*() under the names of the x-wsgiorg.fdevent draft."""
    if config.async_cores < 2:
        return {}
    return {
        'x-wsgiorg.fdevent.readable': wait_fd_read,
        'x-wsgiorg.fdevent.writable': wait_fd_write,
        'x-wsgiorg.fdevent.timeout': None,
    }
