"""uWSGI's own features with requests that come through the loop."""

import gzip
import json
import os
import re
import signal
import time

import pytest

from harness import Client, FRONTS, KeepAliveLoad, ResponseTimeout, wait_until
from harness.processes import is_alive
from harness.uwsgi_packet import packet

MASTER = {'master': True, 'stats': True}
PLUGINS = '/usr/lib/uwsgi/plugins'


def needs_plugin(name):
    return pytest.mark.skipif(not os.path.exists('%s/%s_plugin.so' % (PLUGINS, name)), reason='no %s plugin' % name)


def keep_alive(client, *targets):
    """The answers to these, on one connection."""
    with client.connect() as connection:
        return [connection.get(target) for target in targets]


# -- static files, routing, headers ------------------------------------------------------------------------------------

def test_static_map(start_loop):
    client = start_loop({'static-map': '/static=files'}, files={'files/a.txt': b'static'}).client('loop')
    first, second, app = keep_alive(client, '/static/a.txt', '/static/a.txt', '/hello')
    assert first.complete and first.body == second.body == b'static' and first.header('Content-Length') == '6'
    assert app.body == b'hello'
    assert client.head('/static/a.txt').header('Content-Length') == '6'


def test_route_adds_a_header(start_loop):
    client = start_loop({'route-run': 'addheader:X-Routed: yes'}).client('loop')
    for response in keep_alive(client, '/hello', '/parts/3', '/long/100000'):
        assert response.complete and response.header('X-Routed') == 'yes'
    assert client.post('/echo', b'x' * 200000).body == b'x' * 200000


def test_route_answers_itself(start_loop):
    client = start_loop({'route': '^/teapot break:418 Teapot'}).client('loop')
    assert client.get('/teapot').status == 418
    assert client.get('/hello').body == b'hello'


@needs_plugin('transformation_gzip')
def test_gzip(start_loop):
    client = start_loop({'plugin': 'transformation_gzip', 'response-route-run': [
        'addheader:Content-Encoding: gzip', 'gzip:']}).client('loop')
    with client.connect() as connection:
        for target, body in (('/hello', b'hello'), ('/parts/3', b'part 0\npart 1\npart 2\n'), ('/long/50000', b'x' * 50000)):
            response = connection.get(target)
            assert response.complete and gzip.decompress(response.body) == body
            if response.header('Connection') == 'close':
                connection = client.connect()


def test_error_route(start_loop):
    client = start_loop({'error-route-run': 'addheader:X-Failed: yes'}).client('loop')
    first, second = keep_alive(client, '/status/404', '/status/500')
    assert first.header('X-Failed') == second.header('X-Failed') == 'yes'


def test_add_header(start_loop):
    client = start_loop({'add-header': 'X-Added: yes'}).client('loop')
    for response in keep_alive(client, '/hello', '/parts/2', '/status/204', '/file/app.py'):
        assert response.complete and response.header('X-Added') == 'yes'
    assert client.head('/hello').header('X-Added') == 'yes'


@pytest.mark.parametrize('options', [{'add-header': 'X-Added: yes'}, {'static-map': '/s=.'}], ids=str)
def test_error_with_a_feature(start_loop, options):
    """A 500 that uWSGI's own functions write is whole."""
    server = start_loop(options)
    server.expect_traceback('the application fails')
    response = server.client('loop').get('/fail')
    assert response.status == 500 and response.complete and response.body == b'Internal Server Error'


def test_mount(start_loop):
    client = start_loop({'pypy-wsgi': None, 'mount': ['/one=app.py', '/two=app.py'], 'manage-script-name': True,
                         }).client('loop')
    one, two = (json.loads(response.body) for response in keep_alive(client, '/one/environ', '/two/environ'))
    assert (one['SCRIPT_NAME'], one['PATH_INFO']) == ('/one', '/environ')
    assert (two['SCRIPT_NAME'], two['PATH_INFO']) == ('/two', '/environ')


