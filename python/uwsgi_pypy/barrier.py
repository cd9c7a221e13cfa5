# SPDX-License-Identifier: MIT
"""Between exceptions and codes: nothing that Python raises gets into C.

What gets past a function that C calls is a defect of the plugin; it is logged
and becomes the function's error code. What an application's own function
raises is logged by call().
"""
import sys

from _uwsgi_pypy import ffi

from . import log


def _unexpected(kind, value, trace):
    log.exception(kind, value, trace)


def exported(error=None):
    """Connects a function to its name in the contract; `error` is what C gets if it fails."""
    def connect(function):
        if error is None:
            return ffi.def_extern(onerror=_unexpected)(function)
        return ffi.def_extern(error=error, onerror=_unexpected)(function)
    return connect


def call(function, *arguments, failed=None):
    """Calls a function of the application. Returns its result, or `failed` after logging what it raised."""
    try:
        return function(*arguments)
    except BaseException:
        log.exception()
        return failed


def hook(name):
    """Returns what the application stored as uwsgi.NAME, or None."""
    return getattr(sys.modules.get('uwsgi'), name, None)
