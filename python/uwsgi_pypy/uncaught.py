# SPDX-License-Identifier: MIT
"""The default hooks for exceptions that nobody caught: each traceback in one write.

Python's own write a traceback line by line, and many processes share uWSGI's
log: lines of others would get in between.
"""
import sys
import threading

from . import log


def excepthook(kind, value, trace):
    """sys.excepthook: logs the traceback."""
    log.exception(kind, value, trace)


def thread_excepthook(args):
    """threading.excepthook: logs the thread's name and the traceback; SystemExit ends a thread without a word."""
    if args.exc_type is SystemExit:
        return
    name = threading.get_ident() if args.thread is None else args.thread.name
    log.report('Exception in thread %s:\n%s'
               % (name, log.format_exception(args.exc_type, args.exc_value, args.exc_traceback)))


def install():
    """To be called before applications can keep the hooks."""
    sys.excepthook = sys.__excepthook__ = excepthook
    # before Python 3.8 a thread reports by itself, in one write
    if hasattr(threading, 'excepthook'):
        threading.excepthook = thread_excepthook
    # from Python 3.10 on
    if hasattr(threading, '__excepthook__'):
        threading.__excepthook__ = thread_excepthook