@pytest.mark.parametrize('body', [b'', b'small', b'x' * 300000], ids=['empty', 'small', 'large'])
@pytest.mark.parametrize('coding', ['length', 'chunked'])
def test_post_buffering(start_loop, body, coding):
    client = start_loop({'post-buffering': 1024}).client('loop')
    with client.connect() as connection:
        for _ in range(2):
            if coding == 'length':
                connection.send_request('POST', '/echo', body=body)
            else:
                chunks = b'%x\r\n%s\r\n' % (len(body), body) if body else b''
                connection.send_request('POST', '/echo', {'Transfer-Encoding': 'chunked'}, chunks + b'0\r\n\r\n')
            response = connection.read()
            assert response.status == 200 and response.body == body
        assert connection.get('/hello').body == b'hello'


@pytest.mark.parametrize('feature', [{'add-header': 'X-A: b'}, {'static-map': '/s=.'}, {'route-run': 'addheader:X-A: b'}],
                         ids=lambda feature: next(iter(feature)))
@pytest.mark.parametrize('size', [5, 300000])
def test_chunked_body_with_a_feature(start_loop, feature, size):
    client = start_loop(feature).client('loop')
    data = b'%x\r\n%s\r\n0\r\n\r\n' % (size, b'x' * size)
    response = client.request('POST', '/echo', {'Transfer-Encoding': 'chunked'}, data)
    assert response.status == 200 and response.body == b'x' * size


# -- life of a worker --------------------------------------------------------------------------------------------------

def test_harakiri(start_loop):
    """The stuck worker is killed with its Python stack in the log; idle keep-alive connections do not count."""
    server = start_loop({**MASTER, 'harakiri': 1})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')
    client = server.client('loop')
    with client.connect() as idle:
        assert idle.get('/hello').body == b'hello'
        assert client.get('/stuck').empty
    server.wait_log(r'in get_stuck')
    server.wait_log('HARAKIRI ON WORKER 1')
    assert client.get('/hello').body == b'hello'


def test_max_requests_loses_nothing(start_loop):
    server = start_loop({**MASTER, 'max-requests': 1000, 'processes': 2, 'min-worker-lifetime': 0,
                         'forkbomb-delay': 0})
    server.ignore_fds()
    with KeepAliveLoad(server.client('loop')) as load:
        server.wait_log('work of process', 2)
        server.wait_log('Respawned uWSGI worker', 2)
        load.wait_more(50)
    load.check()


@pytest.mark.parametrize('processes, threads', [(1, 1), (2, 2)])
def test_reload_loses_nothing(start_loop, processes, threads):
    """Under load on connections that stay; again and again."""
    server = start_loop({**MASTER, 'http-socket': 'http.sock', 'processes': processes},
                        args=['--threads', str(threads)])
    server.ignore_fds()
    with KeepAliveLoad(server.client('loop')) as load:
        for number in range(4):
            load.wait_more(30)
            server.reload()
            # a master ignores what it is told while it reloads
            server.wait_log('Stats server enabled', number + 2)
        load.wait_more(30)
    load.check()


@pytest.mark.parametrize('how', ['sigterm', 'reload'])
def test_running_request_is_finished(start_loop, how):
    """And its client is told that the connection ends; an idle one just sees it end."""
    server = start_loop({**MASTER, 'http-socket': 'http.sock', 'die-on-term': True})
    server.ignore_fds()
    client = server.client('loop')
    with client.connect() as running, client.connect() as idle:
        assert idle.get('/hello').body == b'hello'
        running.send_request('GET', '/wait/go')
        wait_until(lambda: (server.directory / 'go.waits').exists(), 'the request to run')
        if how == 'sigterm':
            server.send_signal(signal.SIGTERM)
        else:
            server.reload()
        server.wait_log('[Gg]racefully|goodbye|SIGTERM|SIGINT')
        server.write('go', '')
        response = running.read()
        assert response.body == b'waited' and response.complete and response.header('Connection') == 'close'
        assert idle.wait_closed() == ('eof', b'')
    if how == 'sigterm':
        assert server.wait_exit() == 0
    else:
        server.wait_log(r'spawned uWSGI worker \d', 2)
        server.wait_log('Stats server enabled', 2)


