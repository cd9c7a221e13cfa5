"""--virtualenv and its other names: made by PyPy, made by CPython, and not there."""

import os
import subprocess

import pytest

NAMES = ['pypy-virtualenv', 'pypy-venv', 'virtualenv', 'venv', 'home', 'pyhome']

FACTS = 'import os, sys; [sys.prefix, sys.exec_prefix, os.environ.get("VIRTUAL_ENV")]'
IMPORTED = 'import pure, beside, os; [pure.name, beside.name, os.path.dirname(pure.__file__)]'


def fill(directory):
    """A package, and one that a .pth file leads to."""
    packages = next(directory.glob('lib/py*/site-packages'))
    (packages / 'pure').mkdir()
    (packages / 'pure/__init__.py').write_text('name = "pure"\ntry:\n    from ._speedups import fast\n'
                                               'except ImportError:\n    fast = None\n')
    (directory / 'beside').mkdir()
    (directory / 'beside/beside.py').write_text('name = "beside"\n')
    (packages / 'beside.pth').write_text(str(directory / 'beside') + '\n')
    return packages


def make(python, directory, *arguments):
    subprocess.check_call([python, '-m', 'venv', '--without-pip', *arguments, str(directory)])
    return directory


@pytest.fixture(scope='module')
def of_pypy(tmp_path_factory):
    directory = make('pypy3', tmp_path_factory.mktemp('pypy'))
    fill(directory)
    return directory


@pytest.fixture(scope='module')
def of_cpython(tmp_path_factory):
    directory = make('/usr/bin/python3', tmp_path_factory.mktemp('cpython'))
    packages = fill(directory)
    (packages / 'pure/_speedups.cpython-311-x86_64-linux-gnu.so').write_bytes(b'')
    (packages / 'alone.abi3.so').write_bytes(b'')
    (packages / 'library.so.3').write_bytes(b'')
    return directory


@pytest.mark.parametrize('option', NAMES)
def test_made_by_pypy(start_console, of_pypy, option):
    console = start_console({option: of_pypy})
    assert console(FACTS) == [str(of_pypy)] * 3
    assert console(IMPORTED)[:2] == ['pure', 'beside']
    assert console('sys.executable') == '%s/bin/pypy3' % of_pypy
    assert not console.server.log_lines('CPython')


@pytest.mark.parametrize('option', NAMES)
def test_made_by_cpython(start_console, of_cpython, option):
    """Its pure-Python packages are used; the log names the others, once."""
    console = start_console({option: of_cpython, 'master': True, 'processes': 2})
    assert console(FACTS) == [str(of_cpython)] * 3
    assert console(IMPORTED)[:2] == ['pure', 'beside'] and console('import pure; pure.fast') is None
    lines = console.server.log_lines('made by CPython')
    assert lines == ['--%s %s was made by CPython: its packages are used, but these compiled modules in it cannot be '
                     'loaded by PyPy: alone, pure._speedups; pypy3 -m venv makes one that has them for PyPy'
                     % (option, of_cpython)]


def test_executable_with_one_of_cpython(start_console, of_cpython):
    """It is a PyPy all the same."""
    console = start_console({'virtualenv': of_cpython})
    assert 'PyPy' in console('import subprocess, sys; subprocess.check_output('
                             '[sys.executable, "-c", "import sys; print(sys.version)"], text=True)')


def test_system_packages(start_console, tmp_path, of_cpython):
    """Those of the system are there if the virtualenv says so."""
    system = 'import sys; [p for p in sys.path if p.endswith("dist-packages")] != []'
    assert start_console({'venv': of_cpython})(system) is False
    opened = make('/usr/bin/python3', tmp_path / 'open', '--system-site-packages')
    console = start_console({'venv': opened})
    assert console(system) is True
    assert console.server.log_lines('made by CPython: its packages are used, none of which has a compiled module$')


def test_relative(start_console, of_pypy):
    """As uWSGI's own paths, from where it is."""
    console = start_console({'venv': os.path.basename(of_pypy), 'chdir': of_pypy.parent, 'pp': '.', 'wsgi': None,
                             'wsgi-file': None})
    assert console.client.get('/').status == 500
    assert not console.server.log_lines('does not fit')


def test_with_a_home(start_console, of_pypy, of_cpython):
    """--pypy-home says which PyPy, --virtualenv which packages."""
    prefix = subprocess.check_output(['pypy3', '-c', 'import sys; print(sys.prefix)'], text=True).strip()
    for virtualenv in (of_pypy, of_cpython):
        console = start_console({'pypy-home': prefix, 'virtualenv': virtualenv})
        assert console('import sys; [sys.prefix, sys.base_prefix]') == [str(virtualenv), prefix]


def test_that_is_none(launch, tmp_path):
    server = launch({'http-socket': True, 'venv': '/nowhere'}, 1)
    assert server.log_lines('^--venv /nowhere: No such file or directory; make it with pypy3 -m venv$')
    (tmp_path / 'file').write_text('')
    server = launch({'http-socket': True, 'home': tmp_path / 'file'}, 1)
    assert server.log_lines('^--home .*/file: this is not a directory; make it with pypy3 -m venv$')
