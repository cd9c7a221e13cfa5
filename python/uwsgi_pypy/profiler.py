# SPDX-License-Identifier: MIT
"""--profiler pycall and pyline: a log line for each call, or each line, of Python code. Slow."""
import sys
import time

from . import config, log

_last = 0.0


def _delta():
    """Microseconds since the last line of the profiler."""
    global _last
    before, _last = _last, time.monotonic()
    return int((_last - before) * 1000000) if before else 0


def _is_own(frame):
    return frame.f_code.co_filename.startswith(log.OWN_FILES)


def _on_call(frame, event, argument):
    if event not in ('call', 'c_call') or _is_own(frame):
        return
    code = frame.f_code
    name = code.co_name if event == 'call' else getattr(argument, '__name__', '?')
    log.info('[uWSGI Python profiler %d] %s: %s (line %d) -> %s %d args, stacksize %d'
             % (_delta(), 'CALL' if event == 'call' else 'C CALL', code.co_filename, frame.f_lineno, name,
                code.co_argcount, code.co_stacksize))


def _on_line(frame, event, argument):
    if _is_own(frame):
        return None
    if event == 'line':
        code = frame.f_code
        log.info('[uWSGI Python profiler %d] file %s line %d: %s argc:%d'
                 % (_delta(), code.co_filename, frame.f_lineno, code.co_name, code.co_argcount))
    return _on_line


def install():
    """Profiles the calling thread, if that was asked for."""
    if config.profiler == 'pycall':
        sys.setprofile(_on_call)
    elif config.profiler == 'pyline':
        sys.settrace(_on_line)
