# SPDX-License-Identifier: MIT
"""pypy_setup.py - the entry of the plugin's Python half.

The plugin runs this file once, in the process that will fork the workers,
before any application. What it must do:

- tell the plugin which contract it was written for (the plugin refuses another),
- make the package `uwsgi_pypy`, which is embedded in the plugin, importable,
- connect every function that the C half calls (`hooks.install`).

To change how the plugin works, print this file, edit the copy and use it:

    uwsgi --plugin pypy --print-sym uwsgi_pypy_setup 2> my_setup.py
    uwsgi --plugin pypy --pypy-setup my_setup.py ...

Everything in `uwsgi_pypy` can be imported here, replaced or wrapped, before
or after `hooks.install()`.
"""
CONTRACT = 1

import sys
from importlib.machinery import ModuleSpec

from _uwsgi_pypy import ffi, lib

lib.upp_contract(CONTRACT)


class EmbeddedImporter:
    """Finder and loader (PEP 451) of the package that is embedded in the plugin."""

    PACKAGE = 'uwsgi_pypy'
    # a path that names no file on disk, so tracebacks take their lines from get_source()
    ORIGIN = 'pypy_plugin.so/'

    @staticmethod
    def text(path):
        """Returns the embedded file as bytes, or None."""
        length = ffi.new('size_t *')
        data = lib.upp_embedded(path.encode('ascii', 'replace'), length)
        return None if data == ffi.NULL else ffi.unpack(data, length[0])

    def locate(self, fullname):
        """Returns (path, is_package) of a module, or None."""
        base = fullname.replace('.', '/')
        for path, is_package in ((base + '/__init__.py', True), (base + '.py', False)):
            if self.text(path) is not None:
                return path, is_package
        return None

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition('.')[0] != self.PACKAGE:
            return None
        found = self.locate(fullname)
        if found is None:
            return None
        return ModuleSpec(fullname, self, origin=self.ORIGIN + found[0], is_package=found[1])

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        path = self.locate(module.__name__)[0]
        module.__file__ = self.ORIGIN + path
        code = compile(self.text(path), module.__file__, 'exec', dont_inherit=True)
        exec(code, module.__dict__)

    def get_source(self, fullname):
        return self.text(self.locate(fullname)[0]).decode('utf-8')


sys.meta_path.insert(0, EmbeddedImporter())

from uwsgi_pypy import hooks

hooks.install()
