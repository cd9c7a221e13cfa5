"""The page's own example places: /opt/pypy, /opt/libs, /home/foobar, /var/www, below the test's directory."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.ports import release_port, reserve_port


@pytest.fixture(scope='session')
def pypy():
    """(library, standard library, 'X.Y', prefix) of this machine's PyPy."""
    code = 'import os, sys; print(sys.prefix, os.path.dirname(os.__file__), "%d.%d" % sys.version_info[:2])'
    prefix, stdlib, version = subprocess.check_output(['pypy3', '-c', code], text=True).split()
    ldd = subprocess.check_output(['ldd', os.path.realpath(prefix + '/bin/pypy3')], text=True)
    library = next(line.split()[2] for line in ldd.splitlines() if 'libpypy' in line)
    return Path(library), Path(stdlib), version, prefix


def copy(library, target):
    """A link would lead PyPy to where the library really is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(library, target)
    except OSError:
        subprocess.check_call(['cp', '--reflink=auto', str(library), str(target)])


@pytest.fixture
def opt(tmp_path, pypy):
    """A directory with pypy/ (a home with libpypy-c.so in it) and libs/libpypy-c.so."""
    library, stdlib, version, _ = pypy
    opt = tmp_path / 'opt'
    copy(library, opt / 'pypy/libpypy-c.so')
    copy(library, opt / 'libs/libpypy-c.so')
    (opt / 'pypy/lib').mkdir()
    (opt / 'pypy/lib' / ('pypy' + version)).symlink_to(stdlib)
    return opt


@pytest.fixture
def port():
    """':PORT', as the page writes its addresses."""
    number = reserve_port()
    yield ':%d' % number
    release_port(number)
