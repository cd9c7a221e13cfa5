# SPDX-License-Identifier: MIT
"""Code of the user that runs in `__main__`: --pypy-eval, --pypy-exec, --pyrun and their like."""
import sys
import traceback

from _uwsgi_pypy import lib

from . import log, source

_evaluated = 0


class Unusable(Exception):
    """There is nothing to run; the message says why."""


def name_evaluated(code):
    """Returns a file name for the code, and lets tracebacks show its lines."""
    global _evaluated
    _evaluated += 1
    return source.show_lines('<pypy-eval %d>' % _evaluated, code)


def compiled(option, text, name=None):
    """Returns the code of a text of this name, or of the file `text`. Unusable."""
    try:
        return source.compile_file(text) if name is None else source.compile_text(text, name)
    except OSError as error:
        raise Unusable('%s: %s' % (option, error.strerror or error)) from None
    except (SyntaxError, ValueError) as error:
        # the only frames so far are the plugin's
        report = ''.join(traceback.format_exception_only(type(error), error))
        raise Unusable('%s:\n%s' % (option, report.rstrip('\n'))) from None


def execute(script):
    """Runs a config.Script in `__main__`. Unusable, or what the code raises."""
    namespace = sys.modules['__main__'].__dict__
    if not script.is_file:
        exec(compiled('--pypy-eval', script.text, name_evaluated(script.text)), namespace)
        return
    code = compiled(describe(script), script.text)
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
    except Unusable as error:
        log.info(str(error))
        lib.upp_exit(1)
    except BaseException:
        log.exception()
        log.info('%s failed, see above; not starting' % describe(script))
        lib.upp_exit(1)


def run_or_log(script):
    """After a fork: a script that fails is logged and the process goes on."""
    try:
        execute(script)
    except Unusable as error:
        log.info(str(error))
    except BaseException:
        log.exception()
        log.info('%s-post-fork failed, see above' % describe(script).partition(' ')[0])


def run_as_main(option, path):
    """Runs a file as the program of this process. Returns its exit code."""
    namespace = sys.modules['__main__'].__dict__
    try:
        code = compiled('%s %s' % (option, path), path)
        namespace['__file__'] = path
        exec(code, namespace)
    except SystemExit as error:
        return exit_code(error)
    except Unusable as error:
        log.info(str(error))
        return 1
    except BaseException:
        log.exception()
        return 1
    return 0
