"""How an application is named and found."""

import pytest

from harness import FRONTS, Client, assert_internal_error

SAYS = '''
def make(text):
    def application(environ, start_response):
        body = ' '.join([text, __name__, environ['SCRIPT_NAME'], environ['PATH_INFO']]).encode('latin-1')
        start_response('200 OK', [('Content-Length', str(len(body)))])
        return [body]
    return application
'''


def saying(text, name='application'):
    """The source of a module whose application says this text, its module's name, SCRIPT_NAME and PATH_INFO."""
    return SAYS + '%s = make(%r)\n' % (name, text)


@pytest.fixture
def start(start_server):
    """start({option: value}, {file: source}): over HTTP, ready to be asked."""
    def start(options, files, **more):
        return start_server({'http-socket': True, **options}, files=files, **more)
    return start


def get(server, target='/'):
    response = server.client().get(target)
    assert (response.status, response.complete) == (200, True), response
    return response.text


# -- one application ---------------------------------------------------------------------------------------------------

PACKAGE = {
    'myapp.py': saying('module') + saying('other', 'other') + '''
def factory():
    return make('made')

class Holder:
    application = staticmethod(make('held'))

    @staticmethod
    def build():
        return make('built')
''',
    'package/__init__.py': '',
    'package/module.py': saying('deep') + 'def factory():\n    return make("made deep")\n',
}


@pytest.mark.parametrize('name, text', [
    ('myapp', 'module myapp  /'),
    ('myapp:application', 'module myapp  /'),
    ('myapp:other', 'other myapp  /'),
    ('myapp:factory()', 'made myapp  /'),
    ('package.module', 'deep package.module  /'),
    ('package.module:application', 'deep package.module  /'),
    ('package.module:factory()', 'made deep package.module  /'),
])
def test_module(start, name, text):
    assert get(start({'pypy-wsgi': name}, PACKAGE)) == text


def test_callable(start):
    assert get(start({'pypy-wsgi': 'myapp', 'callable': 'other'}, PACKAGE)) == 'other myapp  /'


def test_wsgi_file(start):
    """The file is a module of its own, named after it."""
    server = start({'pypy-wsgi-file': 'my-site.wsgi'}, {'my-site.wsgi': saying('file')})
    text, module, _, path = get(server, '/x').split(' ')
    assert (text, path) == ('file', '/x') and module.startswith('uwsgi_file_') and 'my' in module


def test_wsgi_file_with_a_callable(start):
    server = start({'pypy-wsgi-file': 'site.wsgi', 'callable': 'other'}, {'site.wsgi': saying('other', 'other')})
    assert get(server).startswith('other ')


def test_wsgi_file_knows_its_file(start):
    source = 'import os\nhere = os.path.basename(__file__)\n' + SAYS + 'application = make(here)\n'
    assert get(start({'pypy-wsgi-file': 'site.wsgi'}, {'site.wsgi': source})).startswith('site.wsgi ')


def test_wsgi_file_by_an_absolute_path(start, tmp_path):
    (tmp_path / 'elsewhere.wsgi').write_text(saying('elsewhere'))
    assert get(start({'pypy-wsgi-file': tmp_path / 'elsewhere.wsgi'}, {})).startswith('elsewhere ')


def test_python_path(start, tmp_path):
    (tmp_path / 'distant.py').write_text(saying('distant'))
    assert get(start({'pypy-pp': tmp_path, 'pypy-wsgi': 'distant'}, {})) == 'distant distant  /'


PASTE = '''
[app:main]
paste.app_factory = myapp:paste_factory
text = from the file

[app:second]
paste.app_factory = myapp:paste_factory
text = the second

[uwsgi]
http-socket = 127.0.0.1:0
'''
PASTE_FILES = {'paste.ini': PASTE,
               'myapp.py': SAYS + 'def paste_factory(global_conf, text):\n    return make(text)\n'}


def test_paste(make_server):
    server = make_server({'http-socket': True}, files=PASTE_FILES)
    server.options['pypy-paste'] = 'config:%s' % (server.directory / 'paste.ini')
    server.start()
    assert get(server) == 'from the file myapp  /'


def test_ini_paste(make_server):
    """The [uwsgi] section is read too: the socket is its."""
    server = make_server({'pypy-ini-paste': 'paste.ini'}, files=PASTE_FILES)
    server.start()
    client = Client(FRONTS['http'], server.bound_address(0))
    assert client.get('/').text == 'from the file myapp  /'


# -- several applications ----------------------------------------------------------------------------------------------

