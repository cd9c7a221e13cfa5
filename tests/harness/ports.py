"""TCP ports for the servers that cannot be given port 0.

A port is ours while we hold the lock on its file, so parallel test processes never choose the same one; the range
lies below the kernel's ephemeral ports, so no outgoing connection takes it either.
"""

import fcntl
import os
import random
import socket
import tempfile

_RANGE = range(21000, 31000)
_LOCKS = {}


def reserve_port():
    """A port nobody listens on, reserved for this process until release_port()."""
    start = random.randrange(len(_RANGE))
    for step in range(len(_RANGE)):
        port = _RANGE[(start + step) % len(_RANGE)]
        if port not in _LOCKS and _lock(port):
            if _is_free(port):
                return port
            release_port(port)
    raise RuntimeError('no free TCP port between %d and %d' % (_RANGE.start, _RANGE.stop))


def release_port(port):
    os.close(_LOCKS.pop(port))


def _lock(port):
    name = os.path.join(tempfile.gettempdir(), 'uwsgi-test-port-%d.lock' % port)
    fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return False
    _LOCKS[port] = fd
    return True


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True
