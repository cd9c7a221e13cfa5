# SPDX-License-Identifier: MIT
"""The variables of a uwsgi packet: key and value, each with its length in 16 bits (little endian) in front."""
import struct

from . import arguments

_LENGTH = struct.Struct('<H')
_HEADER = struct.Struct('<BHB')

HEADER_SIZE = _HEADER.size


class Broken(Exception):
    """The bytes are not what they should be; the message says in which way."""


def encode(variables):
    """Returns the packet's bytes, without a header, of a dict bytes -> bytes."""
    parts = []
    for key, value in variables.items():
        parts += (_LENGTH.pack(len(key)), key, _LENGTH.pack(len(value)), value)
    return b''.join(parts)


def decode_strings(data):
    """Returns the strings (bytes) that follow each other in `data`. Broken."""
    found = []
    position = 0
    while position < len(data):
        start = position + 2
        if start > len(data):
            raise Broken('a length is cut off at byte %d' % position)
        position = start + _LENGTH.unpack(data[start - 2:start])[0]
        if position > len(data):
            raise Broken('the string at byte %d is longer than what is there' % start)
        found.append(data[start:position])
    return found


def decode(data):
    """Returns the variables as a dict bytes -> bytes. Broken."""
    strings = decode_strings(data)
    if len(strings) % 2:
        raise Broken('the last key has no value')
    return dict(zip(strings[::2], strings[1::2]))


def decode_file(data):
    """Splits a file into (modifier1, variables, what follows them). Broken."""
    if len(data) < HEADER_SIZE:
        raise Broken('it has no header')
    modifier, length, _ = _HEADER.unpack(data[:HEADER_SIZE])
    end = HEADER_SIZE + length
    if end > len(data):
        raise Broken('it ends after %d of %d bytes' % (len(data), end))
    return modifier, data[HEADER_SIZE:end], data[end:]


def to_field(value, name):
    """Returns a key or value (str, bytes-like or a number) as bytes of at most 65535. TypeError, ValueError."""
    if isinstance(value, (int, float)):
        value = str(value)
    return arguments.to_bytes(value, name, arguments.FIELD_MAX)
