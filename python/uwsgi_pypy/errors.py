# SPDX-License-Identifier: MIT
"""The exceptions of requests in progress, for uWSGI's exception hooks."""
import struct
import sys
import traceback

from _uwsgi_pypy import ffi, lib

from . import config, log

# core -> (type, value, traceback), from the raise to the end of the request
_current = {}


class HarakiriWarning(Exception):
    """uwsgi.HarakiriWarning: the request has run for longer than --pypy-soft-harakiri."""

    __module__ = 'uwsgi'

    def __init__(self, *arguments):
        # PyPy has a text of its own for what comes from another thread
        super().__init__('the request has run for %g seconds (--pypy-soft-harakiri)' % config.soft_harakiri)


# uWSGI packs the whole backtrace into a field with a 16-bit length
BACKTRACE_MAX = 60000

CLASS, MESSAGE, REPR, BACKTRACE = range(4)


def remember(core):
    """Keeps the exception being handled as that of `core`."""
    _current[core] = sys.exc_info()


def forget(core):
    _current.pop(core, None)


def status(core):
    """Returns the status of the error page for the exception of `core`: 503 where trying again may help."""
    return 503 if issubclass(_current[core][0], HarakiriWarning) else 500


def log_current(core):
    """Logs the traceback of the exception of `core`."""
    if core in _current:
        log.exception(*_current[core])


def describe(request):
    """Returns 'METHOD /path' of a struct upp_request, for a log line."""
    found = {}
    for index in range(request.variable_count):
        variable = request.variables[index]
        name = ffi.unpack(variable.name, variable.name_length)
        if name in (b'REQUEST_METHOD', b'REQUEST_URI', b'PATH_INFO'):
            found[name] = ffi.unpack(variable.value, variable.value_length).decode('latin-1')
    path = found.get(b'REQUEST_URI') or found.get(b'PATH_INFO', '')
    return '%s %s' % (found.get(b'REQUEST_METHOD', ''), ascii(path)[1:-1])


def class_name(kind):
    return '%s.%s' % (kind.__module__, kind.__qualname__)


def message_of(value):
    try:
        return str(value)
    except BaseException:
        return '<the exception cannot be shown>'


def pack(items):
    """Returns a uwsgi array: each item behind its 16-bit length."""
    data = [item.encode('utf-8', 'backslashreplace')[:4096] for item in items]
    return b''.join(struct.pack('<H', len(item)) + item for item in data)


def backtrace(trace):
    """Returns uWSGI's array of five items per frame: file, line, function, text, nothing."""
    packed = b''
    for frame in traceback.extract_tb(log.without_own_frames(trace)):
        items = pack((frame.filename, str(frame.lineno), frame.name, frame.line or '', ''))
        if len(packed) + len(items) > BACKTRACE_MAX:
            break
        packed += items
    return packed


def answer(core, which):
    """Returns what the exception hook number `which` wants to know, as bytes; None without an exception."""
    if core not in _current:
        return None
    kind, value, trace = _current[core]
    if which == BACKTRACE:
        return backtrace(trace)
    text = {CLASS: class_name(kind), MESSAGE: message_of(value),
            REPR: '%s: %s' % (kind.__name__, message_of(value))}[which]
    return text.encode('utf-8', 'backslashreplace')[:65535]


def hand_over(core, which):
    data = answer(core, which)
    if data is not None:
        lib.upp_return(data, len(data))