def test_sigterm_without_a_request(start_loop):
    server = start_loop({**MASTER, 'die-on-term': True, 'processes': 2})
    connections = [server.client('loop').connect() for _ in range(5)]
    for connection in connections:
        assert connection.get('/hello').body == b'hello'
    assert server.stop(signal.SIGTERM) == 0


# -- threads and processes ---------------------------------------------------------------------------------------------

def test_threads(start_loop):
    """Four requests at once in four threads, and again on the same connections."""
    client = start_loop(args=['--threads', '4']).client('loop')
    connections = [client.connect() for _ in range(4)]
    for _ in range(10):
        for connection in connections:
            connection.send_request('GET', '/meet')
        assert len({connection.read().body for connection in connections}) == 4


def test_threads_take_what_waits(start_loop):
    """Connections that come in one burst are shared among the threads that are free, too."""
    server = start_loop(args=['--threads', '4'])
    client, pid = server.client('loop'), server.worker_pids()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        connections = [client.connect() for _ in range(4)]
        for connection in connections:
            connection.send_request('GET', '/meet')
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [connection.read().status for connection in connections] == [200] * 4


def test_pipelined_requests_with_threads(start_loop):
    """One connection is one thread's at a time: the answers keep their order."""
    client = start_loop(args=['--threads', '4']).client('loop')
    connections = [client.connect() for _ in range(8)]
    for connection in connections:
        connection.send(b''.join(client.encode('POST', '/echo', (), b'%d' % number) for number in range(200)))
    for connection in connections:
        assert [connection.read().body for _ in range(200)] == [b'%d' % number for number in range(200)]


def test_processes_share_a_burst(start_loop):
    """A request that takes long holds up nobody while another process is free."""
    server = start_loop({'master': True, 'processes': 2})
    client, pids = server.client('loop'), server.worker_pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        connections = [client.connect() for _ in range(8)]
        connections[0].send_request('GET', '/wait/go')
        for connection in connections[1:]:
            connection.send_request('GET', '/pid')
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    try:
        for connection in connections[1:]:
            connection.sock.settimeout(10)
            assert connection.read().status == 200
    except ResponseTimeout:
        raise AssertionError('accepted by the process that is busy, while the other one rests') from None
    finally:
        server.write('go', '')
    assert connections[0].read().body == b'waited'


# -- what uWSGI says about requests ------------------------------------------------------------------------------------

def test_stats(start_loop):
    server = start_loop(MASTER)
    client = server.client('loop')
    before = server.stats()['workers'][0]
    sizes = 0
    with client.connect() as connection:
        for _ in range(10):
            sizes += len(connection.get('/long/1000').body)
        server.wait_stats(lambda stats: stats['workers'][0]['requests'] - before['requests'] >= 10, 'the requests')
        server.wait_stats(lambda stats: stats['workers'][0]['status'] == 'idle', 'their end')
        worker = server.stats()['workers'][0]
        assert worker['requests'] - before['requests'] == 10
        assert sizes < worker['tx'] - before['tx'] < sizes + 10 * 300
        assert worker['apps'][0]['requests'] - before['apps'][0]['requests'] == 10 and worker['avg_rt'] >= 0
        connection.send_request('GET', '/wait/go')
        wait_until(lambda: (server.directory / 'go.waits').exists(), 'the request to run')
        worker = server.stats()['workers'][0]
        assert worker['status'] == 'busy' and worker['cores'][0]['in_request'] == 1
        server.write('go', '')
        assert connection.read().body == b'waited'
        server.wait_stats(lambda stats: stats['workers'][0]['status'] == 'idle', 'the worker to be idle')


