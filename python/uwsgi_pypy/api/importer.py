# SPDX-License-Identifier: MIT
"""Importing code that is embedded into uWSGI's binary, or lies in an archive at any of uWSGI's URLs.

Finders for sys.meta_path (PEP 451, and PEP 302 for who calls the old methods).
"""
import importlib.util
import io
import sys
import zipfile

from . import arguments, data

__all__ = ('SymbolsImporter', 'SymbolsZipImporter', 'ZipImporter')


class _Importer:
    """What the three have in common; each has _find(fullname) -> (origin, is a package, source) or None."""

    __slots__ = ()

    def find_spec(self, fullname, path=None, target=None):
        """Returns the spec of the module, or None."""
        found = self._find(fullname)
        if found is None:
            return None
        origin, is_package, _ = found
        spec = importlib.util.spec_from_loader(fullname, self, origin=origin, is_package=is_package)
        if is_package:
            spec.submodule_search_locations.append(origin)
        return spec

    def find_module(self, fullname, path=None):
        """Returns the loader of the module, or None."""
        return None if self._find(fullname) is None else self

    def _get(self, fullname):
        found = self._find(fullname)
        if found is None:
            raise ImportError('there is no module %r in %r' % (fullname, self), name=fullname)
        return found

    def is_package(self, fullname):
        return self._get(fullname)[1]

    def get_source(self, fullname):
        return importlib.util.decode_source(self._get(fullname)[2])

    def get_code(self, fullname):
        origin, _, source = self._get(fullname)
        return compile(source, origin, 'exec', dont_inherit=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(module.__spec__.name), module.__dict__)

    def load_module(self, fullname):
        """Imports the module anew. ImportError: there is none."""
        self._get(fullname)
        module = importlib.util.module_from_spec(self.find_spec(fullname))
        sys.modules[fullname] = module
        try:
            self.exec_module(module)
        except BaseException:
            sys.modules.pop(fullname, None)
            raise
        return sys.modules[fullname]


class SymbolsImporter(_Importer):
    """Modules embedded one by one: package.module is the symbol _binary_package_module_py_start."""

    __slots__ = ()

    def _find(self, fullname):
        name = fullname.replace('.', '_')
        for end, is_package in (('_py', False), ('___init___py', True)):
            source = data.find_embedded(arguments.to_c_string(name + end, 'module name'))
            if source is not None:
                return 'sym://' + name + end, is_package, source
        return None


class _ArchiveImporter(_Importer):
    """Modules of a zip archive, from a folder in it on."""

    __slots__ = ('_archive', '_names', '_folder')

    scheme = 'zip'

    def _open(self, content, folder):
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self._names = frozenset(self._archive.namelist())
        self._folder = folder + '/' if folder and not folder.endswith('/') else folder

    def _find(self, fullname):
        name = self._folder + fullname.replace('.', '/')
        for path, is_package in ((name + '.py', False), (name + '/__init__.py', True)):
            if path in self._names:
                return '%s://%s' % (self.scheme, path), is_package, self._archive.read(path)
        return None


class SymbolsZipImporter(_ArchiveImporter):
    """SymbolsZipImporter('NAME[:folder]'): an archive that is embedded as NAME. ValueError: there is none."""

    __slots__ = ()

    scheme = 'symzip'

    def __init__(self, name):
        symbol, _, folder = arguments.to_c_string(name, 'symbol').partition(b':')
        self._open(data.embedded_data(symbol), folder.decode())


class ZipImporter(_ArchiveImporter):
    """ZipImporter('URL[:folder]'): an archive at a path or URL as of uwsgi.extract(). OSError, ValueError."""

    __slots__ = ()

    def __init__(self, url):
        url = arguments.to_c_string(url, 'URL')
        scheme, separator, rest = url.rpartition(b'://')
        # the folder follows the last ':', unless that is the port's
        start = rest.find(b'/') + 1 if scheme == b'http' else 0
        place, colon, folder = rest[start:].rpartition(b':')
        if not colon:
            place, folder = folder, b''
        self._open(data.read_url(scheme + separator + rest[:start] + place), folder.decode())
