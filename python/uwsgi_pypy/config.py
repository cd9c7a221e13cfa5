# SPDX-License-Identifier: MIT
"""The plugin's configuration as Python values. Constant from the start."""
from _uwsgi_pypy import ffi, lib


def text(pointer, length=None):
    """Returns the C string as str (the file system's encoding, PEP 383), or None for NULL."""
    if pointer == ffi.NULL:
        return None
    data = ffi.string(pointer) if length is None else ffi.unpack(pointer, length)
    return data.decode('utf-8', 'surrogateescape')


def texts(array):
    """Returns the strings of a NULL-terminated array."""
    result = []
    while array[len(result)] != ffi.NULL:
        result.append(text(array[len(result)]))
    return result


class Script:
    """One --pypy-eval or --pypy-exec."""

    __slots__ = ('is_file', 'text')

    def __init__(self, is_file, text):
        self.is_file = is_file
        self.text = text


def scripts(array):
    """Returns the Script objects of an array that ends with a NULL text."""
    result = []
    while array[len(result)].text != ffi.NULL:
        item = array[len(result)]
        result.append(Script(bool(item.is_file), text(item.text)))
    return result


_config = lib.upp_config()

library = text(_config.library)
home = text(_config.home)
home_option = text(_config.home_option)  # what named it: '--pypy-home' or 'PYPY_HOME'
home_is_virtualenv = bool(_config.home_is_virtualenv)
wsgi_module = text(_config.wsgi_module)
wsgi_file = text(_config.wsgi_file)
paste = text(_config.paste)
callable_name = text(_config.callable)
python_path = texts(_config.python_path)
before_fork = scripts(_config.scripts)
after_fork = scripts(_config.post_fork_scripts)
file_wrapper = bool(_config.file_wrapper)
threads = _config.threads
processes = _config.processes
disable_write_exception = bool(_config.disable_write_exception)
version = text(_config.version)
hostname = text(_config.hostname)
is_a_reload = bool(_config.is_a_reload)
