# SPDX-License-Identifier: MIT
"""Results that C hands over as blocks: bytes, and lists of bytes; and buffers that it fills with small ones."""
import struct
from _thread import get_ident

from _uwsgi_pypy import ffi, lib

_LENGTH = struct.Struct('=Q')
_NONE = 2 ** 64 - 1

# What fits into a buffer needs no memory of its own in C, and no second call to free it.
BUFFER_SIZE = 8192

_new_buffer = ffi.new_allocator(should_clear_after_alloc=False)
# The buffer of the thread that serves where there are no others: a constant, so the JIT knows its address and its type.
_own = _new_buffer('char[]', BUFFER_SIZE)
_owner = get_ident()
# whether a call that was interrupted, by a signal's handler or a finalizer, uses it
_own_is_used = 0
# those of other threads that nobody uses now
_buffers = []


def borrow():
    """Returns a buffer (char[BUFFER_SIZE]) that is the caller's own until give_back()."""
    global _own_is_used
    if not _own_is_used and get_ident() == _owner:
        _own_is_used = 1
        return _own
    try:
        return _buffers.pop()
    except IndexError:
        return _new_buffer('char[]', BUFFER_SIZE)


def give_back(buffer):
    global _own_is_used
    if buffer is _own:
        _own_is_used = 0
    else:
        _buffers.append(buffer)


def take(block):
    """Returns the block's bytes and frees it; None for NULL."""
    if not block:
        return None
    try:
        return ffi.unpack(block.data, block.length)
    finally:
        lib.upp_block_free(block)


def take_list(block):
    """Returns the items of a list as bytes, or None where there is none, and frees it; None for NULL."""
    data = take(block)
    if data is None:
        return None
    items = []
    position = 0
    while position < len(data):
        length, = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size
        if length == _NONE:
            items.append(None)
        else:
            items.append(data[position:position + length])
            position += length
    return items
