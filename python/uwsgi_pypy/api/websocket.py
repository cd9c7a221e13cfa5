# SPDX-License-Identifier: MIT
"""Websockets (RFC 6455)."""
from _uwsgi_pypy import ffi, lib

from ..input import ClientGone
from . import arguments
from .request import exchange

__all__ = ('websocket_handshake', 'websocket_recv', 'websocket_recv_nb', 'websocket_send', 'websocket_send_binary')


def _why():
    return ffi.string(lib.upp_websocket_why()).decode()


def _header_value(value, name):
    """Returns what goes into a header, as bytes."""
    data = arguments.to_bytes(value, name, arguments.FIELD_MAX)
    if any(byte < 0x20 or byte == 0x7f for byte in data):
        raise ValueError('%s must not have control characters: %r' % (name, value))
    return data


def websocket_handshake(key='', origin='', proto=''):
    """Answers the current request with 101; from here on the connection carries messages.

    What is empty comes from the request: its Sec-WebSocket-Key, Origin, and first subprotocol (str or bytes).
    OSError: it cannot be done, or the client is gone.
    """
    current = exchange('websocket_handshake')
    key = _header_value(key, 'key')
    origin = _header_value(origin, 'origin')
    proto = _header_value(proto, 'protocol')
    if current.head_sent:
        raise OSError('unable to complete websocket handshake: the response has begun already')
    result = lib.upp_websocket_handshake(key, len(key), origin, len(origin), proto, len(proto))
    if result == lib.UPP_CANNOT:
        raise OSError('unable to complete websocket handshake: %s' % _why())
    current.hand_over()
    if result != lib.UPP_OK:
        raise ClientGone('unable to complete websocket handshake: %s' % _why())


def _check(result, name):
    if result == lib.UPP_CANNOT:
        raise RuntimeError('uwsgi.%s() needs uwsgi.websocket_handshake() first' % name)
    if result == lib.UPP_GONE:
        raise ClientGone('uwsgi.%s(): %s' % (name, _why()))


def _receive(name, wait):
    exchange(name)
    data = ffi.new('const char **')
    length = lib.upp_websocket_receive(wait, data)
    if length >= 0:
        return ffi.unpack(data[0], length) if length else b''
    if length != lib.UPP_WEBSOCKET_NOTHING:
        _check(length, name)
    return b''


def websocket_recv(*ignored):
    """Waits for the next message. Returns bytes. OSError: the websocket is closed."""
    return _receive('websocket_recv', 1)


def websocket_recv_nb(*ignored):
    """Returns the next message (bytes), b'' if none is there. OSError: the websocket is closed."""
    return _receive('websocket_recv_nb', 0)


def _send(name, message, is_binary):
    exchange(name)
    data = arguments.to_bytes(message, 'message')
    _check(lib.upp_websocket_send(data, len(data), is_binary), name)


def websocket_send(message):
    """Sends a text message (str, or bytes that are UTF-8). OSError: the websocket is closed."""
    _send('websocket_send', message, 0)


def websocket_send_binary(message):
    """Sends a binary message (bytes, or str as UTF-8). OSError: the websocket is closed."""
    _send('websocket_send_binary', message, 1)
