"""Applications that the web server names in each request.

UWSGI_MODULE, UWSGI_FILE, UWSGI_CALLABLE, UWSGI_SCRIPT, UWSGI_CHDIR.
"""

import pytest

from harness import assert_internal_error

MODULE = '''
import os

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'loaded'), 'a') as file:
    file.write(__name__ + '\\n')


def make(text):
    def application(environ, start_response):
        start_response('200 OK', [])
        return [('%s %s' % (text, os.path.basename(os.getcwd()))).encode()]
    return application


application = make('default')
other = make('other')


def factory():
    return make('made')
'''
FILES = {'dynamic.py': MODULE, 'site.wsgi': MODULE, 'elsewhere/app.py': MODULE,
         'broken.py': 'raise ValueError("broken")'}


@pytest.fixture
def server(start_server):
    """No application of its own: 'full dynamic mode'."""
    return start_server({'socket': True, 'master': True, 'stats': True}, files=FILES)


@pytest.fixture
def ask(server):
    """ask(APPID, VARIABLE=value, ...): the text of the response."""
    client = server.client('uwsgi')

    def ask(appid, **variables):
        response = client.get('/', variables={'UWSGI_APPID': appid, **variables})
        assert (response.status, response.complete) == (200, True), response
        return response.text.split(' ')[0]
    return ask


@pytest.mark.parametrize('variables, text', [
    ({'UWSGI_MODULE': 'dynamic'}, 'default'),
    ({'UWSGI_MODULE': 'dynamic', 'UWSGI_CALLABLE': 'other'}, 'other'),
    ({'UWSGI_MODULE': 'dynamic', 'UWSGI_CALLABLE': 'factory()'}, 'made'),
    ({'UWSGI_SCRIPT': 'dynamic'}, 'default'),
    ({'UWSGI_SCRIPT': 'dynamic:other'}, 'other'),
    ({'UWSGI_FILE': 'site.wsgi'}, 'default'),
    ({'UWSGI_FILE': 'site.wsgi', 'UWSGI_CALLABLE': 'other'}, 'other'),
], ids=repr)
def test_by_variables(ask, variables, text):
    assert ask('one', **variables) == text
    assert ask('one', **variables) == text


def test_several(server, ask):
    """Each id is an application of its own, loaded once, and in the statistics."""
    for _ in range(3):
        assert ask('one', UWSGI_MODULE='dynamic') == 'default'
        assert ask('two', UWSGI_MODULE='dynamic', UWSGI_CALLABLE='other') == 'other'
    apps = server.wait_stats(lambda stats: sum(app['requests'] for app in stats['workers'][0]['apps']) == 6
                             and stats['workers'][0]['apps'], 'six requests')
    assert [(app['id'], app['mountpoint'], app['requests']) for app in apps] == [(0, 'one', 3), (1, 'two', 3)]
    assert (server.directory / 'loaded').read_text().split() == ['dynamic']


def test_script_name_is_the_id_when_there_is_no_other(server):
    client = server.client('uwsgi')
    for name, function in (('/one', 'application'), ('/two', 'other')):
        response = client.get('/', variables={'SCRIPT_NAME': name, 'UWSGI_SCRIPT': 'dynamic:' + function})
        assert response.status == 200
    apps = server.stats()['workers'][0]['apps']
    assert [app['mountpoint'] for app in apps] == ['/one', '/two']


def test_chdir(server):
    """The application is loaded and run in its directory."""
    directory = server.directory / 'elsewhere'
    client = server.client('uwsgi')
    variables = {'UWSGI_APPID': 'one', 'UWSGI_CHDIR': str(directory), 'UWSGI_FILE': str(directory / 'app.py')}
    for _ in range(2):
        assert client.get('/', variables=variables).text == 'default elsewhere'
    assert server.stats()['workers'][0]['apps'][0]['chdir'] == str(directory)


def test_one_that_fails(server, ask):
    """A 500 and the traceback; the next request tries again, and the others are not disturbed."""
    client = server.client('uwsgi')
    server.expect_traceback(*['ValueError: broken'] * 2)
    for _ in range(2):
        assert_internal_error(client.get('/', variables={'UWSGI_APPID': 'bad', 'UWSGI_MODULE': 'broken'}))
    assert ask('good', UWSGI_MODULE='dynamic') == 'default'
    server.write('broken.py', MODULE)
    assert ask('bad', UWSGI_MODULE='broken') == 'default'


def test_no_variables(server):
    assert_internal_error(server.client('uwsgi').get('/'))
    assert len(server.wait_log('(?i)no .*application')) == 1


def test_threads_load_an_application_once(start_server):
    """All threads ask for the same new application at the same time."""
    slow = 'import time\ntime.sleep(0.5)\n' + MODULE
    server = start_server({'socket': True, 'master': True, 'stats': True, 'threads': 8, 'enable-threads': True},
                          files={'site.wsgi': slow})
    client = server.client('uwsgi')
    connections = [client.connect() for _ in range(8)]
    for connection in connections:
        connection.send_request('GET', '/', variables={'UWSGI_APPID': 'one', 'UWSGI_FILE': 'site.wsgi'})
    for connection in connections:
        response = connection.read()
        assert (response.status, response.text.split(' ')[0]) == (200, 'default')
        connection.close()
    assert len((server.directory / 'loaded').read_text().split()) == 1
    assert [app['mountpoint'] for app in server.stats()['workers'][0]['apps']] == ['one']
