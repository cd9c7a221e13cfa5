# SPDX-License-Identifier: MIT
"""--logger python: what uWSGI logs goes to Python's logging."""
import logging

from _uwsgi_pypy import ffi

from . import config, interpreter


def take(name, message, length):
    """One message of uWSGI's, a whole write of a process. Its last newline belongs to the log, not to the record."""
    text = ffi.unpack(message, length).decode('utf-8', 'backslashreplace')
    try:
        logging.getLogger(config.text(name)).error(text[:-1] if text.endswith('\n') else text)
    finally:
        # what a handler left in a standard stream has to leave it now
        interpreter.flush()
