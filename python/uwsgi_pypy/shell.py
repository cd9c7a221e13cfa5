# SPDX-License-Identifier: MIT
"""--pyshell: worker 1 as an interactive shell, or running code instead of serving."""
import sys

from . import config, log, source

# what uWSGI's master understands: serve from now on; stay away without a word
DE_HIJACKED_CODE = 173
QUIET_CODE = 29


def interact(namespace):
    """Reads statements from stdin until it ends, or until exit()."""
    import code
    try:
        import readline  # noqa: F401, history and editing on a terminal
    except ImportError:
        pass
    code.InteractiveConsole(namespace, '<stdin>').interact(exitmsg='')


def evaluate(text, namespace):
    exec(source.compile_text(text, source.show_lines('<pyshell>', text)), namespace)


def run():
    """Runs the shell; returns the exit code of the worker."""
    namespace = sys.modules['__main__'].__dict__
    try:
        if config.shell:
            evaluate(config.shell, namespace)
        else:
            interact(namespace)
    except SystemExit:
        pass
    except BaseException:
        log.exception()
    return DE_HIJACKED_CODE if config.shell_oneshot else QUIET_CODE
