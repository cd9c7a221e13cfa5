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

libpypy = text(_config.libpypy)
home = text(_config.home)
home_option = text(_config.home_option)  # what named it: '--pypy-home' or 'PYPY_HOME'
home_is_virtualenv = bool(_config.home_is_virtualenv)
virtualenv = text(_config.virtualenv)  # one that CPython made
virtualenv_option = text(_config.virtualenv_option)
executable = text(_config.executable)
argv = text(_config.argv)
optimize = _config.optimize
wsgi_module = text(_config.wsgi_module)
wsgi_file = text(_config.wsgi_file)
eval_app = text(_config.eval_app)
pecan = text(_config.pecan)
paste = text(_config.paste)
paste_name = text(_config.paste_name)
paste_logger = bool(_config.paste_logger)
callable_name = text(_config.callable)
raw_file = text(_config.raw_file)
reload_os_env = bool(_config.reload_os_env)
python_path = texts(_config.python_path)
module_aliases = texts(_config.module_aliases)
post_module_aliases = texts(_config.post_module_aliases)
imports = texts(_config.imports)
shared_imports = texts(_config.shared_imports)
spooler_imports = texts(_config.spooler_imports)
before_fork = scripts(_config.scripts)
after_fork = scripts(_config.post_fork_scripts)
test_module = text(_config.test_module)
report_version = bool(_config.report_version)
run_script = text(_config.run_script)
shell = text(_config.shell)  # '': interactive
shell_oneshot = bool(_config.shell_oneshot)
worker_override = text(_config.worker_override)
tracebacker = text(_config.tracebacker)
soft_harakiri = _config.soft_harakiri / 1000  # seconds, 0: off
slow_request = _config.slow_request / 1000  # seconds, 0: off
autoreload = _config.autoreload  # seconds, 0: off
autoreload_ignore = texts(_config.autoreload_ignore)
autoreload_watch = texts(_config.autoreload_watch)
profiler = text(_config.profiler)
gc_min = text(_config.gc_min)      # as PyPy reads it: '64M'
gc_major = text(_config.gc_major)  # '1.4'; None: PyPy's own
gc_idle = bool(_config.gc_idle)
gc_share = bool(_config.gc_share)
warmup = texts(_config.warmup)
warmup_seconds = _config.warmup_seconds
warmup_requests = _config.warmup_requests
warmup_strict = bool(_config.warmup_strict)
file_wrapper = bool(_config.file_wrapper)
head_at_once = bool(_config.head_at_once)
strict = bool(_config.strict)
accept_buffers = bool(_config.accept_buffers)
threads = _config.threads
async_cores = _config.async_cores
greenlets = bool(_config.greenlets)
processes = _config.processes
lazy_apps = bool(_config.lazy_apps)
disable_write_exception = bool(_config.disable_write_exception)
version = text(_config.version)
hostname = text(_config.hostname)
is_a_reload = bool(_config.is_a_reload)
