"""The `uwsgi` command of a PyPy environment.

It becomes the distribution's uWSGI, with the plugin that lies beside this
file and with this environment as --pypy-home. All arguments are uWSGI's;
--pypy-home among them, or in a configuration file, comes later and so counts.
UWSGI_BINARY names another uWSGI.
"""

import os
import signal
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
NAMES = ("uwsgi-core", "uwsgi")


def is_own(path):
    """Whether it is a command like this one, of this or of another environment."""
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def find_uwsgi():
    """The path of the first uWSGI on PATH, or None."""
    if "UWSGI_BINARY" in os.environ:
        return os.environ["UWSGI_BINARY"]
    for name in NAMES:
        for folder in os.get_exec_path():
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and os.path.isfile(path) and not is_own(path):
                return path
    return None


def main():
    """Does not return."""
    if sys.implementation.name != "pypy":
        sys.exit("uwsgi: this environment is %s's, and the plugin runs PyPy" % sys.implementation.name)
    uwsgi = find_uwsgi()
    if not uwsgi:
        sys.exit("uwsgi: no uWSGI found on PATH: install the distribution's (Debian: uwsgi-core)")
    # Python ignores these, and a program that it becomes would do so, too
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    # by its name: `plugin = pypy` in a configuration is then this one, too
    arguments = ["--plugins-dir", FOLDER, "--plugin", "pypy", "--pypy-home", sys.prefix]
    try:
        os.execv(uwsgi, [uwsgi] + arguments + sys.argv[1:])
    except OSError as error:
        sys.exit("uwsgi: cannot run %s: %s" % (uwsgi, error.strerror))
