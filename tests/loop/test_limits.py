"""Each of the pypy-http-* options: what is within it passes, what is beyond is refused in proper HTTP."""

import json
import socket
import time

import pytest

GOOD = [('head-max', 256), ('target-max', 64), ('headers-max', 128), ('body-max', 1), ('body-buffer', 0),
        ('output-max', 1), ('requests-max', 0), ('connections-max', 1), ('idle-timeout', 0), ('head-timeout', 0),
        ('body-timeout', 0), ('write-timeout', 0)]
BAD = [('head-max', 255), ('head-max', 1 << 21), ('head-max', -1), ('target-max', 63), ('target-max', 65536),
       ('headers-max', 0), ('headers-max', 129), ('headers-max', -5), ('body-max', -1),
       ('body-buffer', -1), ('output-max', 0), ('output-max', -1), ('requests-max', -1), ('connections-max', 0),
       ('connections-max', -1), ('connections-max', 1 << 25), ('idle-timeout', -1), ('head-timeout', -1),
       ('body-timeout', -1), ('write-timeout', -1), ('write-timeout', 86401)]
WORDS = ['head-max', 'body-max', 'idle-timeout']


def chunked(size, chunk=1000):
    whole, rest = divmod(size, chunk)
    return b''.join(b'%x\r\n%s\r\n' % (part, b'x' * part) for part in [chunk] * whole + [rest] * bool(rest)) + b'0\r\n\r\n'


def calls(client):
    return json.loads(client.get('/calls').body)


def assert_refused(client, status, data):
    """Sends it, gets this status in a whole answer, and the end; the application knows nothing of it."""
    calls(client)
    with client.connect() as connection:
        connection.send(data)
        response = connection.read()
        assert (response.status, response.complete) == (status, True), response
        assert response.header('Connection') == 'close'
        assert connection.wait_closed()[1] == b''
    assert calls(client) == []


def assert_served(client, data):
    with client.connect() as connection:
        connection.send(data)
        response = connection.read()
        assert response.status == 200 and response.complete, response
        return response


# -- the head ----------------------------------------------------------------------------------------------------------

def padded(client, size, target='/hello'):
    """A head of exactly so many bytes."""
    data = client.encode('GET', target, {'X-Pad': ''})
    return client.encode('GET', target, {'X-Pad': 'p' * (size - len(data))})


@pytest.mark.parametrize('size', [256, 4096, 300000])
def test_head_max(start_loop, size):
    client = start_loop({'pypy-http-head-max': size}).client('loop')
    assert_served(client, padded(client, size))
    assert_refused(client, 431, padded(client, size + 1))
    assert_refused(client, 431, padded(client, size + 1)[:-4] + b'x' * 70000)   # the end never comes


def test_default_head_max(start_loop):
    client = start_loop().client('loop')
    assert_served(client, padded(client, 65536))
    assert_refused(client, 431, padded(client, 65537))


def test_a_whole_head_reaches_the_application(start_loop):
    """A value longer than 64 KB is not cut."""
    client = start_loop({'pypy-http-head-max': 1 << 20}).client('loop')
    response = assert_served(client, client.encode('GET', '/environ', {'X-Long': 'v' * 200000}))
    assert json.loads(response.body)['HTTP_X_LONG'] == 'v' * 200000


def test_target_max(start_loop):
    client = start_loop({'pypy-http-target-max': 100}).client('loop')
    assert_served(client, client.encode('GET', '/hello?' + 'q' * 93))
    assert_refused(client, 414, client.encode('GET', '/hello?' + 'q' * 94))


def test_headers_max(start_loop):
    client = start_loop({'pypy-http-headers-max': 10}).client('loop')
    names = [('X-%d' % number, 'v') for number in range(10)]
    assert_served(client, client.encode('GET', '/hello', names[:9]))   # with Host
    assert_refused(client, 431, client.encode('GET', '/hello', names))


def test_as_many_headers_as_there_can_be(start_loop):
    """All of them reach the application, and so does what comes after them."""
    client = start_loop({'pypy-http-headers-max': 128}).client('loop')
    headers = [('X-%d' % number, str(number)) for number in range(125)]
    response = assert_served(client, client.encode('POST', '/environ', [*headers, ('Content-Type', 'text/x')], b'body'))
    environ = json.loads(response.body)
    missing = [name for name, value in headers if environ.get('HTTP_' + name.replace('-', '_')) != value]
    assert not missing and environ['CONTENT_LENGTH'] == '4' and environ['CONTENT_TYPE'] == 'text/x'