def test_applications_of_the_module(start):
    """'' and '/name': an application, or the name of one."""
    source = saying('root') + saying('named', 'named')
    source += "applications = {'': application, '/named': 'named', '/made': make('made')}"
    server = start({'pypy-wsgi': 'myapp', 'manage-script-name': True}, {'myapp.py': source})
    assert get(server, '/x') == 'root myapp  /x'
    assert get(server, '/named/x') == 'named myapp /named /x'
    assert get(server, '/made/x/y') == 'made myapp /made /x/y'
    assert get(server, '/madeup') == 'root myapp  /madeup'


def test_applications_of_uwsgi(start):
    source = 'import uwsgi\n' + saying('root') + "uwsgi.applications = {'': application, '/one': make('one')}"
    server = start({'pypy-wsgi': 'myapp', 'manage-script-name': True}, {'myapp.py': source})
    assert get(server, '/x') == 'root myapp  /x'
    assert get(server, '/one/x') == 'one myapp /one /x'


def test_mount(start):
    """Modules, callables and files; each file is a module of its own."""
    server = start({'mount': ['/one=one:application', '/two=two.wsgi', '/three=sub/two.wsgi', '/=root:other'],
                    'manage-script-name': True},
                   {'one.py': saying('one'), 'two.wsgi': saying('two'), 'sub/two.wsgi': saying('three'),
                    'root.py': saying('root', 'other')})
    assert get(server, '/one/x') == 'one one /one /x'
    assert get(server, '/one') == 'one one /one '
    two, three = get(server, '/two/x').split(' '), get(server, '/three/y').split(' ')
    assert (two[0], two[2:]) == ('two', ['/two', '/x']) and (three[0], three[2:]) == ('three', ['/three', '/y'])
    assert two[1] != three[1]
    assert get(server, '/elsewhere').split(' ')[0] == 'root'
    assert get(server, '/onesided').split(' ')[0] == 'root'


def test_mount_that_fails(make_server):
    """As with the CPython plugin: a file that cannot be mounted ends the start."""
    server = make_server({'http-socket': True, 'mount': '/one=one.py', 'need-app': True}, files={'one.py': '1 / 0'})
    server.expect_traceback('ZeroDivisionError')
    assert server.launch().wait_exit() == 22


def test_several_applications_in_the_statistics(start):
    """id, mountpoint, start-up time, requests and exceptions of each."""
    source = '''
import time

def slow(environ, start_response):
    if environ['PATH_INFO'] == '/boom':
        raise ValueError('boom')
    start_response('200 OK', [])
    return [b'ok']

time.sleep(1.1)
application = slow
'''
    server = start({'mount': ['/=root:application', '/one=one:application'], 'manage-script-name': True, 'master': True,
                    'stats': True}, {'root.py': saying('root'), 'one.py': source})
    server.expect_traceback('ValueError: boom')
    for target in ('/', '/', '/', '/one/x'):
        get(server, target)
    assert_internal_error(server.client().get('/one/boom'))
    stats = server.wait_stats(lambda stats: stats['workers'][0]['requests'] == 5 and stats, 'five requests')
    apps = {app['mountpoint']: app for app in stats['workers'][0]['apps']}
    assert [app['id'] for app in stats['workers'][0]['apps']] == [0, 1]
    assert set(apps) == {'/', '/one'} and {app['modifier1'] for app in apps.values()} == {0}
    assert (apps['/']['requests'], apps['/']['exceptions']) == (3, 0)
    assert (apps['/one']['requests'], apps['/one']['exceptions']) == (2, 1)
    assert apps['/']['startup_time'] == 0 and apps['/one']['startup_time'] >= 1


def test_start_and_request_log(start):
    """The start log tells of the application; the request log has its number."""
    server = start({'pypy-wsgi': 'myapp'}, PACKAGE)
    assert len(server.log_lines(r"^WSGI app 0 \(mountpoint=''\) ready in .* seconds .*\(default app\)")) == 1
    get(server, '/x')
    assert len(server.wait_log(r'\|app: 0\|req: 1/1\] .* GET /x ')) == 1


@pytest.mark.parametrize('lazy', [False, True])
def test_without_default_application(start, lazy):
    """--no-default-app: what no mountpoint covers has no application."""
    server = start({'mount': '/one=one:application', 'no-default-app': True, 'manage-script-name': True,
                    'lazy-apps': lazy}, {'one.py': saying('one')})
    assert get(server, '/one/x') == 'one one /one /x'
    assert_internal_error(server.client().get('/two'))
    assert len(server.wait_log('(?i)no .*application')) == 1


