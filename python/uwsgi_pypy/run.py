# SPDX-License-Identifier: MIT
"""Processes that do something else than serve: --pyrun, --test, --python-version, --python-worker-override."""
import os
import sys

from _uwsgi_pypy import lib

from . import config, interpreter, log, scripts


def report_and_exit():
    """--python-version and --test end the process here."""
    if config.report_version:
        print('%d.%d.%d' % sys.version_info[:3])
        interpreter.flush()
        lib.upp_exit(0)
    if config.test_module is not None:
        lib.upp_exit(import_succeeds(config.test_module))


def import_succeeds(name):
    """Returns the exit code of --test: 0, or 1 after logging why the module cannot be imported."""
    try:
        __import__(name)
    except BaseException:
        kind, value, trace = sys.exc_info()
        log.exception(kind, value, None if log.is_of_import(kind, trace) else trace)
        return 1
    return 0


def script():
    """--pyrun: runs the script as `pypy3 SCRIPT` does. Returns its exit code."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(config.run_script)))
    return scripts.run_as_main('--pyrun', config.run_script)


def worker_override():
    """--python-worker-override: runs the script instead of serving. Returns its exit code."""
    return scripts.run_as_main('--python-worker-override', config.worker_override)
