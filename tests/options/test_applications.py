"""Applications by other ways than a module: --eval, directories, URLs, pecan, paste."""

import pytest

SITE = '''
def application(environ, start_response):
    start_response('200 OK', [])
    return [%s]
'''


@pytest.mark.parametrize('option', ['pypy-eval-app', 'eval'])
def test_eval(start_site, option):
    """Code that defines the callable, as a module of its own."""
    server = start_site({option: SITE % '__name__.encode()'})
    assert server.client().get('/').body == b'uwsgi_eval_config'


def test_eval_with_a_callable(start_site):
    server = start_site({'eval': (SITE % 'b"mine"').replace('application', 'mine'), 'callable': 'mine'})
    assert server.client().get('/').body == b'mine'


def test_eval_that_fails(start_site):
    """The traceback shows its lines."""
    server = start_site({'eval': 'x = 1\n1 / 0'})
    server.expect_traceback('ZeroDivisionError')
    assert server.client().get('/').status == 500
    assert server.log_lines('^  File "uwsgi_eval_config", line 2') and server.log_lines('^    1 / 0$')


@pytest.mark.parametrize('option', ['pypy-module', 'module', 'wsgi'])
def test_module(start_site, option):
    assert start_site({option: 'app'}, app=SITE % 'b"module"').client().get('/').body == b'module'


@pytest.mark.parametrize('option', ['pypy-file', 'file', 'wsgi-file'])
def test_directory(start_site, option):
    """A directory is a package: its __init__.py has the application and can import what is beside it."""
    files = {'site/__init__.py': 'from . import part\n' + SITE % 'part.text', 'site/part.py': 'text = b"of the package"'}
    server = start_site({option: 'site'}, files)
    assert server.client().get('/').body == b'of the package'


def test_url(start_site):
    """What uWSGI can read, such as a command's output."""
    server = start_site({'wsgi-file': 'exec://cat app.py'}, app=SITE % 'b"url"')
    assert server.client().get('/').body == b'url'


@pytest.mark.parametrize('option', ['pypy-pecan', 'pecan'])
def test_pecan(start_site, option):
    deploy = 'def deploy(path):\n    text = open(path).read().encode()\n    ' + (SITE % 'text').strip().replace(
        '\n', '\n    ') + '\n    return application\n'
    server = start_site({option: 'config.py'}, {'pecan/__init__.py': '', 'pecan/deploy.py': deploy,
                                                'config.py': 'configured'})
    assert server.client().get('/').body == b'configured'


PASTE = '''
[app:main]
paste.app_factory = site_factory:make
text = main

[app:second]
paste.app_factory = site_factory:make
text = second

[loggers]
keys = root

[handlers]
keys = file

[formatters]
keys =

[logger_root]
level = INFO
handlers = file

[handler_file]
class = FileHandler
args = ('%(here)s/log', 'w')

[uwsgi]
need-app = true
'''
FACTORY = '''
import logging

def make(config, text):
    logging.getLogger('x').info('made ' + text)
    def application(environ, start_response):
        start_response('200 OK', [])
        return [text.encode()]
    return application
'''
FILES = {'paste.ini': PASTE, 'site_factory.py': FACTORY}


@pytest.mark.parametrize('option', ['pypy-paste-name', 'paste-name'])
def test_paste_name(start_site, tmp_path, option):
    (tmp_path / 'p.ini').write_text(PASTE)
    server = start_site({'paste': 'config:%s' % (tmp_path / 'p.ini'), option: 'second'}, FILES)
    assert server.client().get('/').body == b'second'


@pytest.mark.parametrize('option', ['pypy-paste-logger', 'paste-logger', None])
def test_paste_logger(start_site, tmp_path, option):
    """The loggers of the file are set up before the application is made."""
    (tmp_path / 'p.ini').write_text(PASTE)
    options = {'paste': 'config:%s' % (tmp_path / 'p.ini')}
    if option:
        options[option] = True
    assert start_site(options, FILES).client().get('/').body == b'main'
    assert (tmp_path / 'log').exists() == bool(option)
    assert not option or (tmp_path / 'log').read_text() == 'made main\n'


@pytest.mark.parametrize('option', ['pypy-ini-paste-logged', 'ini-paste-logged'])
def test_ini_paste_logged(start_site, option):
    server = start_site({option: 'paste.ini'}, FILES)
    assert server.client().get('/').body == b'main'
    assert (server.directory / 'log').read_text() == 'made main\n'
