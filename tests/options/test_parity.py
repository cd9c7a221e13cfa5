"""The same configuration, with `plugin = python3` and with `plugin = pypy`: the same answers."""

import subprocess

import pytest

APP = '''
import json, os, sys
import uwsgi

def application(environ, start_response):
    facts = {
        'argv': sys.argv, 'name': __name__, 'greeting': os.environ.get('GREETING'),
        'shared': 'shared' in sys.modules, 'imported': 'imported' in sys.modules,
        'alias': [sys.modules[name].__name__ for name in ('other', 'late')],
        'file alias': sys.modules['filed'].x, 'beside': sys.modules['far'].x,
        'script': environ['SCRIPT_NAME'], 'path': environ['PATH_INFO'],
        'wrapper': 'wsgi.file_wrapper' in environ, 'executable': sys.executable,
        'multi': [environ['wsgi.multithread'], environ['wsgi.multiprocess']],
    }
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps(facts).encode()]
'''


def test_modules_and_their_world(parity, tmp_path):
    """Most options in one file."""
    (tmp_path / 'lib').mkdir()
    (tmp_path / 'lib/far.py').write_text('x = "far"')
    (tmp_path / 'filed.py').write_text('x = "file"')
    facts, mounted = parity('''
master = true
processes = 2
env = GREETING=hello
pythonpath = %(base)s/li*
module = site_app:application
mount = /mounted=mounted:application
single-interpreter = true
manage-script-name = true
pyargv = one two
import = imported
shared-import = shared.py
import = far
pymodule-alias = other=shared
pymodule-alias = filed=%(base)s/filed.py
post-pymodule-alias = late=imported
wsgi-disable-file-wrapper = true
wsgi-env-behaviour = holy
py-executable = /opt/python
optimize = 0
need-app = true
strict = true
''' % {'base': tmp_path}, {'site_app.py': APP, 'shared.py': '', 'imported.py': '', 'mounted.py': APP},
        targets=('/x', '/mounted/y'))
    assert facts == {
        'argv': ['uwsgi', 'one', 'two'], 'name': 'site_app', 'greeting': 'hello', 'shared': True, 'imported': True,
        'alias': ['shared', 'imported'], 'file alias': 'file', 'beside': 'far', 'script': '', 'path': '/x',
        'wrapper': False, 'executable': '/opt/python', 'multi': [False, True]}
    assert (mounted['script'], mounted['path']) == ('/mounted', '/y')


@pytest.mark.parametrize('option', ['home', 'virtualenv', 'venv', 'pyhome'])
def test_virtualenv(parity, tmp_path, option):
    """One made by CPython, as it is there before the plugin is changed."""
    subprocess.check_call(['/usr/bin/python3', '-m', 'venv', '--without-pip', str(tmp_path / 'venv')])
    packages = next(tmp_path.glob('venv/lib/python3*/site-packages'))
    (packages / 'pure').mkdir()
    (packages / 'pure/__init__.py').write_text('name = "pure"')
    app = '''
import json, pure, sys
def application(environ, start_response):
    start_response('200 OK', [])
    system = [path for path in sys.path if path.endswith('dist-packages')]
    return [json.dumps([pure.name, pure.__file__, sys.prefix, sys.exec_prefix, system]).encode()]
'''
    answer, = parity('%s = %s\nmodule = app' % (option, tmp_path / 'venv'), {'app.py': app})
    assert answer == ['pure', str(packages / 'pure/__init__.py'), str(tmp_path / 'venv'), str(tmp_path / 'venv'), []]


SAYS = '''
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'"%s"']
'''


@pytest.mark.parametrize('ini', [
    'wsgi-file = site.wsgi', 'file = site.wsgi', 'wsgi-file = directory', 'module = site_app', 'wsgi = site_app',
    'module = site_app:other', 'module = site_app\ncallable = other', 'module = site_app:factory()',
    'paste = config:%d/paste.ini', 'ini-paste = paste.ini', 'ini-paste-logged = paste.ini',
    'pecan = config.py', 'module = buffers\nwsgi-accept-buffer = true', 'module = buffers\nwsgi-accept-buffers = true',
    'module = site_app\nstart_response-nodelay = true', 'module = site_app\nwsgi-strict = true',
    'eval = %(line)s', 'module = site_app\nno-site = true',
], ids=lambda ini: ini.replace('\n', ', '))
def test_ways_to_an_application(parity, ini):
    files = {
        'site.wsgi': SAYS % 'file', 'directory/__init__.py': SAYS % 'directory',
        'site_app.py': SAYS % 'module' + SAYS.replace('application', 'other') % 'other' +
        'def factory():\n    return other\n',
        'buffers.py': SAYS.replace("b'\"%s\"'", "bytearray(b'\"buffer\"')"),
        'paste.ini': '[app:main]\npaste.app_factory = made:make\n[loggers]\nkeys=root\n[handlers]\nkeys=\n'
                     '[formatters]\nkeys=\n[logger_root]\nhandlers=\n',
        'made.py': 'def make(config):\n    from site_app import other\n    return other\n',
        'pecan/__init__.py': '', 'pecan/deploy.py': 'def deploy(path):\n    from site_app import other\n    return other\n',
        'config.py': '',
    }
    line = 'application = lambda environ, start: (start("200 OK", []), [b"1"])[1]'
    ini = ini.replace('%(line)s', line)
    assert parity(ini, files)
