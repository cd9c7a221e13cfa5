# SPDX-License-Identifier: MIT
"""Writing to uWSGI's log, one record in one write."""
import sys
import traceback

from _uwsgi_pypy import lib

# how the paths of the plugin's embedded files begin
OWN_FILES = 'pypy_plugin.so/'


def info(message):
    """Logs one line (str)."""
    data = message.encode('utf-8', 'backslashreplace')
    lib.upp_log(data, len(data))


def without_own_frames(trace):
    """Returns the traceback from the first frame that is not the plugin's, if there is one."""
    first = trace
    while first is not None and first.tb_frame.f_code.co_filename.startswith(OWN_FILES):
        first = first.tb_next
    return first or trace


def is_of_import(kind, trace):
    """True if a module was not found or not understood: then the only frames are the plugin's, which say nothing."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(OWN_FILES):
        trace = trace.tb_next
    return trace is None and issubclass(kind, (ImportError, SyntaxError))


def format_exception(kind, value, trace):
    """Returns the traceback as str, also when the exception cannot show itself."""
    trace = without_own_frames(trace)
    try:
        return ''.join(traceback.format_exception(kind, value, trace))
    except BaseException:
        frames = ''.join(traceback.format_tb(trace))
        return 'Traceback (most recent call last):\n%s%s: <the exception cannot be shown>\n' % (frames, kind.__name__)


def report(text):
    """Writes whole lines (str) to sys.stderr, where applications that replace it want them."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BaseException:
        # an application may have replaced or closed sys.stderr
        info(text.rstrip('\n'))


def exception(kind=None, value=None, trace=None):
    """Logs the traceback of the exception given, or of the one being handled, through sys.stderr."""
    if kind is None:
        kind, value, trace = sys.exc_info()
    report(format_exception(kind, value, trace))
