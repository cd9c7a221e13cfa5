"""How uWSGI is configured around the plugin: files of each kind, magic variables, limits, stdin, error pages, stats."""

import json

import pytest

from harness import FRONTS, Client, wait_until
from harness.server import default_plugin

INI = '''[uwsgi]
%s
http-socket = %%d%%n.sock
name = %%n
if-file = %%dapp.py
pypy-callable = application
endif =
pypy-eval = import builtins; builtins.WHO = '%%(name) in $(CITY)'
'''
YAML = '''uwsgi:
  %s
  http-socket: %%d%%n.sock
  pypy-eval: import builtins; builtins.WHO = '%%n in $(CITY)'
'''
XML = '''<uwsgi>
  %s
  <http-socket>%%d%%n.sock</http-socket>
  <pypy-eval>import builtins; builtins.WHO = '%%n in $(CITY)'</pypy-eval>
</uwsgi>
'''
JSON = '''{"uwsgi": {%s, "http-socket": "%%d%%n.sock", "pypy-eval": "import builtins; builtins.WHO = '%%n in $(CITY)'"}}'''
LINES = {'ini': 'pypy-wsgi = app', 'yaml': 'pypy-wsgi: app', 'xml': '<pypy-wsgi>app</pypy-wsgi>',
         'json': '"pypy-wsgi": "app"'}
WHO = '''
def application(environ, start_response):
    start_response('200 OK', [])
    return [WHO.encode()]
'''


@pytest.mark.parametrize('kind, text', [('ini', INI), ('yaml', YAML), ('xml', XML), ('json', JSON)],
                         ids=['ini', 'yaml', 'xml', 'json'])
def test_config_file(make_server, kind, text):
    """The plugin's options in each kind of file, with magic variables, placeholders and the environment."""
    server = make_server({kind: 'site.' + kind}, app=WHO, files={'site.' + kind: text % LINES[kind]},
                         env={'CITY': 'Riga'}).start()
    client = Client(FRONTS['http'], str(server.directory / 'site.sock'))
    assert client.get('/').body == b'site in Riga'


def test_plugin_named_in_the_ini(make_server):
    """The whole configuration in one file, the plugin too."""
    text = '[uwsgi]\nplugin = %s\nhttp-socket = %%dsite.sock\nwsgi-file = %%dapp.py\nmaster = true\n' % default_plugin()
    server = make_server({'ini': 'site.ini'}, app=WHO.replace('WHO.encode()', "b'here'"), files={'site.ini': text})
    server.start()
    assert Client(FRONTS['http'], str(server.directory / 'site.sock')).get('/').body == b'here'


# -- limits ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('engine', ['stock'])
def test_buffer_size(start_site):
    """A head larger than the buffer never reaches the application; a larger buffer takes it."""
    headers = {'X-Large': 'x' * 10000}
    small = start_site()
    assert small.client().get('/hello', headers).status != 200
    assert small.client().get('/hello').body == b'hello'
    response = start_site({'buffer-size': 32768}).client().get('/environ', headers)
    assert json.loads(response.body)['HTTP_X_LARGE'] == 'x' * 10000


@pytest.mark.parametrize('option', ['http-socket', 'socket'])
def test_post_buffering(start_site, option):
    """Bodies below the limit are kept in memory, larger ones in a file; the application reads the same."""
    client = start_site({'http-socket': None, option: True, 'post-buffering': 8192}).client()
    for size in (0, 1, 8191, 8192, 8193, 100000, 3000000):
        body = bytes(range(256)) * (size // 256) + b'x' * (size % 256)
        response = client.post('/echo', body, content_length=size)
        assert response.complete and response.body == body, size


def test_limit_post(start_site):
    client = start_site({'limit-post': 1000}).client()
    assert client.post('/echo', b'x' * 1000).body == b'x' * 1000
    assert client.post('/echo', b'x' * 1001).status in (None, 413)
    assert client.get('/hello').body == b'hello'


# -- stdin -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('honour, expected', [(True, b'a line of stdin\n'), (False, b'')])
def test_stdin(make_site, tmp_path, honour, expected):
    """--honour-stdin leaves it to the application; without it stdin is empty."""
    path = tmp_path / 'stdin'
    path.write_text('a line of stdin\n')
    with open(path) as stdin:
        server = make_site({'honour-stdin': honour}, stdin=stdin).start()
    assert server.client().get('/stdin').body == expected


# -- exceptions --------------------------------------------------------------------------------------------------------

def test_catch_exceptions(start_site):
    """The page has the exception, its traceback and the request, and the worker lives."""
    server = start_site({'catch-exceptions': True})
    response = server.client().get('/raise', {'X-Name': 'value'})
    server.expect_traceback('ValueError: boom')
    assert response.complete
    for text in (b'ValueError', b'boom', b'app.py', b'raise_', b'HTTP_X_NAME', b'value'):
        assert text in response.body, response.body
    assert server.client().get('/hello').body == b'hello'


# -- stats -------------------------------------------------------------------------------------------------------------

def test_stats(start_site):
    """What the stats server tells of workers and applications is what happened."""
    server = start_site({'master': True, 'processes': 2, 'threads': 2, 'stats': True})
    client = server.client()
    for _ in range(7):
        client.get('/hello')
    for _ in range(2):
        client.get('/raise')
    server.expect_traceback('ValueError: boom', 'ValueError: boom')
    server.wait_stats(lambda stats: sum(w['requests'] for w in stats['workers']) == 9
                      and all(w['status'] == 'idle' for w in stats['workers']), 'the end of nine requests')
    stats = server.stats()
    workers = stats['workers']
    assert sorted(worker['pid'] for worker in workers) == sorted(server.worker_pids())
    assert [worker['id'] for worker in workers] == [1, 2] and stats['pid'] == server.pid
    assert sum(worker['exceptions'] for worker in workers) == 2
    assert all(worker['accepting'] == 1 for worker in workers)
    assert all(len(worker['cores']) == 2 for worker in workers)
    apps = [worker['apps'] for worker in workers]
    assert [[(app['id'], app['mountpoint']) for app in each] for each in apps] == [[(0, '')], [(0, '')]]
    assert sum(app['requests'] for each in apps for app in each) == 9
    assert sum(app['exceptions'] for each in apps for app in each) == 2
    assert all(app['startup_time'] >= 0 for each in apps for app in each)


def test_stats_of_a_running_request(start_site):
    server = start_site({'master': True, 'stats': True})
    with server.client().connect() as held:
        held.send_request('GET', '/hold/a')
        wait_until((server.directory / 'a.held').exists, 'the request')
        worker = server.stats()['workers'][0]
        assert worker['status'] == 'busy' and worker['cores'][0]['in_request'] == 1
        assert 'PATH_INFO=/hold/a' in worker['cores'][0]['vars']
        server.write('a.release', '')
        assert held.read().status == 200
    server.wait_stats(lambda stats: stats['workers'][0]['status'] == 'idle', 'the worker to be idle')
