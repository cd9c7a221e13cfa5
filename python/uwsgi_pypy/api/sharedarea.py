# SPDX-License-Identifier: MIT
"""uWSGI's shared areas: raw memory that all processes share, each with a lock.

`area` is everywhere the number of an area (int), from 0 on in the order of the
configuration; `position` an offset in bytes (int). Numbers have the machine's
byte order and need no alignment; they are written signed or unsigned, and read
signed.
"""
from _uwsgi_pypy import ffi, lib

from . import arguments, block

__all__ = ('sharedarea_dec32', 'sharedarea_dec64', 'sharedarea_inc32', 'sharedarea_inc64', 'sharedarea_inclong',
           'sharedarea_memoryview', 'sharedarea_object', 'sharedarea_read', 'sharedarea_read16', 'sharedarea_read32',
           'sharedarea_read64', 'sharedarea_read8', 'sharedarea_readbyte', 'sharedarea_readlong', 'sharedarea_rlock',
           'sharedarea_unlock', 'sharedarea_wlock', 'sharedarea_write', 'sharedarea_write16', 'sharedarea_write32',
           'sharedarea_write64', 'sharedarea_write8', 'sharedarea_writebyte', 'sharedarea_writelong')

# area -> its size in bytes, which never changes
_sizes = {}

# area -> what sharedarea_object() returns for it
objects = {}


def _size(area):
    """Returns the size of an area that exists. TypeError, ValueError; RuntimeError: there are none."""
    if type(area) is int and area in _sizes:
        return _sizes[area]
    count = lib.upp_sharedarea_count()
    if not count:
        raise RuntimeError('there is no shared area; --sharedarea makes one')
    area = arguments.to_int(area, 'area', 0, count - 1)
    _sizes[area] = lib.upp_sharedarea_size(area)
    return _sizes[area]


def _position(area, position, length):
    """Returns a position in `area` that has `length` bytes from there on. TypeError, ValueError, RuntimeError."""
    return arguments.to_int(position, 'position', 0, _size(area) - length)


def _check_written(result):
    if result != lib.UPP_OK:
        raise RuntimeError('this thread holds the lock of the area for reading only')


def _read(area, position, width):
    return lib.upp_sharedarea_number(area, _position(area, position, width), width)


def _write(area, position, width, value):
    position = _position(area, position, width)
    half = 1 << (8 * width - 1)
    value = arguments.to_int(value, 'value', -half, 2 * half - 1)
    if value >= half:
        value -= 2 * half
    _check_written(lib.upp_sharedarea_set(area, position, width, value))


def _add(area, position, width, value, sign):
    position = _position(area, position, width)
    half = 1 << (8 * width - 1)
    value = arguments.to_int(value, 'value', -half, half - 1)
    if value == -half:
        sign = 1  # it is its own opposite, in so many bits
    _check_written(lib.upp_sharedarea_add(area, position, width, sign * value))


def sharedarea_read(area, position, length=0):
    """Returns `length` bytes (int, 0: all that follow) from `position` on. ValueError: they are not in the area."""
    rest = _size(area) - _position(area, position, 1)
    length = arguments.to_int(length, 'length', 0, rest)
    return block.take(lib.upp_sharedarea_read(area, position, length or rest))


def sharedarea_write(area, position, data):
    """Writes bytes from `position` on. ValueError: they do not fit."""
    data = arguments.to_bytes(data, 'data')
    position = _position(area, position, len(data))
    _check_written(lib.upp_sharedarea_write(area, position, data, len(data)))


def sharedarea_read8(area, position):
    """Returns the signed number of 1 byte (int) at `position`."""
    return _read(area, position, 1)


def sharedarea_read16(area, position):
    """Returns the signed number of 2 bytes (int) at `position`."""
    return _read(area, position, 2)


def sharedarea_read32(area, position):
    """Returns the signed number of 4 bytes (int) at `position`."""
    return _read(area, position, 4)


def sharedarea_read64(area, position):
    """Returns the signed number of 8 bytes (int) at `position`."""
    return _read(area, position, 8)


def sharedarea_write8(area, position, value):
    """Writes a number (int) of 1 byte. ValueError: it has more."""
    _write(area, position, 1, value)


def sharedarea_write16(area, position, value):
    """Writes a number (int) of 2 bytes. ValueError: it has more."""
    _write(area, position, 2, value)


def sharedarea_write32(area, position, value):
    """Writes a number (int) of 4 bytes. ValueError: it has more."""
    _write(area, position, 4, value)


def sharedarea_write64(area, position, value):
    """Writes a number (int) of 8 bytes. ValueError: it has more."""
    _write(area, position, 8, value)


def sharedarea_inc32(area, position, value=1):
    """Adds to the number of 4 bytes at `position`; it wraps. Returns None, as always."""
    _add(area, position, 4, value, 1)


def sharedarea_inc64(area, position, value=1):
    """Adds to the number of 8 bytes at `position`; it wraps. Returns None, as always."""
    _add(area, position, 8, value, 1)


def sharedarea_dec32(area, position, value=1):
    """Subtracts from the number of 4 bytes at `position`; it wraps."""
    _add(area, position, 4, value, -1)


def sharedarea_dec64(area, position, value=1):
    """Subtracts from the number of 8 bytes at `position`; it wraps."""
    _add(area, position, 8, value, -1)


sharedarea_readbyte = sharedarea_read8
sharedarea_readlong = sharedarea_read64
sharedarea_writebyte = sharedarea_write8
sharedarea_writelong = sharedarea_write64
sharedarea_inclong = sharedarea_inc64


def _lock(area, for_writing):
    _size(area)
    if lib.upp_sharedarea_lock(area, for_writing) != lib.UPP_OK:
        raise RuntimeError('this thread holds the lock of the area already')


def sharedarea_rlock(area):
    """Waits until nobody writes, and keeps writers out. RuntimeError: this thread holds the lock for writing."""
    _lock(area, 0)


def sharedarea_wlock(area):
    """Waits until the area is nobody's, and takes it. RuntimeError: this thread holds its lock already."""
    _lock(area, 1)


def sharedarea_unlock(area):
    """Gives the lock back. RuntimeError: this thread does not hold it."""
    _size(area)
    if lib.upp_sharedarea_unlock(area) != lib.UPP_OK:
        raise RuntimeError('this thread does not hold the lock of the area')


def sharedarea_memoryview(area):
    """Returns the area itself, as a writable memoryview. It takes no lock."""
    size = _size(area)
    return memoryview(ffi.buffer(lib.upp_sharedarea_memory(area), size)).cast('B')


def sharedarea_object(area):
    """Returns the object that --py-sharedarea made for an area. ValueError: it made none."""
    _size(area)
    try:
        return objects[area]
    except KeyError:
        raise ValueError('area %d has no object; --py-sharedarea makes areas with one' % area) from None
