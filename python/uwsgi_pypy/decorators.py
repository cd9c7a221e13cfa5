# SPDX-License-Identifier: MIT
"""Makes the `uwsgidecorators` of the distribution importable.

Its package puts the file, which is plain Python, where the distribution's own
Pythons look; a virtualenv and a PyPy from elsewhere do not. It is found last:
one that is installed for this PyPy, or lies beside the application, comes
first. Nothing else of those folders becomes visible.
"""
import glob
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location

NAME = 'uwsgidecorators'

# Debian and its relatives; Fedora and its relatives
PATTERNS = ('/usr/lib/python3/dist-packages', '/usr/lib/python3*/site-packages')


class Loader(SourceFileLoader):
    """Loads a file and leaves nothing behind: no __pycache__ in a folder that is the distribution's."""

    def set_data(self, path, data, *, _mode=0o666):
        pass


class Finder:
    """A finder (PEP 451) of this one module."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != NAME:
            return None
        for pattern in PATTERNS:
            for file in sorted(glob.glob('%s/%s.py' % (pattern, NAME)), reverse=True):
                return spec_from_file_location(NAME, file, loader=Loader(NAME, file))
        return None


def install():
    """To be called once the module `uwsgi` is there, which the file imports."""
    sys.meta_path.append(Finder)
