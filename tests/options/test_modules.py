"""Modules and what they see: imports, aliases, sys.argv, sys.executable, --optimize, os.environ."""

import subprocess

import pytest

NOTE = 'import sys\nsys.modules.setdefault("notes", type(sys)("notes")).__dict__.setdefault("seen", []).append(%r)\n'


def noted(*names):
    return {name: NOTE % name for name in names}


SEEN = 'import sys; sys.modules["notes"].seen'


@pytest.mark.parametrize('option', ['pypy-import', 'import', 'pyimport', 'py-import', 'python-import',
                                    'pypy-shared-import', 'shared-import', 'shared-pyimport', 'shared-py-import',
                                    'shared-python-import', 'early-pyimport', 'early-python-import'])
def test_import(start_console, tmp_path, option):
    """Modules and files, in their order; a file has its path with _ as its name."""
    (tmp_path / 'far.py').write_text(NOTE % 'far')
    console = start_console({option: ['one', 'two.py', tmp_path / 'far.py']}, noted('one.py', 'two.py'))
    assert console(SEEN) == ['one.py', 'two.py', 'far']
    assert console('[name for name in ("one", "two") if name in sys.modules]') == ['one', 'two']
    name = str(tmp_path / 'far').replace('/', '_').replace('.', '_')
    assert console('sys.modules[%r].__file__' % name) == str(tmp_path / 'far.py')


@pytest.mark.parametrize('option', ['pp', 'python-path', 'pythonpath', 'early-python-path', 'early-pythonpath'])
def test_python_path(start_console, option):
    console = start_console({option: ['one', 'two']}, {'two/package.py': 'x = 7'})
    assert console('import package, sys; [sys.path[:3], package.x]') == [['.', 'one', 'two'], 7]


def test_order(start_console):
    """Shared imports, imports, the application."""
    files = noted('shared.py', 'plain.py', 'site.py')
    files['wsgi.py'] = NOTE % 'application' + 'from app import application\n'
    console = start_console({'import': 'plain', 'shared-import': 'shared', 'wsgi': 'wsgi'}, files)
    assert console(SEEN) == ['shared.py', 'plain.py', 'application']


def test_lazy(start_console):
    """Shared imports are the master's, imports each worker's own."""
    files = {name: 'import os\npid = os.getpid()\n' for name in ('shared.py', 'plain.py')}
    console = start_console({'import': 'plain', 'shared-import': 'shared', 'lazy-apps': True, 'master': True}, files)
    assert console('import os, sys; sys.modules["plain"].pid == os.getpid()') is True
    assert console('sys.modules["shared"].pid == uwsgi.masterpid()') is True


def test_import_that_fails(start_console):
    """It is logged, and the rest goes on."""
    console = start_console({'import': ['broken', 'nowhere', 'one']}, {'broken.py': '1 / 0', **noted('one.py')})
    console.server.expect_traceback('ZeroDivisionError', 'ModuleNotFoundError')
    assert console(SEEN) == ['one.py']
    assert console.server.log_lines('^unable to import broken, see above$')


@pytest.mark.parametrize('option', ['pypy-spooler-import', 'spooler-import', 'spooler-pyimport', 'spooler-py-import',
                                    'spooler-python-import'])
def test_spooler_import(start_site, tmp_path, option):
    """In the spooler alone."""
    spool = tmp_path / 'spool'
    spool.mkdir()
    source = 'import os, uwsgi\nprint("imported in", os.getpid(), uwsgi.worker_id())\n'
    server = start_site({'spooler': spool, 'master': True, option: 'task'}, {'task.py': source})
    line = server.wait_log('^imported in ')[0]
    assert len(server.log_lines('^imported in ')) == 1
    assert server.log_lines('spawned the uWSGI spooler on dir .* with pid %s$' % line.split()[2])


@pytest.mark.parametrize('option', ['pypy-module-alias', 'pymodule-alias', 'pypy-post-module-alias',
                                    'post-pymodule-alias'])
def test_alias(start_console, tmp_path, option):
    (tmp_path / 'file.py').write_text('name = __name__')
    console = start_console({option: ['other=one', 'filed=%s' % (tmp_path / 'file.py')]}, {'one.py': 'x = 7'})
    assert console('import other, one, filed; [other is one, other.x, filed.name]') == [True, 7, 'filed']
    assert console.server.log_lines('^mapped virtual pymodule "other" to real pymodule "one"$')


def test_alias_before_the_imports(start_console):
    """One kind is there for the imports, the other sees what they did."""
    files = {'one.py': 'import other\nother.seen = True\n', 'two.py': 'import sys\nseen = "one" in sys.modules\n'}
    files['plain.py'] = 'seen = False\n'
    console = start_console({'pymodule-alias': 'other=plain', 'import': 'one', 'post-pymodule-alias': 'late=two'}, files)
    assert console('import plain, late; [plain.seen, late.seen]') == [True, True]


