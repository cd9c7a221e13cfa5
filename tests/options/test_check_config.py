"""--pypy-check-config: what a configuration means here, without anything of it being done."""

import os
import re
import shutil
import subprocess

import pytest

from harness.server import REPOSITORY, default_plugin

BINARY = os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')


@pytest.fixture
def check(tmp_path):
    """check(lines, ...): ({line: (state, sentence)}, exit code) of a configuration."""
    def run(text, name='app.ini', section='', files=()):
        text = text if name != 'app.ini' else '[uwsgi]\n' + text
        for path, content in {**dict(files), name: text}.items():
            (tmp_path / path).write_text(content)
        process = subprocess.run([BINARY, '--plugin', default_plugin(), '--pypy-check-config', name + section],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        if not process.stdout:
            return process.stderr, process.returncode
        *lines, last = process.stdout.splitlines()
        found = [(line, *sentence.strip().split(': ', 1)) for line, sentence in zip(lines[::2], lines[1::2])]
        changed = [line for line in found if line[1] != 'the same']
        assert re.fullmatch(r'%s: %d of \d+ options mean something else with the pypy plugin'
                            % (re.escape(name + section), len(changed)), last)
        return {line: (state, sentence) for line, state, sentence in found}, process.returncode
    return run


def test_nothing_but_the_plugin(check):
    """The plugin's line is the one to change; that is no reason to fail."""
    found, code = check('plugin = python3\nmodule = app\nprocesses = 4\nhttp-socket = :0\npp = lib\nno-site = false\n')
    assert found == {'plugin = python3': ('change', 'write plugin = pypy')} and code == 0


@pytest.mark.parametrize('plugin', ['python', 'python3', 'python311', '/usr/lib/uwsgi/plugins/python3_plugin.so'])
def test_names_of_the_python_plugin(check, plugin):
    for option in ('plugin', 'plugins', 'need-plugin'):
        found, code = check('%s = %s\n' % (option, plugin))
        assert found == {'%s = %s' % (option, plugin): ('change', 'write plugin = pypy')} and code == 0


@pytest.mark.parametrize('line, state, code', [
    ('py-programname = x', 'no effect', 0), ('early-python = true', 'no effect', 0),
    ('no-site = true', 'no effect', 0), ('wsgi-env-behavior = cheat', 'no effect', 0),
    ('py-call-osafterfork = true', 'always on', 0), ('single-interpreter = true', 'always on', 0),
    ('py-sharedarea = 100', 'limited', 0), ('max-requests = 1000', 'costs more', 0), ('limit-as = 512', 'costs more', 0),
    ('web3 = app', 'refused', 1), ('pump = app', 'refused', 1), ('wsgi-lite = app', 'refused', 1),
    ('threads-stacksize = 512', 'refused', 1), ('venv = nowhere', 'refused', 1),
    ('plugin = nowhere', 'unknown', 1), ('proceses = 4', 'unknown', 1), ('no-such-thing = 1', 'unknown', 1),
])
def test_lines(check, line, state, code):
    found, exit_code = check(line + '\n')
    assert {key: value[0] for key, value in found.items()} == {line: state} and exit_code == code


@pytest.mark.parametrize('line', [
    'gevent = 100', 'asyncio = 100', 'tornado = 100', 'greenlet = true', 'gevent-monkey-patch = true',
    'gevent-early-monkey-patch = true', 'gevent-wait-for-hub = true', 'loop = gevent', 'loop = asyncio',
    'loop = tornado', 'loop = greenlet', 'plugin = gevent', 'plugin = asyncio_python3', 'plugin = greenlet', 'ugreen = true'])
def test_other_loops(check, line):
    """What stands for them here is named, as by the start, which refuses them."""
    found, code = check(line + '\n')
    (state, sentence), = found.values()
    assert (state, code) == ('refused', 1) and 'pypy-greenlets = true' in sentence


def test_async_and_threads(check):
    assert check('async = 10\n') == check('async = 1\nthreads = 4\n') == check('threads = 4\n') == ({}, 0)
    found, code = check('async = 10\nthreads = 4\n')
    assert code == 1 and found == {'async = 10': ('refused', 'async and threads exclude each other: leave one of them out')}


@pytest.mark.parametrize('line', ['loop = pypy', 'threads-stacksize = 2048', 'enable-threads = true', 'test = app',
                                  'plugin = pypy', 'profiler = pycall', 'logger = python',
                                  'req-logger = python:requests'])
def test_lines_that_mean_the_same(check, line):
    assert check(line + '\n') == ({}, 0)


def test_what_the_option_may_be(check):
    found, _ = check('proceses = 4\nwsgi-fil = app.py\nabcdefgh = 1\n')
    sentences = [sentence for _, sentence in found.values()]
    assert [sentence.rpartition('. Is it ')[2] for sentence in sentences[:2]] == ['processes?', 'wsgi-file?']
    assert 'Is it' not in sentences[2]


def test_order_of_the_path(check):
    """It matters from two on."""
    assert check('pp = one\n') == ({}, 0)
    found, code = check('pp = one\npp = two\n')
    assert {key: value[0] for key, value in found.items()} == {'pp = one': 'another order', 'pp = two': 'another order'}
    assert code == 0


def test_placeholders_and_logic(check):
    """They are no options, and not unknown; what uWSGI makes of them is looked at."""
    found, code = check('''
base = /srv
name = %(base)/site
chdir = %(name)
set-placeholder = greeting=hello
set-ph = other=1
for = one two
env = %(_)_NAME=x
endfor =
if-env = PATH
no-site = true
endif =
if-env = NO_SUCH_VARIABLE
web3 = app
endif =
declare-option = mine=processes=$1
mine = 4
''')
    assert list(found) == ['no-site = true'] and code == 0


def test_includes_and_sections(check):
    files = {'more.ini': '[uwsgi]\nno-site = true\n', 'deep.yaml': 'uwsgi:\n  pump: app\n'}
    found, code = check('ini = :other\nini = more.ini\ninclude = deep.yaml\n[other]\npy-programname = x\n', files=files)
    assert set(found) == {'py-programname = x', 'no-site = true', 'pump = app'} and code == 1
    found, code = check('web3 = app\n[good]\nno-site = true\n', section=':good')
    assert list(found) == ['no-site = true'] and code == 0


@pytest.mark.parametrize('name, text', [
    ('app.yaml', 'uwsgi:\n  plugin: python3\n  no-site: true\n  odd: 1\n'),
    ('app.yml', 'uwsgi:\n  plugin: python3\n  no-site: true\n  odd: 1\n'),
    ('app.json', '{"uwsgi": {"plugin": "python3", "no-site": true, "odd": 1}}'),
    ('app.xml', '<uwsgi><plugin>python3</plugin><no-site/><odd>1</odd></uwsgi>'),
])
def test_formats(check, name, text):
    found, code = check(text, name)
    assert {line.partition(' ')[0]: state for line, (state, _) in found.items()} == {
        'plugin': 'change', 'no-site': 'no effect', 'odd': 'unknown'} and code == 1


def test_options_of_other_plugins(check):
    """They are known once their plugin is loaded, which the same configuration does."""
    found, code = check('plugin = python3, rpc,lua51\nplugin = rpc\nlua = app.lua\n'.replace(' ', '', 1).replace(', ', ','))
    assert {state for state, _ in found.values()} == {'change'} and code == 0
    found, code = check('lua = app.lua\n')
    assert {state for state, _ in found.values()} == {'unknown'} and code == 1


def test_virtualenv(check, tmp_path):
    """The compiled modules of one that CPython made are named; also when it is given from --chdir."""
    subprocess.check_call(['/usr/bin/python3', '-m', 'venv', '--without-pip', str(tmp_path / 'venv')])
    found, code = check('virtualenv = venv\n')
    assert found['virtualenv = venv'] == ('the same', 'CPython made it, and PyPy can use all that is in it')
    packages = next(tmp_path.glob('venv/lib/python3*/site-packages'))
    (packages / 'package/deep').mkdir(parents=True)
    for name in ('fast.cpython-311-x86_64-linux-gnu.so', 'package/deep/er.abi3.so', 'library.so.1', 'package/pure.py'):
        (packages / name).write_text('')
    for line in ('virtualenv = %s\n' % (tmp_path / 'venv'), 'chdir = %s\nhome = venv\n' % tmp_path):
        found, code = check(line)
        (state, sentence), = found.values()
        assert (state, code) == ('limited', 0)
        assert sentence.endswith('cannot load these compiled modules in it: fast, package.deep.er; '
                                 'pypy3 -m venv makes one for PyPy')


def test_virtualenv_of_pypy(check, tmp_path):
    subprocess.check_call(['pypy3', '-m', 'venv', '--without-pip', str(tmp_path / 'venv')])
    assert check('venv = venv\n') == ({}, 0)


def test_nothing_is_done(check, tmp_path):
    """Neither the application, nor hooks, nor files, nor the options that uWSGI carries out as it reads them."""
    found, code = check('''
module = app
strict = true
flock = made
flock-wait = made
exec-asap = touch made
hook-asap = write:made done
pidfile = made
logto = made
daemonize = made
spooler = .
touch-reload = made
iprint = printed
exit = 3
stop = made
eval = open('made', 'w')
pypy-exec = app.py
''', files={'app.py': "open('made', 'w')"})
    assert (found, code) == ({}, 0)
    assert sorted(os.listdir(tmp_path)) == ['app.ini', 'app.py']


@pytest.mark.parametrize('name', ['nowhere.ini', 'app.txt'])
def test_no_such_file(tmp_path, name):
    (tmp_path / 'app.txt').write_text('')
    process = subprocess.run([BINARY, '--plugin', default_plugin(), '--pypy-check-config', name], cwd=tmp_path,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.returncode == 1
    assert 'nowhere.ini' in process.stdout or 'must end in .ini' in process.stdout


def test_make(tmp_path):
    """The same from a source tree; what is built is not built again."""
    if os.environ.get('UPP_PRELOAD'):
        pytest.skip('it runs without the sanitizer')
    (tmp_path / 'app.ini').write_text('[uwsgi]\nno-site = true\n')
    process = subprocess.run(['make', '-C', str(REPOSITORY), 'check-config', 'F=%s' % (tmp_path / 'app.ini'),
                              'UWSGI=' + BINARY], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.returncode == 0 and 'no-site = true\n    no effect: ' in process.stdout, process.stdout
