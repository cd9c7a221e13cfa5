# SPDX-License-Identifier: MIT
"""User locks, shared by all processes of the instance."""
from _uwsgi_pypy import lib

from . import arguments

__all__ = ('lock', 'is_locked', 'unlock')

_count = lib.upp_lock_count()


def _number(number):
    """Returns the number of a lock that exists. ValueError, TypeError."""
    try:
        return arguments.to_int(number, 'lock number', 0, _count - 1)
    except ValueError as error:
        raise ValueError('%s; --locks adds locks' % error) from None


def _check(result):
    """Returns C's answer. ValueError: there are no locks here."""
    if result == lib.UPP_CANNOT:
        raise ValueError('a spooler cannot use locks')
    return result


def lock(number=0):
    """Waits until lock `number` (int) is free, and takes it. ValueError: no such lock, or in a spooler."""
    _check(lib.upp_lock_take(_number(number)))


def is_locked(number=0):
    """Returns True if somebody holds lock `number` (int)."""
    return bool(_check(lib.upp_lock_is_held(_number(number))))


def unlock(number=0):
    """Gives lock `number` (int) back."""
    _check(lib.upp_lock_give(_number(number)))
