# SPDX-License-Identifier: MIT
"""--python-raw: a callable that serves the connections of --raw-socket."""
import os
import stat

from _uwsgi_pypy import lib

from . import apps, barrier, config, log

BLOCK = 65536

_callable = None


class Gone(Exception):
    """The client is gone; the host has logged it."""


def init():
    """Loads the callable; a failure is logged."""
    global _callable
    if config.raw_file is None:
        return
    try:
        _callable = apps.load_file(config.raw_file)
    except apps.LoadError as error:
        log.info('unable to load --python-raw %s: %s' % (config.raw_file, error))
    except BaseException:
        log.exception()
        log.info('unable to load --python-raw %s, see above' % config.raw_file)


def write(request, data):
    if data and lib.upp_request_write(request, data, len(data)) != lib.UPP_OK:
        raise Gone


def send_file(request, descriptor):
    """Sends a regular file from its start, of anything else what it has left."""
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        if status.st_size and lib.upp_request_sendfile(request, descriptor, 0, status.st_size) != lib.UPP_OK:
            raise Gone
        return
    while True:
        data = os.read(descriptor, BLOCK)
        if not data:
            return
        write(request, data)


def send(request, item):
    """Sends a buffer, or the file of a descriptor or an object with fileno(). Returns False if it is neither."""
    if isinstance(item, (bytes, bytearray, memoryview)):
        write(request, bytes(item))
    elif isinstance(item, int):
        send_file(request, item)
    elif hasattr(item, 'fileno'):
        send_file(request, item.fileno())
    else:
        return False
    return True


def respond(request, descriptor):
    result = _callable(descriptor)
    if result is None or send(request, result):
        return
    for item in result:
        if not send(request, item):
            raise TypeError('a raw callable gives bytes, descriptors or files, not %s: %.100r'
                            % (type(item).__name__, item))


def guarded(request, descriptor):
    try:
        respond(request, descriptor)
    except Gone:
        pass


def serve(request, descriptor):
    """Serves one connection. Without a callable it is closed."""
    if _callable is not None:
        barrier.call(guarded, request, descriptor)
