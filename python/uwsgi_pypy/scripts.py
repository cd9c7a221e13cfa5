# SPDX-License-Identifier: MIT
"""--pypy-eval and --pypy-exec: code of the user, run in `__main__`."""
import linecache
import sys

from _uwsgi_pypy import lib

from . import log

_evaluated = 0


def name_evaluated(code):
    """Returns a file name for the code, and lets tracebacks show its lines."""
    global _evaluated
    _evaluated += 1
    name = '<pypy-eval %d>' % _evaluated
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    return name


def execute(script):
    """Runs a config.Script in `__main__`. Raises what the code raises."""
    namespace = sys.modules['__main__'].__dict__
    if not script.is_file:
        exec(compile(script.text, name_evaluated(script.text), 'exec', dont_inherit=True), namespace)
        return
    with open(script.text, 'rb') as file:
        code = compile(file.read(), script.text, 'exec', dont_inherit=True)
    namespace['__file__'] = script.text
    try:
        exec(code, namespace)
    finally:
        namespace.pop('__file__', None)


def describe(script):
    return '--pypy-exec %s' % script.text if script.is_file else '--pypy-eval'


def exit_code(error):
    """Returns what `python script.py` would exit with for a SystemExit."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code
    log.info(str(error.code))
    return 1


def run_or_exit(script):
    """Before the fork: a script that fails stops the start."""
    try:
        execute(script)
    except SystemExit as error:
        lib.upp_exit(exit_code(error))
    except BaseException:
        log.exception()
        log.info('%s failed, see above; not starting' % describe(script))
        lib.upp_exit(1)


def run_or_log(script):
    """After a fork: a script that fails is logged and the process goes on."""
    try:
        execute(script)
    except BaseException:
        log.exception()
        log.info('%s-post-fork failed, see above' % describe(script).partition(' ')[0])
