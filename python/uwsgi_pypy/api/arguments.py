# SPDX-License-Identifier: MIT
"""What applications hand to uWSGI's functions, checked and made fit for C.

Every error names the argument, what it was and what it may be.
"""
import socket

from _uwsgi_pypy import lib

# a field of a uwsgi packet has a 16-bit length
FIELD_MAX = 65535

INT64_MIN = -2 ** 63
INT64_MAX = 2 ** 63 - 1
# uWSGI takes so much of the path of a unix socket, or of its name behind an "@"
UNIX_PATH_MAX = 102
UNIX_NAME_MAX = 101


def _encode(value, name):
    """Returns str as UTF-8, with the bytes that os.fsdecode() and the like have put into it. ValueError."""
    try:
        return value.encode('utf-8', 'surrogateescape')
    except UnicodeEncodeError as error:
        raise ValueError('%s has %s at index %d, which is no character and not in UTF-8'
                         % (name, ascii(value[error.start]), error.start)) from None


def to_bytes(value, name, most=None):
    """Returns `value` (str as UTF-8, or bytes-like) as bytes of at most `most`. TypeError, ValueError."""
    if isinstance(value, str):
        data = _encode(value, name)
    elif type(value) is bytes:
        data = value
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
    else:
        raise TypeError('%s must be str or bytes, not %s' % (name, type(value).__name__))
    if most is not None and len(data) > most:
        raise ValueError('%s has %d bytes; at most %d are possible' % (name, len(data), most))
    return data


def to_c_string(value, name, most=None):
    """As to_bytes(), for a NUL-terminated string: a NUL inside is a ValueError."""
    data = to_bytes(value, name, most)
    if b'\0' in data:
        raise ValueError('%s must not have a NUL byte' % name)
    return data


def to_int(value, name, low, high):
    """Returns `value` (int) if it is from `low` to `high`, both included. TypeError, ValueError."""
    try:
        # as it is, if it is one: every call of the API comes through here
        number = value if type(value) is int else value.__index__()
    except AttributeError:
        raise TypeError('%s must be int, not %s' % (name, type(value).__name__)) from None
    if not low <= number <= high:
        raise ValueError('%s is %d; it must be from %d to %d' % (name, number, low, high))
    return number


def check_request(result, function):
    """Returns what a C function gave, unless it was UPP_CANNOT: there is no current request. RuntimeError."""
    if result == lib.UPP_CANNOT:
        raise RuntimeError('uwsgi.%s() works on the current request, and there is none' % function)
    return result


def to_callable(value, name):
    """Returns `value` if it can be called. TypeError."""
    if not callable(value):
        raise TypeError('%s must be callable, not %s' % (name, type(value).__name__))
    return value


def _is_ip_address(host):
    try:
        socket.inet_aton(host.decode('ascii'))
    except (OSError, UnicodeDecodeError):
        return False
    return True


def to_node(value, name):
    """Returns the address of another instance as a C string: IPV4:PORT, :PORT, a unix socket's path or @NAME.

    TypeError; ValueError for what uWSGI would cut, or not find because it looks up no host names.
    """
    node = to_c_string(value, name)
    host, colon, port = node.partition(b':')
    if colon:
        if host and not _is_ip_address(host):
            raise ValueError('%s %r must be IPV4:PORT or the path of a unix socket; host names are not looked up'
                             % (name, node.decode('utf-8', 'replace')))
        if not port.isdigit() or not 1 <= int(port) <= 65535:
            raise ValueError('%s %r needs a port from 1 to 65535' % (name, node.decode('utf-8', 'replace')))
        return node
    if not node:
        raise ValueError('%s must not be empty' % name)
    if node[:1] == b'@':
        to_bytes(node[1:], name, UNIX_NAME_MAX)
    else:
        to_bytes(node, name, UNIX_PATH_MAX)
    return node
