# SPDX-License-Identifier: MIT
"""The current request's connection as a descriptor, and connections to other servers."""
import errno
import os
import select

from _uwsgi_pypy import ffi, lib

from .. import config, log, wsgi
from . import arguments, scheduling
from .request import exchange

__all__ = ('async_connect', 'close', 'connect', 'connection_fd', 'is_connected', 'recv', 'send')

INT_MAX = 2 ** 31 - 1

# What the kernel takes as the path of a unix socket, and uWSGI of it.
PATH_MAX = 101


def _descriptor(fd):
    """Returns the descriptor; -1, which connect() returns when it failed, is none that is open. TypeError, ValueError."""
    return arguments.to_int(fd, 'descriptor', -1, INT_MAX)


def _is_of_request(fd):
    return fd >= 0 and fd == lib.upp_descriptor_of_request()


def connection_fd(*ignored):
    """Returns the descriptor (int) of the connection that the current request came on."""
    exchange('connection_fd')
    return lib.upp_descriptor_of_request()


def is_connected(fd):
    """Returns True if no error waits at the socket `fd` (int)."""
    return bool(lib.upp_descriptor_is_connected(_descriptor(fd)))


def _address(value):
    """Returns a C string that uWSGI can connect to. ValueError: it could not, or only to something else."""
    address = arguments.to_c_string(value, 'address')
    if not address:
        raise ValueError('address is empty')
    host, colon, port = address.partition(b':')
    if not colon and len(address) > PATH_MAX:
        raise ValueError('address has %d bytes; the path of a socket has at most %d' % (len(address), PATH_MAX))
    if colon and not (port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise ValueError('address must be host:port or the path of a socket, not %r' % value)
    return address


def connect(address, timeout=0):
    """Connects to 'host:port', a path or '@abstract' (str or bytes); timeout in seconds, 0: three.

    Returns the descriptor (int) of the connection, which does not block, or -1.
    """
    timeout = arguments.to_int(timeout, 'timeout', 0, INT_MAX // 1000)
    return lib.upp_descriptor_connect(_address(address), timeout, 0)


def async_connect(address):
    """Begins to connect. Returns a descriptor (int), which can be written to once it is connected, or -1."""
    return lib.upp_descriptor_connect(_address(address), 0, 1)


def _send_on_connection(data):
    current = exchange('send')
    if current.head_sent and not current.answered:
        # the response has a framing, and these bytes are of its body
        current.write(data)
        return True
    current.hand_over()
    lib.upp_descriptor_take_over()
    return True if lib.upp_descriptor_send(data, len(data)) == lib.UPP_OK else None


def _wait_until_writable(fd):
    """Waits; other requests run meanwhile if they can."""
    if config.greenlets and wsgi.running() is not None:
        scheduling.wait_fd_write(fd)
        scheduling.suspend()
        return
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    poll.poll()


def _send_all(fd, data):
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view):]
        except BlockingIOError:
            _wait_until_writable(fd)


def send(*args):
    """send(data): sends bytes on the current request's connection as they are. send(fd, data): on another one.

    data: str or bytes. Returns True when all is sent, None on an error, which is logged.
    """
    if len(args) not in (1, 2):
        raise TypeError('uwsgi.send() takes data, or a descriptor and data; %d arguments were given' % len(args))
    data = arguments.to_bytes(args[-1], 'data')
    if len(args) == 1:
        return _send_on_connection(data)
    fd = _descriptor(args[0])
    if _is_of_request(fd):
        return _send_on_connection(data)
    try:
        _send_all(fd, data)
    except OSError as error:
        log.info('uwsgi.send(): %s' % error)
        return None
    return True


def recv(fd, max_size=4096):
    """Reads up to `max_size` bytes (int) from a descriptor (int), once.

    Returns bytes; None at the end, on an error, or when nothing is there on one that does not block.
    """
    fd = _descriptor(fd)
    size = arguments.to_int(max_size, 'max_size', 1, INT_MAX)
    if _is_of_request(fd):
        buffer = ffi.new('char[]', size)
        count = lib.upp_descriptor_receive(buffer, size)
        return ffi.unpack(buffer, count) if count > 0 else None
    try:
        return os.read(fd, size) or None
    except OSError:
        return None


def close(fd):
    """Closes a descriptor (int); the current request's connection ends, as by disconnect(). Returns None."""
    fd = _descriptor(fd)
    if _is_of_request(fd):
        lib.upp_descriptor_disconnect()
        return
    try:
        os.close(fd)
    except OSError as error:
        if error.errno != errno.EBADF:
            log.info('uwsgi.close(): %s' % error)