def test_request_log(start_loop):
    server = start_loop()
    keep_alive(server.client('loop'), '/hello?a=b', '/status/404')
    line = server.wait_log(r'GET /hello\?a=b')[0]
    assert re.search(r'\] 127\.0\.0\.1 \(\) \{\d+ vars in [1-9]\d* bytes\} \[.*\] GET /hello\?a=b => generated 5 bytes in \d+ '
                     r'msecs \(HTTP/1\.1 200\) [12] headers in \d+ bytes', line), line
    assert r'(HTTP/1.1 404)' in server.wait_log('GET /status/404')[0]


def test_logformat(start_loop):
    names = ['method', 'uri', 'proto', 'status', 'rsize', 'cl', 'addr', 'host', 'uagent', 'referer', 'var.HTTP_X_OWN']
    server = start_loop({'logformat': 'request ' + '|'.join('%%(%s)' % name for name in names) + '|%(hsize)|%(size)'})
    client = server.client('loop')
    head = client.request('POST', '/size?q', {'Host': 'example.com', 'User-Agent': 'agent', 'Referer': 'http://r/',
                                              'X-Own': 'own'}, b'12345')
    assert head.body == b'5'
    line = server.wait_log('^request ')[0].split(' ', 1)[1].split('|')
    assert line[:11] == ['POST', '/size?q', 'HTTP/1.1', '200', '1', '5', '127.0.0.1', 'example.com', 'agent',
                         'http://r/', 'own']
    assert int(line[12]) == int(line[11]) + 1 and int(line[11]) > 60


# -- the uwsgi protocol ------------------------------------------------------------------------------------------------

def uwsgi_exchange(server, data):
    """Sends it to --socket; all that comes back."""
    with Client(FRONTS['loop-uwsgi'], server.address('socket')).connect() as connection:
        connection.send(data)
        return connection.wait_closed()[1]


@needs_plugin('ping')
def test_ping(start_loop):
    server = start_loop({'socket': True, 'plugin': 'ping'})
    assert uwsgi_exchange(server, packet({}, 100)) == packet({}, 100)[:1] + b'\0\0\1'
    assert server.client('loop-uwsgi').get('/hello').body == b'hello'


@needs_plugin('rpc')
@pytest.mark.parametrize('arguments', [(), (b'a',), (b'a', b'b')], ids=len)
def test_rpc(start_loop, arguments):
    """Its packet is a list, not variables: the plugin gets it, and finds no such function."""
    server = start_loop({'socket': True, 'plugin': 'rpc'})
    items = b''.join(len(item).to_bytes(2, 'little') + item for item in (b'join', *arguments))
    uwsgi_exchange(server, b'\xad' + len(items).to_bytes(2, 'little') + b'\0' + items)
    assert not server.log_lines('refused')


@needs_plugin('cache')
def test_cache_protocol(start_loop):
    """The packet of modifier 111, 0 is a bare key."""
    server = start_loop({'socket': True, 'plugin': 'cache', 'cache2': 'name=default,items=10',
                         'load-file-in-cache': 'value.txt'}, files={'value.txt': b'the value'})
    key = b'value.txt'
    assert uwsgi_exchange(server, b'\x6f' + len(key).to_bytes(2, 'little') + b'\0' + key).endswith(b'the value')


# -- files, unix sockets -----------------------------------------------------------------------------------------------

def test_large_file_to_a_slow_reader(start_loop):
    """The file goes out beside other requests."""
    server = start_loop()
    content = os.urandom(1 << 20) * 50
    server.write('big.bin', content)
    client = server.client('loop')
    with client.connect() as slow:
        slow.send_request('GET', '/file/big.bin')
        for _ in range(20):
            assert client.get('/hello').body == b'hello'
        response = slow.read()
        assert response.complete and response.body == content
        assert slow.get('/hello').body == b'hello'


def test_unix_socket(start_loop):
    client = start_loop({'http-socket': 'http.sock'}).client('loop')
    hello, environ, long = keep_alive(client, '/hello', '/environ', '/long/3000000')
    assert hello.body == b'hello' and len(long.body) == 3000000 and long.complete
    assert json.loads(environ.body)['REMOTE_ADDR'] == '0.0.0.0'
