"""Finding PyPy: --pypy-lib, then --pypy-home or PYPY_HOME, then the distribution's; and what is said when none works."""

import os
import shutil
import subprocess

import pytest

WHERE = '''
import sys
library = next(line.split()[-1] for line in open('/proc/self/maps') if 'libpypy' in line)
answer([library, sys.prefix, sys.base_prefix])
'''


@pytest.fixture
def where(evaluate):
    """where(options): the library that was loaded, sys.prefix and sys.base_prefix."""
    return lambda options=None, **more: tuple(evaluate(WHERE, options, **more))


@pytest.fixture
def tarball(distribution, tmp_path):
    """A home with bin/libpypy3.X-c.so, as PyPy's tarballs are."""
    return distribution.home(tmp_path / 'tarball', 'bin/libpypy%s-c.so' % distribution.version)


@pytest.fixture(scope='module')
def virtualenv(tmp_path_factory):
    """Made by `pypy3 -m venv`, with one package of its own."""
    directory = tmp_path_factory.mktemp('virtualenv')
    subprocess.check_call(['pypy3', '-m', 'venv', '--without-pip', str(directory)])
    packages = next(directory.glob('lib/pypy*/site-packages'))
    (packages / 'only_here.py').write_text('name = "only here"\n')
    return directory


# -- nothing given --------------------------------------------------------------------------------------------------

def test_nothing_given(where, distribution):
    """On a machine with a distribution's PyPy no option is needed."""
    assert where() == (os.path.realpath(distribution.libpypy), str(distribution.prefix), str(distribution.prefix))


# -- a home ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('place', ['bin/libpypy3.9-c.so', 'bin/libpypy3-c.so', 'libpypy-c.so', 'libpypy3.11-c.so'])
def test_home_of_a_tarball(where, distribution, tmp_path, place):
    """HOME/bin/libpypy*-c.so and HOME/libpypy*-c.so, whatever version stands in the name."""
    home = distribution.home(tmp_path / 'home', place)
    assert where({'pypy-home': home}) == (str(home / place), str(home), str(home))


def test_home_with_a_link_to_the_library(where, distribution, tmp_path):
    """A link to a library elsewhere finds the home's standard library all the same."""
    home = distribution.home(tmp_path / 'home', 'bin/libpypy3-c.so')
    (home / 'bin/libpypy3-c.so').unlink()
    (home / 'bin/libpypy3-c.so').symlink_to(distribution.libpypy)
    assert where({'pypy-home': home})[1:] == (str(home), str(home))


def test_home_of_a_distribution(where, distribution):
    """--pypy-home /usr"""
    assert where({'pypy-home': distribution.prefix}) == where()


def test_home_with_a_slash_at_its_end(where, tarball):
    assert where({'pypy-home': '%s/' % tarball})[1] == str(tarball)


def test_home_relative_to_the_start(where, tarball, tmp_path):
    """A relative home is one of the directory that uWSGI is started in."""
    assert where({'pypy-home': '../tarball'})[1] == str(tarball)


def test_home_of_the_environment(where, tarball):
    """PYPY_HOME names a home as --pypy-home does."""
    assert where(env={'PYPY_HOME': str(tarball)})[1] == str(tarball)


def test_option_before_environment(where, tarball, distribution):
    assert where({'pypy-home': tarball}, env={'PYPY_HOME': str(distribution.prefix)})[1] == str(tarball)


def test_empty_environment_is_none(where, distribution):
    assert where(env={'PYPY_HOME': ''})[1] == str(distribution.prefix)


def test_newest_library_of_a_home(where, distribution, tarball):
    """Of several in one place, the highest version; versions are numbers, not text."""
    for name in ('libpypy3.10-c.so', 'libpypy-c.so', 'libpypy2.7-c.so'):
        distribution.copy_library(tarball / 'bin' / name)
    assert where({'pypy-home': tarball})[0] == str(tarball / 'bin/libpypy3.10-c.so')


