# SPDX-License-Identifier: MIT
"""Results that C hands over as blocks: bytes, and lists of bytes."""
import struct

from _uwsgi_pypy import ffi, lib

_LENGTH = struct.Struct('=Q')
_NONE = 2 ** 64 - 1


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
