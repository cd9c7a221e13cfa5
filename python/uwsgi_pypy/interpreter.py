# SPDX-License-Identifier: MIT
"""What `pypy3 script.py` does at its start and an embedded interpreter does not.

Streams, encodings, sys.argv, sys.executable, PYTHONPATH and `__main__`; and
the check that the home fits the library.
"""
import atexit
import io
import os
import sys

from _uwsgi_pypy import ffi, lib

from . import config, log, source, uncaught, virtualenv


def open_stream(descriptor, name):
    """Returns a text stream that writes whole lines, and never fails on a character."""
    raw = io.FileIO(descriptor, 'w', closefd=False)
    raw.name = name
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=sys.getfilesystemencoding(), errors='backslashreplace',
                            line_buffering=True)


def set_streams():
    sys.stdout = sys.__stdout__ = open_stream(1, '<stdout>')
    sys.stderr = sys.__stderr__ = open_stream(2, '<stderr>')


def set_encoding():
    initialise = getattr(sys, 'pypy_initfsencoding', None)
    if initialise is not None:
        initialise()


def refuse(message):
    log.info(message)
    lib.upp_exit(1)


def check_home():
    """Refuses a home whose standard library is not the one in use.

    With a home that has nothing for it, PyPy quietly falls back to the place
    of its library, and the user's packages are not there.
    """
    if config.home is None:
        return
    home = os.path.realpath(config.home)
    prefix = os.path.realpath(sys.prefix)
    if prefix != '/' and (home == prefix or home.startswith(prefix + '/')):
        check_virtualenv_packages()
        return
    refuse('%s %s does not fit the library %s (Python %d.%d): it has no standard library for it, and PyPy '
           'fell back to %s. Name a home of the same PyPy version, or its library with --pypy-lib'
           % (config.home_option, config.home, config.libpypy, sys.version_info[0], sys.version_info[1], sys.prefix))


def check_virtualenv_packages():
    """A virtualenv made by CPython is no home: none of its packages can be found."""
    if not config.home_is_virtualenv:
        return
    library = os.path.join(config.home, 'lib')
    names = os.listdir(library) if os.path.isdir(library) else []
    if any(name.startswith('python') for name in names) and not any(name.startswith('pypy') for name in names):
        if not os.path.isdir(os.path.join(config.home, 'site-packages')):
            log.info('%s %s was made by CPython: its packages are not visible to PyPy; make it again with '
                     'pypy3 -m venv, or name it with --virtualenv' % (config.home_option, config.home))


def find_executable():
    """Returns the path of an interpreter program of this installation, or '' (PEP 587's "not known")."""
    version = '%d.%d' % sys.version_info[:2]
    for prefix in (sys.prefix, sys.base_prefix, sys.base_prefix + '/..'):
        # pypy3-c: the only name in the prefix of Debian 11's PyPy
        for name in ('pypy3', 'pypy' + version, 'pypy', 'python3', 'python', 'pypy3-c'):
            path = os.path.join(prefix, 'bin', name)
            if os.access(path, os.X_OK):
                return os.path.normpath(path)
    return ''


def set_path():
    """'.' first, as uWSGI does, then --python-path in its order, then PYTHONPATH."""
    entries = ['.']
    for pattern in config.python_path:
        entries.extend(expand(pattern))
    entries.extend(entry for entry in os.environ.get('PYTHONPATH', '').split(os.pathsep) if entry)
    sys.path[:0] = [entry for index, entry in enumerate(entries) if entry not in entries[:index]]


def expand(pattern):
    """Returns the matches of a glob, or the pattern itself when nothing matches."""
    if not any(character in pattern for character in '*?['):
        return [pattern]
    import glob
    return sorted(glob.glob(pattern)) or [pattern]


def set_flags():
    """PYTHONDONTWRITEBYTECODE and PYTHONWARNINGS, which only the program `pypy3` reads."""
    if os.environ.get('PYTHONDONTWRITEBYTECODE'):
        sys.dont_write_bytecode = True
    options = [option for option in os.environ.get('PYTHONWARNINGS', '').split(',') if option]
    if options:
        import warnings
        sys.warnoptions.extend(options)
        warnings._processoptions(options)


def set_main():
    main = type(sys)('__main__')
    main.__builtins__ = __builtins__
    sys.modules['__main__'] = main


def set_arguments():
    sys.argv = [config.run_script or 'uwsgi'] + (config.argv or '').split()
    sys.executable = find_executable() if config.executable is None else config.executable


def refresh_environment():
    """Brings os.environ up to date with the environment of the process, which C code may have changed."""
    environment = lib.upp_environment()
    index = 0
    while environment[index] != ffi.NULL:
        name, equals, value = ffi.string(environment[index]).partition(b'=')
        index += 1
        if name and equals and os.environb.get(name) != value:
            os.environb[name] = value


def prepare():
    """Makes the interpreter what applications expect. Once, before any of their code."""
    set_encoding()
    set_streams()
    uncaught.install()
    check_home()
    set_arguments()
    virtualenv.activate()
    source.install()
    set_path()
    set_flags()
    set_main()


def run_exit_functions():
    """What atexit has, and what is left of a line. It logs each exception, and raises the last one again."""
    try:
        atexit._run_exitfuncs()
    except BaseException:
        pass
    flush()


def flush():
    """Writes out what is left of a line; errors have nowhere to go."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
