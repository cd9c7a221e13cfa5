# SPDX-License-Identifier: MIT
"""--virtualenv: the packages of a virtualenv.

One that PyPy made is a home, and PyPy itself does what there is to do. One
that CPython made is of use for its packages without compiled modules.
"""
import glob
import os
import sys

from . import config, log

# the names of compiled modules that the warning lists
NAMES_MAX = 20


def activate():
    """Makes sys.prefix and sys.path what they are in the virtualenv; sys.executable is known already."""
    if config.virtualenv is not None:
        adopt(os.path.abspath(config.virtualenv))
    elif config.home_is_virtualenv:
        os.environ['VIRTUAL_ENV'] = sys.prefix


def adopt(directory):
    """A virtualenv that CPython made."""
    packages = sorted(glob.glob(os.path.join(glob.escape(directory), 'lib*', 'python3*', 'site-packages')))
    add_packages(packages, has_system_packages(directory))
    sys.prefix = sys.exec_prefix = directory
    os.environ['VIRTUAL_ENV'] = directory
    report(directory, packages)


def has_system_packages(directory):
    """What pyvenv.cfg says of include-system-site-packages."""
    try:
        with open(os.path.join(directory, 'pyvenv.cfg'), encoding='utf-8', errors='replace') as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    for line in lines:
        name, _, value = line.partition('=')
        if name.strip().lower() == 'include-system-site-packages':
            return value.strip().lower() == 'true'
    return False


def add_packages(packages, with_system_packages):
    """Puts these directories, and what their .pth files name, where the system's packages were."""
    import site
    system = [entry for entry in sys.path if entry.endswith(('site-packages', 'dist-packages'))]
    sys.path[:] = [entry for entry in sys.path if entry not in system]
    known = set()
    for directory in packages:
        if os.path.realpath(directory) not in known:  # lib64 may be a link to lib
            known.add(os.path.realpath(directory))
            site.addsitedir(directory)
    if with_system_packages:
        sys.path.extend(system)


def compiled_modules(packages):
    """Returns the names of the modules that only CPython can load."""
    names = set()
    for directory in packages:
        for folder, _, files in os.walk(directory):
            package = os.path.relpath(folder, directory).replace(os.sep, '.')
            for file in files:
                if file.endswith('.so') and ('.cpython-' in file or '.abi3.' in file):
                    name = file.partition('.')[0]
                    names.add(name if package == '.' else package + '.' + name)
    return sorted(names)


def report(directory, packages):
    compiled = compiled_modules(packages)
    shown = ', '.join(compiled[:NAMES_MAX])
    if len(compiled) > NAMES_MAX:
        shown += ' and %d more' % (len(compiled) - NAMES_MAX)
    log.info('%s %s was made by CPython: its packages are used, %s'
             % (config.virtualenv_option, directory,
                'but these compiled modules in it cannot be loaded by PyPy: %s; pypy3 -m venv makes one that has '
                'them for PyPy' % shown if compiled else 'none of which has a compiled module'))