@pytest.mark.parametrize('headers', [40, 99])
def test_headers_and_max_vars(start_loop, headers):
    """uWSGI's own bound is no reason to lose one silently."""
    client = start_loop({'max-vars': 20}).client('loop')
    response = client.post('/environ', b'body', [('X-%d' % number, 'v') for number in range(headers - 2)])
    if response.status == 200:
        environ = json.loads(response.body)
        assert sum(name.startswith('HTTP_X_') for name in environ) == headers - 2 and environ['CONTENT_LENGTH'] == '4'
    else:
        assert response.status in (400, 431)


# -- the body ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('most', [1, 2000, 100000, 1000000])
@pytest.mark.parametrize('target', ['/size', '/unread'])
def test_body_max(start_loop, most, target):
    client = start_loop({'pypy-http-body-max': most}).client('loop')
    assert_served(client, client.encode('POST', target, (), b'x' * most))
    assert_refused(client, 413, client.encode('POST', target, {'Content-Length': str(most + 1)}))
    assert_refused(client, 413, client.encode('POST', target, {'Content-Length': str(1 << 62)}, b'x' * 100))
    assert_served(client, client.encode('POST', target, {'Transfer-Encoding': 'chunked'}, chunked(most)))


@pytest.mark.parametrize('most', [1, 2000, 60000])
def test_body_max_of_a_small_chunked_body(start_loop, most):
    client = start_loop({'pypy-http-body-max': most}).client('loop')
    assert_refused(client, 413, client.encode('POST', '/size', {'Transfer-Encoding': 'chunked'}, chunked(most + 1)))


@pytest.mark.parametrize('most', [70000, 100000, 1000000])
def test_body_max_of_a_streamed_chunked_body(start_loop, most):
    """The application runs already: its read fails, and it has had no more than the bound."""
    client = start_loop({'pypy-http-body-max': most}).client('loop')
    calls(client)
    with client.connect() as connection:
        connection.send_request('POST', '/size', {'Transfer-Encoding': 'chunked'}, chunked(most + 1))
        response = connection.read()
        connection.wait_closed()
    called = calls(client)
    assert called == ['POST /size', 'body: OSError'] or response.status == 413 and not called


@pytest.mark.parametrize('buffer', [1024, 65536, 1 << 20])
def test_body_buffer(start_loop, buffer):
    """A body within it is here before the application runs; one beyond is begun with."""
    client = start_loop({'pypy-http-body-buffer': buffer}).client('loop')
    calls(client)
    with client.connect() as small, client.connect() as large:
        small.send_request('POST', '/size', content_length=buffer)
        small.send(b'x' * (buffer - 1))
        client.get('/hello')
        assert calls(client) == ['GET /hello']
        small.send(b'x')
        assert small.read().body == b'%d' % buffer
        large.send_request('POST', '/unread', content_length=10 * buffer)
        large.send(b'x' * (buffer + 1024))
        assert large.read().body == b'unread'


# -- time --------------------------------------------------------------------------------------------------------------

def test_head_timeout(start_loop):
    """From the first byte on, and also if a byte comes now and then. A client that says nothing is just closed."""
    client = start_loop({'pypy-http-head-timeout': 1}).client('loop')
    with client.connect() as silent, client.connect() as begun, client.connect() as slow, client.connect() as second:
        begun.send(b'GET /hello HTTP/1.1\r\nHost: x\r\n')
        assert second.get('/hello').body == b'hello'
        second.send(b'GET /hello HTTP/1.1\r\n')
        slow.send(b'GET /hello HTTP/1.1\r\nX-Slow: ')
        slow.sock.settimeout(0.05)
        for _ in range(400):
            slow.send(b's')
            try:
                if slow.sock.recv(4, 2):   # MSG_PEEK
                    break
            except TimeoutError:
                pass
        else:
            raise AssertionError('a byte now and then holds the connection')
        slow.sock.settimeout(20)
        for connection in (begun, slow, second):
            response = connection.read()
            assert response.status == 408 and response.complete and response.header('Connection') == 'close'
            connection.wait_closed()
        assert silent.wait_closed() == ('eof', b'')


def test_body_timeout_before_the_application_runs(start_loop):
    client = start_loop({'pypy-http-body-timeout': 1}).client('loop')
    calls(client)
    with client.connect() as connection:
        connection.send(client.encode('POST', '/size', (), b'half', content_length=8))
        response = connection.read()
        assert response.status == 408 and response.complete
        assert connection.wait_closed()[1] == b''
    assert calls(client) == []


