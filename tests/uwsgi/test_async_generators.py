"""--async alone: a response that is a generator lets other requests run at each yield; what else waits, blocks."""

import json
from pathlib import Path

import pytest

from harness import Load, ServerSpec, assert_aborted, assert_internal_error, wait_until

APP = Path(__file__).parent / 'apps' / 'async_site.py'
OPTIONS = {'async': 64, 'master': True, 'stats': True, 'log-format': 'uri=%(uri) core=%(core) status=%(status) '
           'size=%(rsize)'}

pytestmark = pytest.mark.fronts('http')


@pytest.fixture(scope='module')
def server_spec():
    return ServerSpec(app=APP, options=OPTIONS)


@pytest.fixture
def start_async(make_server):
    def start(options=None):
        options = {'http-socket': True, 'pypy-wsgi': 'app', 'master': True, 'async': 16, **(options or {})}
        options = {option: value for option, value in options.items() if value is not None}
        return make_server(options, app=APP).start()
    return start


def begin(client, *targets):
    connections = [client.connect() for _ in targets]
    for connection, target in zip(connections, targets):
        connection.send_request('GET', target)
    return connections


def wait_note(client, *notes):
    """Waits until the application has noted all of this, in any order."""
    found = []

    def all_there():
        found.extend(json.loads(client.get('/notes').body))
        return not set(notes) - set(found)
    wait_until(all_there, lambda: 'the notes %r; there are %r' % (notes, found))


@pytest.mark.fronts('http', 'http11', 'uwsgi')
def test_generators_run_at_the_same_time(client, server):
    """None ends before all are there; each answers its own client, and is logged as itself."""
    connections = begin(client, *('/g_meet/50?%d' % number for number in range(50)))
    for number, connection in enumerate(connections):
        assert connection.read_last().body == b'%d' % number
    lines = server.wait_log('^uri=/g_meet', 50)
    assert sorted(lines) == sorted(set(lines)) and all('status=200' in line for line in lines)
    for number in range(50):
        assert any(line.startswith('uri=/g_meet/50?%d ' % number) and line.endswith('size=%d' % len(str(number)))
                   for line in lines)


def test_environ(client):
    assert json.loads(client.get('/settings').body) == {
        'greenlets': False, 'multithread': False, 'timeout': None,
        'keys': ['x-wsgiorg.fdevent.%s' % key for key in ('readable', 'timeout', 'writable')]}


def test_no_async_no_keys(start_async):
    server = start_async({'async': None})
    assert json.loads(server.client().get('/settings').body)['keys'] == []


@pytest.mark.fronts('http', 'uwsgi')
def test_waiting_for_a_descriptor(client):
    names = ['a', 'b', 'c']
    connections = begin(client, *('/g_hold/' + name for name in names))
    for connection in connections:
        connection.wait_for(b'begin,')
    wait_note(client, *('waits for ' + name for name in names))
    for place in (1, 0, 2):
        client.get('/release/' + names[place])
        assert connections[place].read_last().body == b'begin,end'
    wait_note(client, *('closed ' + name for name in names))


def test_timeouts(client):
    assert json.loads(client.get('/g_timeout').body) == [True, None, None, True, True, None]


def test_suspend_is_told(client, server):
    """It can do nothing here, and says so once."""
    for _ in range(2):
        assert json.loads(client.get('/suspends').body) == [True, True]
    assert len(server.log_lines('uwsgi.suspend.. lets other requests run only with --pypy-greenlets')) == 1


def test_exceptions(client, server):
    """Before the first byte it is a 500, later the connection breaks; each is logged once."""
    none, one = begin(client, '/g_raise/0', '/g_raise/1')
    assert_internal_error(none.read_last())
    assert_aborted(one.read_last())
    wrong, = begin(client, '/g_wrong')
    assert_internal_error(wrong.read_last())
    server.expect_traceback('ValueError: boom 0', 'ValueError: boom 1', "TypeError: the application must give bytes")
    assert client.get('/hello').body == b'hello'


def test_close_is_called_once(client):
    assert client.get('/g_close').body == b'chunkchunkchunk'
    assert json.loads(client.get('/notes').body) == ['closed with -1 left']
    assert client.head('/g_close').body == b''
    assert json.loads(client.get('/notes').body) == ['closed with 2 left']


def test_client_that_goes_while_its_request_waits(client, server):
    connection, = begin(client, '/g_hold/gone')
    connection.wait_for(b'begin,')
    wait_note(client, 'waits for gone')
    connection.reset()
    client.get('/release/gone')
    wait_note(client, 'closed gone')
    assert client.get('/hello').body == b'hello'


@pytest.mark.parametrize('path, size', [('/large/30000000', 30000000), ('/chunks/400', 400 * 65536)])
def test_client_that_reads_slowly(client, path, size):
    """It gets all of it; others have to wait."""
    connection, = begin(client, path)
    connection.wait_for(b'xxx')
    assert connection.read_last().body == b'x' * size


def test_body_that_comes_slowly(client):
    connection = client.connect()
    connection.send(client.encode('POST', '/body/10', body=b'', headers={'Content-Length': '30'}) + b'x' * 10)
    connection.send(b'x' * 10)
    connection.send(b'x' * 10)
    assert json.loads(connection.read_last().body) == [10, 10, 10]


def test_file(client):
    assert client.get('/file').body == APP.read_bytes()


@pytest.mark.fronts('http11')
def test_http11_socket_closes(client):
    with client.connect() as connection:
        response = connection.get('/hello')
        assert response.body == b'hello' and response.header('Connection') == 'close'
        assert connection.wait_closed() == ('eof', b'')


def test_graceful_reload_lets_requests_end(start_async, fixed_address):
    server = start_async({'http-socket': fixed_address})
    server.ignore_fds()
    client = server.client()
    first = client.get('/pid').body
    connection, = begin(client, '/g_until/one')
    wait_note(client, 'until one')
    server.reload()
    server.wait_log('Gracefully killing worker 1')
    assert len(server.log_lines('spawned uWSGI worker 1 ')) == 1
    server.write('one', '')
    assert connection.read_last().body == first
    server.wait_log('spawned uWSGI worker 1 ', 2)
    assert client.get('/pid').body != first


def test_max_requests_does_not_cut_off_others(start_async):
    server = start_async({'max-requests': 5, 'min-worker-lifetime': 0})
    server.ignore_fds()
    connections = begin(server.client(), *['/g_meet/12?1'] * 12)
    assert [connection.read_last().body for connection in connections] == [b'1'] * 12
    server.wait_log('The work of process')
    server.wait_log('Respawned uWSGI worker 1')


@pytest.mark.parametrize('options', [{'wsgi-strict': True}, {'wsgi-accept-buffer': True},
                                     {'start_response-nodelay': True}, {'loop': 'async'}],
                         ids=lambda options: next(iter(options)))
def test_other_options(start_async, options):
    server = start_async(options)
    client = server.client()
    connections = begin(client, *['/g_meet/10?1'] * 10)
    assert [connection.read_last().body for connection in connections] == [b'1'] * 10
    assert client.get('/hello').body == b'hello'


def test_load(start_async):
    server = start_async({'disable-logging': True})
    with Load(server.client(), '/g_close', threads=8) as load:
        load.wait_more(1500)
    load.check()
