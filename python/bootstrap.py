# SPDX-License-Identifier: MIT
"""The first Python lines: run the setup file under its real name.

The interpreter calls this text "<init code>" and shows no lines of it in a
traceback; so it does nothing but compile the setup file with its path.
"""
import sys

from _uwsgi_pypy import ffi, lib


def read_setup():
    """Returns (text: bytes, path: str) of the setup file."""
    given = lib.upp_config().setup
    if given != ffi.NULL:
        path = ffi.string(given).decode('utf-8', 'surrogateescape')
        with open(path, 'rb') as file:
            return file.read(), path
    length = ffi.new('size_t *')
    text = lib.upp_embedded(b'pypy_setup.py', length)
    return ffi.unpack(text, length[0]), 'pypy_plugin.so/pypy_setup.py'


def run_setup():
    text, path = read_setup()
    module = type(sys)('pypy_setup')
    module.__file__ = path
    sys.modules['pypy_setup'] = module
    exec(compile(text, path, 'exec', dont_inherit=True), module.__dict__)


run_setup()