@pytest.mark.parametrize('value', ['one', '=one', 'one='])
def test_alias_that_is_none(launch, value):
    server = launch({'http-socket': True, 'pymodule-alias': value}, 1)
    assert server.log_lines('^--pymodule-alias %s: give it as ALIAS=MODULE or ALIAS=/path/to/file.py$' % value)


def test_alias_of_nothing(launch):
    server = launch({'http-socket': True, 'pymodule-alias': 'a=nowhere'}, 1, ['ModuleNotFoundError'])
    assert server.log_lines('^--pymodule-alias a=nowhere failed, see above; not starting$')


# -- sys and os --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('option', ['pypy-argv', 'pyargv'])
def test_argv(start_console, option):
    assert start_console({option: 'one  two\tthree'})('import sys; sys.argv') == ['uwsgi', 'one', 'two', 'three']


@pytest.mark.parametrize('option', ['pypy-executable', 'py-executable', 'py-sys-executable'])
def test_executable(start_console, option):
    assert start_console({option: '/opt/my/python'})('import sys; sys.executable') == '/opt/my/python'


LEVEL = 'def documented():\n    "text"\n\n\ndef asserts():\n    assert False\n    return __debug__\n'
ASKED = '''
import level
try:
    kept = level.asserts()
except AssertionError:
    kept = "raised"
[kept, level.documented.__doc__]
'''


@pytest.mark.parametrize('option, value, expected, cache', [
    ('optimize', 0, ['raised', 'text'], ''), ('optimize', 1, [False, 'text'], '.opt-1'),
    ('optimize', 2, [False, None], '.opt-2'), ('pypy-optimize', 1, [False, 'text'], '.opt-1')])
def test_optimize(start_console, tmp_path, option, value, expected, cache):
    """Modules that are imported, also those whose plain cache is there; each level has a cache of its own."""
    (tmp_path / 'level.py').write_text(LEVEL)
    subprocess.check_call(['pypy3', '-c', 'import level'], cwd=tmp_path)
    console = start_console({option: value, 'pp': tmp_path}, env={'PYTHONDONTWRITEBYTECODE': None})
    assert console(ASKED) == expected
    assert list(tmp_path.glob('__pycache__/level.pypy*%s.pyc' % cache))


def test_optimize_a_file(start_site):
    source = 'def application(environ, start_response):\n    start_response("200 OK", [])\n    assert False\n'
    server = start_site({'wsgi-file': 'site.wsgi', 'optimize': 1}, {'site.wsgi': source + '    return [b"ok"]\n'})
    assert server.client().get('/').body == b'ok'


def test_optimize_too_much(launch):
    assert launch({'http-socket': True, 'optimize': 3}, 1).log_lines('^--optimize 3: give a number from 0 to 2$')


CHANGE = 'import ctypes; ctypes.CDLL(None).setenv(b"UPP_X", b"from C", 1)'


@pytest.mark.parametrize('option', ['pypy-reload-os-env', 'reload-os-env', None])
def test_reload_os_env(start_console, option):
    """What C code did to the environment; without the option Python does not see it."""
    files = {'wsgi.py': 'import os\nseen = os.environ.get("UPP_X")\nfrom app import application\n'}
    console = start_console({'pypy-eval': CHANGE, option or 'wsgi': True if option else 'wsgi', 'wsgi': 'wsgi'}, files)
    assert console('import wsgi; wsgi.seen') == ('from C' if option else None)


# -- options that end the start ----------------------------------------------------------------------------------------

@pytest.mark.parametrize('option', ['pypy-test', 'test'])
def test_test(launch, option):
    """No socket is needed."""
    launch({option: 'one'}, 0, files={'one.py': 'x = 1'})
    launch({option: 'one'}, 1, ['ZeroDivisionError'], files={'one.py': '1 / 0'})


@pytest.mark.parametrize('files, error', [({}, "^ModuleNotFoundError: No module named 'one'$"),
                                          ({'one.py': 'f('}, '^SyntaxError: ')], ids=['missing', 'broken'])
def test_test_without_a_frame_of_the_plugin(launch, files, error):
    """What cannot be imported at all says so, and shows nothing of the plugin."""
    server = launch({'test': 'one'}, 1, files=files)
    assert len(server.log_lines(error)) == 1
    assert not server.log_lines('pypy_plugin.so/')


@pytest.mark.parametrize('option', ['pypy-version', 'python-version'])
def test_version(launch, option):
    server = launch({option: True}, 0)
    expected = subprocess.check_output(['pypy3', '-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], text=True)
    assert server.log_lines('^%s$' % expected.strip())
