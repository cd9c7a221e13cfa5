# SPDX-License-Identifier: MIT
"""Legions: groups of instances that elect a lord."""
from _uwsgi_pypy import ffi, lib

from . import arguments, packet

__all__ = ('i_am_the_lord', 'lord_scroll', 'scrolls')


def check(legion):
    """Returns the legion's name (str or bytes) as bytes. RuntimeError: there are no legions."""
    name = arguments.to_c_string(legion, 'legion')
    if not lib.upp_legion_exists():
        raise RuntimeError('there is no legion; --legion adds one')
    return name


def i_am_the_lord(legion):
    """Returns True if this instance is the lord of the legion (str or bytes), else False."""
    return bool(lib.upp_legion_is_lord(check(legion)))


def read(function, name):
    """Returns what a C function found (bytes), or None."""
    length = ffi.new('size_t *')
    text = function(name, length)
    return None if text == ffi.NULL else ffi.buffer(text, length[0])[:]


def lord_scroll(legion):
    """Returns the scroll (bytes) of the lord of the legion (str or bytes), None if there is none."""
    return read(lib.upp_legion_lord_scroll, check(legion))


def scrolls(legion):
    """Returns a list of the scrolls (bytes) of the legion's nodes, None if the legion is unknown."""
    found = read(lib.upp_legion_scrolls, check(legion))
    try:
        return None if found is None else packet.decode_strings(found)
    except packet.Broken:
        return None
