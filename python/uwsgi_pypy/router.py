# SPDX-License-Identifier: MIT
"""Functions that uWSGI's routers ask where to send a request (--http-use-code-string and its like)."""
import sys

from _uwsgi_pypy import ffi

from . import barrier, config, fork, log, modules


def find(module, file):
    """Returns the module of this name; the first time it is imported, or else made of the file."""
    if module in sys.modules:
        return sys.modules[module]
    try:
        __import__(module)
        return sys.modules[module]
    except ImportError:
        return modules.load_file(module, file)


def call(module, file, function, key):
    target = getattr(find(module, file), function, None)
    if target is None:
        log.info('function %s not available in %s' % (function, file))
        return None
    return target(key)


def ask(module, file, function, key, length, address, size):
    """Writes the address that the function gives for the key (bytes). Returns its length, 0: none."""
    fork.in_new_process()
    found = barrier.call(call, config.text(module), config.text(file), config.text(function), ffi.unpack(key, length))
    if isinstance(found, str):
        found = found.encode('utf-8', 'surrogateescape')
    if not isinstance(found, bytes):
        return 0
    if len(found) > size or b'\0' in found:
        log.info('%.300r is no address' % found)
        return 0
    ffi.memmove(address, found, len(found))
    return len(found)
