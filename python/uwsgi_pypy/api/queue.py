# SPDX-License-Identifier: MIT
"""uWSGI's queue: a ring of slots, shared by all processes."""
from _uwsgi_pypy import lib

from . import arguments, block

# number of slots; an attribute of the module only where there is a queue
queue_size = lib.upp_queue_size()

__all__ = ('queue_get', 'queue_last', 'queue_pop', 'queue_pull', 'queue_pull_slot', 'queue_push', 'queue_set',
           'queue_slot') + (('queue_size',) if queue_size else ())


def _check_is_on():
    if not queue_size:
        raise RuntimeError('there is no queue; --queue makes one')


def _slot(slot):
    _check_is_on()
    return arguments.to_int(slot, 'slot', 0, queue_size - 1)


def queue_push(message):
    """Puts a message into the next slot. Returns True, or None: it is empty or larger than a slot."""
    _check_is_on()
    message = arguments.to_bytes(message, 'message')
    return True if lib.upp_queue_push(message, len(message)) == lib.UPP_OK else None


def queue_set(slot, message):
    """Puts a message into a slot (int). Returns True, or None: it is empty or larger than a slot."""
    slot = _slot(slot)
    message = arguments.to_bytes(message, 'message')
    return True if lib.upp_queue_set(slot, message, len(message)) == lib.UPP_OK else None


def queue_get(slot):
    """Returns the message (bytes) in a slot (int), None if it is empty. ValueError: there is no such slot."""
    return block.take(lib.upp_queue_get(_slot(slot)))


def queue_pull(*ignored):
    """Takes the oldest message (bytes), None if there is none."""
    _check_is_on()
    return block.take(lib.upp_queue_pull())


def queue_pop(*ignored):
    """Takes the newest message (bytes), None if there is none."""
    _check_is_on()
    return block.take(lib.upp_queue_pop())


def queue_last(count=0):
    """Returns the newest message (bytes or None), or a list of the `count` (int) newest, newest first."""
    _check_is_on()
    count = arguments.to_int(count, 'count', 0, arguments.INT64_MAX)
    found = block.take_list(lib.upp_queue_last(min(count or 1, queue_size)))
    return found if count else found[0]


def queue_slot(*ignored):
    """Returns the slot (int) that the next message goes to."""
    _check_is_on()
    return lib.upp_queue_slot()


def queue_pull_slot(*ignored):
    """Returns the slot (int) that the next message is pulled from."""
    _check_is_on()
    return lib.upp_queue_pull_slot()
