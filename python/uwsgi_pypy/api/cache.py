# SPDX-License-Identifier: MIT
"""uWSGI's caches: local ones, shared by all processes, and those of other instances.

`cache` is everywhere the name of a cache (str or bytes): None is the first
local one, 'name@address' one of another instance.
"""
from _uwsgi_pypy import ffi, lib

from . import arguments, block

__all__ = ('cache_clear', 'cache_dec', 'cache_del', 'cache_div', 'cache_exists', 'cache_get', 'cache_inc',
           'cache_keys', 'cache_mul', 'cache_num', 'cache_set', 'cache_update')

# name as str or bytes -> C's handle of a local cache; caches are never removed
_found = {}
# that of the first one, or NULL; the JIT takes it for a constant
_first = lib.upp_cache_find(ffi.NULL)

# What a packet for another instance holds besides the key and the name of the cache, at most.
_PACKET_REST = 128


def _key(key, cache):
    """Returns the key as bytes that fit. TypeError, ValueError."""
    if cache is ffi.NULL or b'@' not in cache:
        return arguments.to_bytes(key, 'key', arguments.FIELD_MAX)
    return arguments.to_bytes(key, 'key', arguments.FIELD_MAX - _PACKET_REST - len(cache))


def _cache(cache):
    """Returns the name for C. TypeError, ValueError."""
    if cache is None:
        return ffi.NULL
    return arguments.to_c_string(cache, 'cache', 1024)


def _check_is_on(cache):
    """Called when something was not found. RuntimeError: there is no cache at all."""
    if not lib.upp_cache_is_on() and (cache is ffi.NULL or b'@' not in cache):
        raise RuntimeError('there is no cache; --cache2 makes one')


def _answer(done, cache):
    """True if it was done; None is uWSGI's answer for what could not be done."""
    if done:
        return True
    _check_is_on(cache)
    return None


def _find(cache):
    """Returns the handle of a local cache, NULL if there is none of that name. TypeError, ValueError."""
    if cache is None:
        return _first
    if (type(cache) is str or type(cache) is bytes) and cache in _found:
        return _found[cache]
    handle = lib.upp_cache_find(_cache(cache))
    if handle and (type(cache) is str or type(cache) is bytes):
        _found[cache] = handle
    return handle


def _read(handle, key):
    """Returns the value of a key (bytes, at most BUFFER_SIZE) in a local cache, or None."""
    buffer = block.borrow()
    length = len(key)
    buffer[0:length] = key
    length = lib.upp_cache_read(handle, buffer, length, block.BUFFER_SIZE)
    if length >= 0:
        value = ffi.unpack(buffer, length)
    elif length == lib.UPP_CACHE_BIG:
        value = block.take(ffi.cast('struct upp_block **', buffer)[0])
    else:
        value = None
    block.give_back(buffer)
    return value


def cache_get(key, cache=None):
    """Returns the value of `key` (bytes), or None."""
    handle = _find(cache)
    if handle:
        key = arguments.to_bytes(key, 'key', arguments.FIELD_MAX)
        if len(key) <= block.BUFFER_SIZE:
            return _read(handle, key)
    cache = _cache(cache)
    key = _key(key, cache)
    found = lib.upp_cache_get(key, len(key), cache)
    if not found:
        _check_is_on(cache)
        return None
    return block.take(found)


def cache_exists(key, cache=None):
    """Returns True if `key` is there, else None."""
    cache = _cache(cache)
    key = _key(key, cache)
    return _answer(lib.upp_cache_has(key, len(key), cache), cache)


def _store(key, value, expires, cache, flags):
    cache = _cache(cache)
    key = _key(key, cache)
    value = arguments.to_bytes(value, 'value')
    expires = arguments.to_int(expires, 'expires', 0, arguments.INT64_MAX)
    return _answer(not lib.uwsgi_cache_magic_set(key, len(key), value, len(value), expires, flags, cache), cache)


def cache_set(key, value, expires=0, cache=None):
    """Stores a new key for `expires` seconds (int, 0: for ever). Returns True, or None: it is there, or does not fit."""
    return _store(key, value, expires, cache, 0)


def cache_update(key, value, expires=0, cache=None):
    """Stores a key, new or not, for `expires` seconds (int, 0: for ever). Returns True, or None: it does not fit."""
    return _store(key, value, expires, cache, lib.UPP_CACHE_REPLACE)


def cache_del(key, cache=None):
    """Removes a key. Returns True, or None: it was not there."""
    cache = _cache(cache)
    key = _key(key, cache)
    return _answer(not lib.uwsgi_cache_magic_del(key, len(key), cache), cache)


def cache_clear(cache=None):
    """Removes all keys. Returns True, or None: there is no such cache."""
    cache = _cache(cache)
    return _answer(not lib.uwsgi_cache_magic_clear(cache), cache)


def _calculate(key, operation, value, expires, cache):
    cache = _cache(cache)
    if cache is not ffi.NULL and b'@' in cache:
        raise ValueError('cache is of another instance; only those of this one can calculate')
    key = _key(key, cache)
    value = arguments.to_int(value, 'value', arguments.INT64_MIN, arguments.INT64_MAX)
    if value == 0 and operation == lib.UPP_NUMBER_DIVIDE:
        raise ValueError('value is 0; nothing can be divided by it')
    expires = arguments.to_int(expires, 'expires', 0, arguments.INT64_MAX)
    result = lib.upp_cache_calculate(key, len(key), operation, value, expires, cache)
    return _answer(result == lib.UPP_OK, cache)


def cache_inc(key, value=1, expires=0, cache=None):
    """Adds to a number, which is made if it is not there. Returns True, or None: it is no number."""
    return _calculate(key, lib.UPP_NUMBER_ADD, value, expires, cache)


def cache_dec(key, value=1, expires=0, cache=None):
    """Subtracts from a number; as cache_inc()."""
    return _calculate(key, lib.UPP_NUMBER_SUBTRACT, value, expires, cache)


def cache_mul(key, value=2, expires=0, cache=None):
    """Multiplies a number; as cache_inc()."""
    return _calculate(key, lib.UPP_NUMBER_MULTIPLY, value, expires, cache)


def cache_div(key, value=2, expires=0, cache=None):
    """Divides a number, towards zero; as cache_inc(). ValueError: value is 0."""
    return _calculate(key, lib.UPP_NUMBER_DIVIDE, value, expires, cache)


def cache_num(key, cache=None):
    """Returns the number (int) that cache_inc() and the like made, 0 if there is none."""
    cache = _cache(cache)
    key = _key(key, cache)
    number = lib.upp_cache_number(key, len(key), cache)
    if not number:
        _check_is_on(cache)
    return number


def cache_keys(cache=None):
    """Returns all keys of a local cache (list of bytes). ValueError: there is no such cache."""
    cache = _cache(cache)
    keys = block.take_list(lib.upp_cache_keys(cache))
    if keys is None:
        _check_is_on(cache)
        raise ValueError('cache is not one of this instance')
    return keys
