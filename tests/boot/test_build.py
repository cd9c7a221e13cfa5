"""Building and installing, from a copy of the sources: by make and by uWSGI itself."""

import os
import shutil
import subprocess

import pytest

from harness.server import REPOSITORY

APP = '''
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'built']
'''


def run(command, directory, **env):
    """Runs a command; returns what it wrote."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(('MAKE', 'UPP_'))}
    done = subprocess.run(command, cwd=directory, env={**kept, **env}, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope='module')
def sources(tmp_path_factory):
    """A copy of what the build needs, without anything that was built."""
    directory = tmp_path_factory.mktemp('build') / 'sources'
    directory.mkdir()
    for name in ('src', 'python', 'tools', 'stubs'):
        shutil.copytree(REPOSITORY / name, directory / name, ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('Makefile', 'uwsgiplugin.py'):
        shutil.copy(REPOSITORY / name, directory)
    return directory


@pytest.fixture(scope='module')
def made(sources):
    """The copy after `make`."""
    run(['make', '-j2', 'CFLAGS=-O0'], sources)
    return sources


@pytest.fixture(scope='module')
def built(sources, tmp_path_factory):
    """The plugin as `uwsgi --build-plugin` leaves it in the directory where it is called."""
    directory = tmp_path_factory.mktemp('build') / 'elsewhere'
    directory.mkdir()
    uwsgi = os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')
    run([uwsgi, '--build-plugin', str(sources)], directory, PYTHON='python3', CFLAGS='-O0 -w')
    return directory / 'pypy_plugin.so'


@pytest.fixture(params=['made', 'built'])
def plugin(request):
    if request.param == 'made':
        return request.getfixturevalue('made') / 'build/pypy_plugin.so'
    return request.getfixturevalue('built')


def test_it_serves(start_server, plugin):
    """Whichever way it was built."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app'}, app=APP, plugin=str(plugin))
    assert server.client().get('/').body == b'built'


def test_exports(plugin):
    """The plugin's table and the text of the setup file, and nothing else."""
    symbols = run(['nm', '-D', '--defined-only', str(plugin)], plugin.parent).split('\n')[:-1]
    assert sorted(line.split()[-1] for line in symbols) == ['pypy_plugin', 'uwsgi_pypy_setup']


def test_stack_is_not_executable(plugin):
    """An executable stack is refused by some kernels, and loosens all of uWSGI."""
    headers = run(['readelf', '-lW', str(plugin)], plugin.parent)
    assert [line.split()[-2] for line in headers.split('\n') if 'GNU_STACK' in line] == ['RW']


def test_linked_to_neither_python(plugin):
    """PyPy is loaded at run time: one plugin for every PyPy."""
    needed = run(['readelf', '-dW', str(plugin)], plugin.parent)
    assert 'python' not in needed.lower().replace('pypy_plugin', '') and 'libpypy' not in needed


def test_make_has_nothing_to_do_twice(made):
    """A second `make` neither compiles nor links, and leaves the plugin alone."""
    plugin = made / 'build/pypy_plugin.so'
    before = plugin.stat().st_mtime_ns
    assert not [line for line in run(['make', 'CFLAGS=-O0'], made).split('\n') if line.startswith('  ')]
    assert plugin.stat().st_mtime_ns == before


def test_changed_python_file_is_built_again(made):
    """The Python half is embedded: a change there is a change of the plugin."""
    (made / 'python/uwsgi_pypy/extra.py').write_text('word = "embedded a moment ago"\n')
    assert 'embedded.c' in run(['make', 'CFLAGS=-O0'], made)
    assert b'embedded a moment ago' in (made / 'build/pypy_plugin.so').read_bytes()
    (made / 'python/uwsgi_pypy/extra.py').unlink()
    run(['make', 'CFLAGS=-O0'], made)
    assert b'embedded a moment ago' not in (made / 'build/pypy_plugin.so').read_bytes()


def test_install(made, tmp_path):
    """`make install` puts the plugin where this uWSGI looks for plugins; the module's types go with it."""
    run(['make', 'CFLAGS=-O0', 'install', 'DESTDIR=%s' % tmp_path], made)
    folder = next(flag.split('"')[1] for flag in (made / 'build/gen/host.flags').read_text().split('\n')
                  if 'UWSGI_PLUGIN_DIR=' in flag)
    files = {os.path.join(root, name) for root, _, names in os.walk(tmp_path) for name in names}
    assert files == {'%s%s/pypy_plugin.so' % (tmp_path, folder),
                     '%s/usr/share/uwsgi-plugin-pypy/stubs/uwsgi.pyi' % tmp_path}


def test_plugin_by_its_name(made, tmp_path):
    """Installed, it is `--plugin pypy`."""
    run(['make', 'CFLAGS=-O0', 'install', 'DESTDIR=%s' % tmp_path, 'PLUGINDIR=/plugins'], made)
    uwsgi = os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')
    assert 'RUNS PyPy' in run([uwsgi, '--plugins-dir', str(tmp_path / 'plugins'), '--plugin', 'pypy', '--http-socket',
                               '127.0.0.1:0', '--pypy-eval',
                               'import platform, sys; print("RUNS", platform.python_implementation()); sys.exit(0)'],
                              tmp_path)