@pytest.mark.parametrize('lazy', [False, True])
def test_first_application_is_the_default(start, lazy):
    """Without one for "/", the first that has a path serves what no mountpoint covers; the log says so."""
    server = start({'mount': ['example.com=one:application', '/two=two:application', '/three=one:application'],
                    'manage-script-name': True, 'lazy-apps': lazy, 'master': True},
                   {'one.py': saying('one'), 'two.py': saying('two')})
    assert get(server, '/elsewhere') == 'two two  /elsewhere'
    assert get(server, '/three/x') == 'one one /three /x'
    assert server.log_lines(r"^app 1 \(mountpoint='/two'\) serves what no mountpoint covers$")


def test_modifier_30(start):
    """UWSGI_MODIFIER_MANAGE_PATH_INFO: the web server leaves SCRIPT_NAME in PATH_INFO, uWSGI cuts it off."""
    server = start({'socket': True, 'mount': '/one=one:application'}, {'one.py': saying('one')})
    client = server.client('uwsgi')
    response = client.get('/one/x', modifier1=30, variables={'SCRIPT_NAME': '/one'})
    assert response.text == 'one one /one /x'
    assert client.get('/one/x', variables={'SCRIPT_NAME': '/one'}).text == 'one one /one /one/x'


# -- no application ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('options', [{}, {'lazy-apps': True}, {'master': True, 'processes': 2}], ids=repr)
def test_need_app(make_server, options):
    """Exit code 22 after the traceback."""
    server = make_server({'http-socket': True, 'pypy-wsgi': 'app', 'need-app': True, **options},
                         app='raise ValueError("no app")')
    server.expect_traceback('ValueError: no app')
    assert server.launch().wait_exit() == 22


def test_need_app_with_lazy_apps_and_a_master(make_server):
    """Each worker may come to say it before the master ends everything."""
    server = make_server({'http-socket': True, 'pypy-wsgi': 'app', 'need-app': True, 'lazy-apps': True, 'master': True},
                         app='raise ValueError("no app")')
    server.expect_traceback('ValueError: no app')
    assert server.launch().wait_exit() in (22, 0)
    assert server.log_lines('no app could be loaded|no app loaded|unable to load app')


@pytest.mark.parametrize('name, files, error', [
    ('missing', {}, "No module named 'missing'"), ('app:nothing', {'app.py': ''}, 'nothing'),
    ('app', {'app.py': ''}, 'application'), ('app', {'app.py': 'def broken(:'}, 'SyntaxError'),
    ('app', {'app.py': 'application = 5'}, 'callable'),
    ('app:factory()', {'app.py': 'def factory():\n    raise ValueError("in the factory")'}, 'in the factory'),
    ('app', {'app.py': 'import sys\nsys.exit(7)'}, 'SystemExit: 7'),
], ids=repr)
def test_need_app_says_why(make_server, name, files, error):
    """Whatever is wrong: the reason once, the code 22."""
    server = make_server({'http-socket': True, 'pypy-wsgi': name, 'need-app': True}, files=files)
    assert server.launch().wait_exit() == 22
    tracebacks = [line for line in server.log_lines() if line.startswith('Traceback')]
    assert len(tracebacks) <= 1 and server.log_lines(error)
    server.expect_traceback(*['Error' if 'SystemExit' not in error else error] * len(tracebacks))


def test_no_application(start):
    """Without --need-app the server runs: a 500 and one clear line for each request, never an empty reply."""
    server = start({'pypy-wsgi': 'app'}, {'app.py': 'raise ValueError("no app")'})
    server.expect_traceback('ValueError: no app')
    for number in range(3):
        assert_internal_error(server.client().get('/'))
        assert len(server.wait_log('(?i)no .*application', count=number + 1)) == number + 1


def test_no_application_named(start):
    server = start({}, {})
    assert_internal_error(server.client().get('/'))
    assert len(server.wait_log('(?i)no .*application found')) == 1


def test_no_application_and_a_body(start):
    server = start({'http11-socket': True}, {})
    response = server.client('http11').post('/', b'body' * 100)
    assert_internal_error(response)


# -- and asked ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('loop', ['on', 'off'])
def test_request_without_application_in_between(start, loop):
    """Its variables never became an environ: the next request must not be told that they are the same."""
    source = """
def application(environ, start_response):
    start_response('200 OK', [])
    return [environ['HTTP_X_VALUE'].encode('latin-1')]
"""
    options = {'mount': '/app=app.py', 'manage-script-name': True, 'no-default-app': True, 'pypy-loop': loop}
    client = start(options, {'app.py': source}, app=None).client()
    assert client.get('/app/', {'X-Value': 'first'}).body == b'first'
    assert client.get('/other/', {'X-Value': 'second'}).status == 500
    assert client.get('/app/', {'X-Value': 'second'}).body == b'second'
    assert client.get('/app/', {'X-Value': 'second'}).body == b'second'