def test_body_timeout_while_the_application_reads(start_loop):
    client = start_loop({'pypy-http-body-timeout': 1}).client('loop')
    calls(client)
    with client.connect() as connection:
        connection.send(client.encode('POST', '/size', (), b'x' * 100000, content_length=200000))
        connection.wait_closed()
    assert calls(client) == ['POST /size', 'body: OSError']


def test_idle_timeout(start_loop):
    """Only after a request: it is no bound on the time of a request or of its answer."""
    client = start_loop({'pypy-http-idle-timeout': 1, 'pypy-http-head-timeout': 0}).client('loop')
    with client.connect() as idle, client.connect() as unused, client.connect() as body:
        body.send(client.encode('POST', '/size', (), b'x', content_length=2))
        unused.send(b'G')
        assert idle.get('/hello').body == b'hello'
        assert idle.wait_closed() == ('eof', b'')
        body.send(b'y')
        assert body.read().body == b'2'
        unused.send(b'ET /hello HTTP/1.1\r\nHost: x\r\n\r\n')
        assert unused.read().body == b'hello'


def test_write_timeout(start_loop):
    """A client that takes nothing is cut off; one that takes a little now and then is not."""
    server = start_loop({'pypy-http-write-timeout': 1, 'pypy-http-output-max': 1 << 26})
    client = server.client('loop')
    with client.connect() as reader, client.connect() as stuck:
        stuck.send_request('GET', '/long/30000000')
        reader.send_request('GET', '/long/30000000')
        server.wait_log('the client took nothing in time')
        response = stuck.read()
        assert not response.complete and len(response.body) < 30000000
    assert client.get('/hello').body == b'hello'


@pytest.mark.parametrize('most', [65536, 1 << 26], ids=['application waits', 'loop waits'])
def test_write_timeout_spares_a_slow_reader(start_loop, most):
    """Also one that takes so little that the socket has no room for more within the time."""
    server = start_loop({'pypy-http-write-timeout': 1, 'pypy-http-output-max': most, 'threads': 2})
    client = server.client('loop')
    with client.connect() as slow:
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.send_request('GET', '/long/8000000')
        begin = time.monotonic()
        while time.monotonic() - begin < 3:
            assert slow.sock.recv(4096)
            client.get('/hello')
            time.sleep(0.05)
    assert not server.log_lines('took nothing in time', since_test=True)


def test_output_max(start_loop):
    """Beyond it the application waits for its client, and is told when that takes too long."""
    server = start_loop({'pypy-http-output-max': 65536, 'pypy-http-write-timeout': 1})
    client = server.client('loop')
    with client.connect() as stuck:
        stuck.send_request('GET', '/long/30000000')
        server.wait_log('the client took nothing in time')
        assert not stuck.read().complete
    response = client.get('/long/30000000')
    assert response.complete and len(response.body) == 30000000


# -- numbers -----------------------------------------------------------------------------------------------------------

def test_connections_max(start_loop):
    """More of them wait, unaccepted, and get their turn."""
    server = start_loop({'pypy-http-connections-max': 5})
    client = server.client('loop')
    kept = [client.connect() for _ in range(5)]
    for connection in kept:
        assert connection.get('/hello').body == b'hello'
    waiting = client.connect()
    waiting.send_request('GET', '/hello')
    for connection in kept:
        assert connection.get('/hello').body == b'hello'
    kept.pop().close()
    assert waiting.read().body == b'hello'


@pytest.mark.parametrize('name, value', GOOD)
def test_smallest_value(start_loop, name, value):
    response = start_loop({'pypy-http-' + name: value}).client('loop').get('/hello')
    assert response.body == b'hello' and response.complete


@pytest.mark.parametrize('name, value', BAD)
def test_bad_value(make_server, name, value):
    """It does not start, and says in a sentence which option is wrong and what it may be."""
    server = make_server({'http-socket': True, 'pypy-http-' + name: value}).launch()
    assert server.wait_exit() != 0
    assert server.log_lines('pypy-http-%s.*(give a number|must be)' % name)


@pytest.mark.parametrize('name', WORDS)
@pytest.mark.parametrize('value', ['many', '10x'])
def test_value_that_is_no_number(make_server, name, value):
    server = make_server({'http-socket': True, 'pypy-http-' + name: value}).launch()
    assert server.wait_exit() != 0
    assert server.log_lines('pypy-http-%s.*%s' % (name, value))


def test_pypy_loop_takes_no_other_word(make_server):
    server = make_server({'http-socket': True, 'pypy-loop': 'maybe'}).launch()
    assert server.wait_exit() != 0
    assert server.log_lines('pypy-loop maybe')