def test_library_in_bin_before_the_one_above(where, distribution, tarball):
    distribution.copy_library(tarball / 'libpypy3.99-c.so')
    assert where({'pypy-home': tarball})[0].startswith('%s/bin/' % tarball)


# -- a virtualenv ---------------------------------------------------------------------------------------------------

def test_virtualenv(where, virtualenv, distribution):
    """`pypy3 -m venv`: its prefix, the library of the PyPy that made it."""
    assert where({'pypy-home': virtualenv}) == (
        os.path.realpath(distribution.libpypy), str(virtualenv), str(distribution.prefix))


def test_packages_of_a_virtualenv(start_server, virtualenv):
    """An application imports what is installed there."""
    server = start_server({'http-socket': True, 'pypy-home': virtualenv, 'pypy-wsgi': 'app'}, app='''
import only_here
def application(environ, start_response):
    start_response('200 OK', [])
    return [only_here.name.encode()]
''')
    assert server.client().get('/').body == b'only here'


def test_executable_of_a_virtualenv(evaluate, virtualenv):
    assert evaluate('import sys; answer(sys.executable)', {'pypy-home': virtualenv}) == '%s/bin/pypy3' % virtualenv


def test_virtualenv_of_a_tarball(where, tarball, virtualenv, tmp_path):
    """pyvenv.cfg leads to the library of the PyPy that made the virtualenv, not to the distribution's."""
    copy = tmp_path / 'copy'
    shutil.copytree(virtualenv, copy, symlinks=True)
    (copy / 'pyvenv.cfg').write_text('home = %s/bin\ninclude-system-site-packages = false\n' % tarball)
    library, prefix, base = where({'pypy-home': copy})
    assert library.startswith('%s/bin/' % tarball) and prefix == str(copy)


def test_virtualenv_made_by_cpython(make_server, tmp_path):
    """It starts, and the log says why none of its packages is there."""
    subprocess.check_call(['/usr/bin/python3', '-m', 'venv', '--without-pip', str(tmp_path / 'cpython')])
    server = make_server({'http-socket': True, 'pypy-home': tmp_path / 'cpython', 'pypy-eval': 'raise SystemExit'})
    server.launch()
    server.wait_exit()
    assert server.log_lines('made by CPython: its packages are not visible to PyPy.*pypy3 -m venv')


# -- a library ------------------------------------------------------------------------------------------------------

def test_library(where, tarball):
    """--pypy-lib alone: PyPy finds its home from where the library is."""
    library = next(tarball.glob('bin/libpypy*'))
    assert where({'pypy-lib': library}) == (str(library), str(tarball), str(tarball))


def test_library_of_the_current_directory(where, distribution, tarball):
    """The documented note: ./ in front of a file of the current directory."""
    library = next(tarball.glob('bin/libpypy*'))
    assert where({'chdir': tarball / 'bin', 'pypy-lib': './' + library.name})[1] == str(tarball)


def test_library_without_dot_slash_is_searched_by_the_linker(refused, tarball):
    """Without it the name is the dynamic linker's to find; the log says what is missing."""
    library = tarball / 'bin' / 'libpypy-here-c.so'
    next(tarball.glob('bin/libpypy*')).rename(library)
    log = refused({'chdir': tarball / 'bin', 'pypy-lib': library.name})
    assert 'libpypy-here-c.so: cannot open shared object file' in log
    assert 'Check --pypy-lib (a file of the current directory needs a leading ./)' in log


def test_library_name_of_the_linker_path(where, distribution):
    """A bare name that the dynamic linker does find."""
    assert where({'pypy-lib': distribution.libpypy.name})[0] == os.path.realpath(distribution.libpypy)


