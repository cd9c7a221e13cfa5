# SPDX-License-Identifier: MIT
"""Compiling what users name: files, URLs and code; and --optimize."""
import functools
import linecache
import sys

from _uwsgi_pypy import ffi, lib

from . import config


def compile_text(text, name):
    """Returns the code of a text (str or bytes). SyntaxError, ValueError (a NUL in it)."""
    return compile(text, name, 'exec', dont_inherit=True, optimize=config.optimize)


def is_url(path):
    """True if uWSGI reads this (http://..., data://..., sym://...), and not the file system."""
    return bool(lib.upp_url_is_known(path.encode('utf-8', 'surrogateescape')))


def read(path):
    """Returns the bytes of a file, or of a URL of uWSGI. OSError."""
    if not is_url(path):
        with open(path, 'rb') as file:
            return file.read()
    length = ffi.new('size_t *')
    data = lib.upp_url_read(path.encode('utf-8', 'surrogateescape'), length)
    if data == ffi.NULL:
        raise OSError('%s cannot be read' % path)
    return ffi.unpack(data, length[0])


def compile_file(path):
    """Returns the code of a file. OSError, SyntaxError, ValueError."""
    return compile_text(read(path), path)


def show_lines(name, text):
    """Lets tracebacks show the lines of code that is in no file. Returns `name`."""
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    return name


def install():
    """--optimize: what `pypy3 -O` does to imported modules, which sys.flags cannot be told any more."""
    if not config.optimize:
        return
    import importlib._bootstrap_external as importer
    level = config.optimize
    find_cache = importer.cache_from_source
    to_code = importer.SourceLoader.source_to_code

    @functools.wraps(find_cache)
    def cache_from_source(path, debug_override=None, *, optimization=None):
        if debug_override is None and optimization is None:
            optimization = level
        return find_cache(path, debug_override, optimization=optimization)

    @functools.wraps(to_code)
    def source_to_code(self, data, path, *, _optimize=-1):
        return to_code(self, data, path, _optimize=level if _optimize < 0 else _optimize)

    importer.cache_from_source = cache_from_source
    importer.SourceLoader.source_to_code = source_to_code
