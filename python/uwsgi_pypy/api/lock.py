# SPDX-License-Identifier: MIT
"""User locks, shared by all processes of the instance."""
from _uwsgi_pypy import lib

from . import arguments

__all__ = ('lock', 'is_locked', 'unlock')


def _check(number):
    """Returns the number of a lock that exists. ValueError, TypeError."""
    if lib.upp_spooler():
        raise ValueError('a spooler cannot use locks')
    count = lib.upp_lock_count()
    if type(number) is int and 0 <= number < count:
        return number
    try:
        return arguments.to_int(number, 'lock number', 0, count - 1)
    except ValueError as error:
        raise ValueError('%s; --locks adds locks' % error) from None


def lock(number=0):
    """Waits until lock `number` (int) is free, and takes it. ValueError: no such lock, or in a spooler."""
    lib.uwsgi_user_lock(_check(number))


def is_locked(number=0):
    """Returns True if somebody holds lock `number` (int)."""
    return bool(lib.upp_lock_is_held(_check(number)))


def unlock(number=0):
    """Gives lock `number` (int) back."""
    lib.uwsgi_user_unlock(_check(number))