def test_library_and_home_of_different_places(where, distribution, tarball, tmp_path):
    """The documented way to mix two builds: the library of one, the home of another."""
    (tmp_path / 'libs').mkdir()
    library = distribution.copy_library(tmp_path / 'libs' / 'libpypy-c.so')
    assert where({'pypy-home': tarball, 'pypy-lib': library}) == (str(library), str(tarball), str(tarball))
    assert where({'pypy-home': distribution.prefix, 'pypy-lib': library})[1] == str(distribution.prefix)


def test_library_and_virtualenv(where, distribution, virtualenv, tarball):
    library = next(tarball.glob('bin/libpypy*'))
    assert where({'pypy-home': virtualenv, 'pypy-lib': library})[:2] == (str(library), str(virtualenv))


# -- none that works ------------------------------------------------------------------------------------------------

def test_library_that_does_not_exist(refused):
    log = refused({'pypy-lib': '/nowhere/libpypy-c.so'})
    assert '/nowhere/libpypy-c.so: no such file' in log and 'Check --pypy-lib' in log


def test_library_of_something_else(refused, tmp_path):
    """A shared library without PyPy's entry points."""
    plugin = next(iter(sorted(os.listdir('/usr/lib/uwsgi/plugins'))))
    shutil.copy(os.path.join('/usr/lib/uwsgi/plugins', plugin), tmp_path / 'libpypy3-c.so')
    log = refused({'pypy-lib': tmp_path / 'libpypy3-c.so'})
    assert 'libpypy3-c.so: ' in log and 'Check --pypy-lib' in log


def test_library_that_is_no_library(refused, tmp_path):
    (tmp_path / 'libpypy3-c.so').write_text('text')
    log = refused({'pypy-lib': tmp_path / 'libpypy3-c.so'})
    assert 'libpypy3-c.so: file too short' in log and 'Check --pypy-lib' in log


def test_home_that_does_not_exist(refused):
    assert '--pypy-home /nowhere: No such file or directory' in refused({'pypy-home': '/nowhere'})


def test_home_of_the_environment_that_does_not_exist(refused):
    assert '/nowhere: No such file or directory' in refused({}, env={'PYPY_HOME': '/nowhere'})


def test_home_without_a_standard_library(refused, tmp_path):
    """PyPy would quietly use another home; the user asked for this one."""
    log = refused({'pypy-home': tmp_path})
    assert '--pypy-home %s does not fit the library ' % tmp_path in log
    assert 'it has no standard library for it' in log


def test_home_of_another_version(refused, distribution, tmp_path):
    """A home whose standard library is for another Python than its library."""
    home = distribution.home(tmp_path / 'home', 'bin/libpypy3-c.so')
    (home / 'lib' / ('pypy' + distribution.version)).rename(home / 'lib' / 'pypy3.2')
    assert 'does not fit the library %s/bin/libpypy3-c.so (Python %s)' % (home, distribution.version) in refused(
        {'pypy-home': home})


def test_every_place_is_listed(refused, distribution, tmp_path, monkeypatch):
    """Where no PyPy is installed, the log has every place that was tried, and what to do."""
    wrapper = tmp_path / 'uwsgi-without-pypy'
    uwsgi = os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')
    wrapper.write_text('#!/bin/sh\nexec unshare --map-root-user --mount sh -c '
                       '\'mount --bind /dev/null %s && exec %s "$@"\' sh "$@"\n' % (distribution.libpypy, uwsgi))
    wrapper.chmod(0o755)
    if subprocess.run([str(wrapper), '--version'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        pytest.skip('mount namespaces are not available')
    monkeypatch.setenv('UPP_UWSGI', str(wrapper))
    home = tmp_path / 'home'
    home.mkdir()
    log = refused({'pypy-home': home})
    for place in ('%s/bin/libpypy*-c.so: no such file' % home, '%s/libpypy*-c.so: no such file' % home,
                  '%s: file too short' % distribution.libpypy, 'libpypy-c.so: cannot open shared object file'):
        assert place in log
    assert 'Install PyPy (Debian: apt-get install pypy3), or name the installation with --pypy-home' in log
