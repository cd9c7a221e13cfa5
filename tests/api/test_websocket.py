"""uwsgi.websocket_*(): the handshake, messages in and out, and every way to end."""

import struct
from pathlib import Path

import pytest

from harness import Nginx, ServerSpec, WebSocket, wait_until
from harness.ports import release_port, reserve_port
from harness.websocket import BINARY, CLOSE, HEADERS, KEY, MORE, PING, PONG, TEXT, accept_of, frame

APP = Path(__file__).parent / 'apps' / 'sockets.py'
SERVER = ServerSpec(app=APP, options={'master': True})


def test_handshake(client):
    with WebSocket(client, '/echo', {'Origin': 'http://localhost', 'Sec-WebSocket-Protocol': 'first, second'}) as socket:
        headers = {name.lower(): value for name, value in socket.response.headers}
        assert headers['sec-websocket-accept'] == accept_of(KEY)
        assert headers['upgrade'].lower() == 'websocket' and headers['connection'].lower() == 'upgrade'
        assert headers['sec-websocket-protocol'] == 'first'
        assert headers['sec-websocket-origin'] == 'http://localhost'
        assert not {'transfer-encoding', 'content-length'} & set(headers)
        assert socket.exchange(b'hello') == b'hello'
        assert socket.close() == 1000


@pytest.mark.parametrize('kind', ['str', 'bytes'])
def test_arguments(client, kind):
    with WebSocket(client, '/arguments?' + kind, {'Sec-WebSocket-Protocol': 'chat'}) as socket:
        assert socket.response.header('Sec-WebSocket-Accept') == accept_of(KEY)
        assert socket.response.header('Sec-WebSocket-Origin') == 'http://elsewhere'
        assert socket.response.header('Sec-WebSocket-Protocol') == 'chat'
        assert [socket.read() for _ in range(5)] == [
            (TEXT, 'str \u20ac'.encode()), (TEXT, b'bytes'), (BINARY, b'\x00\xff'), (BINARY, b'view'), (TEXT, b'')]
        assert socket.read_close() == 1000


def test_messages(client):
    """Of each size around the bounds of the length's encodings, text and binary."""
    with WebSocket(client, '/echo') as socket:
        for size in (0, 1, 2, 3, 125, 126, 127, 65535, 65536, 100000):
            message = b'\0' + bytes(range(256)) * (size // 256 + 1)
            socket.send(BINARY, message[:size])
            assert socket.read() == (BINARY if size else TEXT, message[:size])
        socket.send(TEXT, '\u20ac'.encode())
        assert socket.read() == (TEXT, '\u20ac'.encode())


def test_many_in_one_segment(client):
    messages = [b'%d' % number * (number % 50) for number in range(500)]
    with WebSocket(client, '/echo') as socket:
        socket.connection.send(b''.join(frame(TEXT, message) for message in messages))
        assert [socket.read()[1] for _ in messages] == messages


def test_first_messages_with_the_request(client):
    early = frame(TEXT, b'early') + frame(TEXT, b'x' * 70000) + frame(TEXT, b'cut')[:4]
    with WebSocket(client, '/echo', early=early) as socket:
        assert socket.read() == (TEXT, b'early')
        assert socket.read() == (TEXT, b'x' * 70000)
        socket.connection.send(frame(TEXT, b'cut')[4:])
        assert socket.read() == (TEXT, b'cut')


def test_byte_by_byte(client):
    with WebSocket(client, '/echo') as socket:
        for byte in frame(TEXT, b'slow' * 40) + frame(PING, b'p'):
            socket.connection.send(bytes([byte]))
        assert socket.read() == (TEXT, b'slow' * 40)
        assert socket.read() == (PONG, b'p')


def test_parts(client):
    """One message, whatever comes between its parts."""
    with WebSocket(client, '/echo') as socket:
        socket.send(TEXT, b'one ', last=False)
        socket.send(MORE, b'', last=False)
        socket.send(PING, b'between')
        socket.send(MORE, b'two ', last=False)
        assert socket.read() == (PONG, b'between')
        socket.send(MORE, b'three' * 10000)
        assert socket.read() == (TEXT, b'one two ' + b'three' * 10000)
        assert socket.exchange(b'and another') == b'and another'


def test_parts_of_two_clients(client):
    """uWSGI has one place for the parts of all connections; here they do not meet."""
    with WebSocket(client, '/echo') as socket:
        socket.send(TEXT, b'lost', last=False)
        socket.send(PING)
        assert socket.read() == (PONG, b'')
    with WebSocket(client, '/echo') as socket:
        socket.send(TEXT, b'a', last=False)
        socket.send(MORE, b'b')
        assert socket.read() == (TEXT, b'ab')


def test_ping(client):
    with WebSocket(client, '/echo') as socket:
        for payload in (b'', b'payload', b'x' * 125):
            socket.send(PING, payload)
            assert socket.read() == (PONG, payload)
        socket.send(PONG, b'nobody asked')
        assert socket.exchange(b'on') == b'on'


def test_large_answers(client):
    """Larger than what the kernel takes at once; the application waits for the next message meanwhile."""
    with WebSocket(client, '/sizes') as socket:
        for size in (100000, 5000000):
            socket.send(TEXT, b'%d' % size)
            kind, payload = socket.read()
            assert kind == BINARY and len(payload) == size and payload[:256] == bytes(range(256))
        assert socket.close() == 1000


@pytest.mark.parametrize('code', [1000, 1001, 3000, 4999])
def test_client_closes(client, server, code):
    """The close is answered; the application's recv() raises, and nothing is logged about it."""
    with WebSocket(client, '/report') as socket:
        assert socket.close(code) == code
    line, = server.wait_log('ends ')
    assert line.count('the client closed the websocket') == 4


def test_client_closes_without_code(client):
    with WebSocket(client, '/echo') as socket:
        socket.send(CLOSE)
        assert socket.read_close() is None


@pytest.mark.parametrize('how', ['close', 'reset'])
def test_client_is_gone(client, server, how):
    with WebSocket(client, '/report') as socket:
        getattr(socket.connection, how)()
    line, = server.wait_log('ends ')
    assert line.count('uwsgi.websocket_') == 4 and line.count('the client closed the connection') == 4
    assert WebSocket(client, '/echo').__enter__().exchange(b'next') == b'next'


def test_client_is_gone_while_sending(client, server):
    with WebSocket(client, '/flood') as socket:
        socket.read()
        socket.connection.reset()
    server.wait_log('flood ended: ')


def test_uncaught_end_is_no_traceback(client, server):
    """/echo lets the exception through."""
    with WebSocket(client, '/echo') as socket:
        assert socket.close() == 1000
    with WebSocket(client, '/echo') as socket:
        socket.connection.reset()
    server.wait_log('GET /echo ', 2)


@pytest.mark.parametrize('data, code', [
    (frame(TEXT, b'x', mask=None), 1002),
    (frame(TEXT, b'x', reserved=4), 1002),
    (frame(3, b'x'), 1002),
    (frame(11, b'x'), 1002),
    (frame(MORE, b'of nothing'), 1002),
    (frame(TEXT, b'a', last=False) + frame(TEXT, b'b'), 1002),
    (frame(PING, b'x' * 126), 1002),
    (frame(PING, b'x', last=False), 1002),
    (frame(CLOSE, b'x'), 1002),
    (frame(CLOSE, struct.pack('!H', 1005)), 1002),
    (frame(TEXT, b'x' * (1024 * 1024 + 1)), 1009),
    (b'\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff' + b'mask', 1002),
    (b'\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff' + b'mask', 1009),
], ids=['unmasked', 'reserved bit', 'kind 3', 'kind 11', 'part of nothing', 'message in a message', 'long ping',
        'parted ping', 'short close', 'close 1005', 'too long', 'length of 64 bits', 'length of 63 bits'])
def test_refused_frames(client, server, data, code):
    with WebSocket(client, '/echo') as socket:
        socket.connection.send(data)
        assert socket.read() == (CLOSE, struct.pack('!H', code))
    assert len(server.wait_log('websocket of GET /echo .*closed: ')) == 1
    assert client.get('/hello').body == b'hello'


def test_application_ends(client):
    """What it returns after the websocket goes nowhere; the client is told that it is over."""
    with WebSocket(client, '/polite') as socket:
        assert socket.exchange(b'once') == b'once'
        assert socket.read_close() == 1000


def test_application_raises(client, server):
    with WebSocket(client, '/crash') as socket:
        server.expect_traceback('RuntimeError: crash in a websocket')
        socket.send(TEXT, b'now')
        assert socket.read_close() == 1011


def test_recv_nb(client):
    """b'' when no message is there; pings are answered."""
    with WebSocket(client, '/poll') as socket:
        assert socket.read() == (TEXT, b'none')
        socket.send(PING)
        assert socket.read() == (PONG, b'')
        assert socket.exchange(b'message') == b'message'
        assert socket.exchange(b'another') == b'another'


def test_errors(client):
    assert client.get('/errors').text.split('\n') == [
        'RuntimeError: uwsgi.websocket_recv() needs uwsgi.websocket_handshake() first',
        'RuntimeError: uwsgi.websocket_recv_nb() needs uwsgi.websocket_handshake() first',
        'RuntimeError: uwsgi.websocket_send() needs uwsgi.websocket_handshake() first',
        'TypeError: message must be str or bytes, not int',
        'TypeError: key must be str or bytes, not int',
        "ValueError: origin must not have control characters: 'http://a\\r\\nSet-Cookie: b'",
        "ValueError: protocol must not have control characters: b'x\\n'",
        'OSError: unable to complete websocket handshake: the request has no Sec-WebSocket-Key',
        'OSError: unable to complete websocket handshake: the response has begun already']


def test_body_before_handshake(client, server):
    with client.connect() as connection:
        connection.send_request('POST', '/echo', HEADERS, body=b'body')
        server.expect_traceback('the request has a body')
        assert connection.read().status == 500


# -- servers of their own ------------------------------------------------------------------------------------------

ENGINES = pytest.mark.parametrize('engine', ['off', 'on'], ids=['stock', 'loop'])


@pytest.fixture
def start_sockets(start_site):
    def start(engine, options=None):
        return start_site(APP, {'pypy-loop': engine, **(options or {})})
    return start


@ENGINES
def test_pings(start_sockets, engine):
    """The server asks a quiet client, and believes it to be gone when it does not answer."""
    server = start_sockets(engine, {'websockets-ping-freq': 1, 'websockets-pong-tolerance': 1})
    with WebSocket(server.client(), '/echo') as socket:
        assert socket.read() == (PING, b'')
        socket.send(PONG)
        assert socket.read() == (PING, b'')
        assert socket.exchange(b'also a sign of life') == b'also a sign of life'
        assert socket.read() == (PING, b'')
        assert socket.read_close() == 1001
    server.wait_log('websocket of GET /echo .*no answer to a ping')
    with WebSocket(server.client(), '/poll') as socket:
        assert socket.read() == (TEXT, b'none')
        assert socket.read() == (PING, b'')


@ENGINES
def test_max_size(start_sockets, engine):
    """--websockets-max-size counts the whole message, also one in parts."""
    server = start_sockets(engine, {'websockets-max-size': 2})
    with WebSocket(server.client(), '/echo') as socket:
        assert socket.exchange(b'x' * 2048) == b'x' * 2048
        socket.send(TEXT, b'y' * 2000, last=False)
        socket.send(MORE, b'y' * 48, last=False)
        socket.send(MORE, b'')
        assert socket.read() == (TEXT, b'y' * 2048)
        socket.send(TEXT, b'y' * 2000, last=False)
        socket.send(MORE, b'y' * 49)
        assert socket.read() == (CLOSE, struct.pack('!H', 1009))
    server.wait_log('longer than --websockets-max-size')


@pytest.fixture
def address():
    """HOST:PORT that stays the same over a reload."""
    port = reserve_port()
    yield '127.0.0.1:%d' % port
    release_port(port)


@ENGINES
@pytest.mark.parametrize('threads', [1, 3])
def test_stop_and_reload_do_not_wait_for_idle_clients(start_sockets, address, engine, threads):
    """They are told that the worker goes away; uWSGI itself would wait for them for --worker-reload-mercy."""
    options = {'threads': threads} if threads > 1 else {}
    server = start_sockets(engine, {'http-socket': address, 'processes': 2, 'worker-reload-mercy': 1000, **options})
    server.ignore_fds()
    sockets = [WebSocket(server.client(), '/echo').__enter__() for _ in range(2 * threads)]
    assert [socket.exchange(b'x') for socket in sockets] == [b'x'] * len(sockets)
    server.reload()
    assert [socket.read_close() for socket in sockets] == [1001] * len(sockets)
    server.wait_log('spawned uWSGI worker 2 ', 2)
    with WebSocket(server.client(), '/echo') as socket:
        assert socket.exchange(b'y') == b'y'
        assert server.stop() == 0


@ENGINES
def test_threads_have_websockets_of_their_own(start_sockets, engine):
    """While one waits in the middle of a message another is served, and so is a request."""
    server = start_sockets(engine, {'threads': 3})
    with WebSocket(server.client(), '/echo') as first, WebSocket(server.client(), '/echo') as second:
        first.send(TEXT, b'1', last=False)
        second.send(TEXT, b'2', last=False)
        first.send(MORE, b'1', last=False)
        assert server.client().get('/hello').body == b'hello'
        second.send(MORE, b'2')
        first.send(MORE, b'1')
        assert first.read() == (TEXT, b'111')
        assert second.read() == (TEXT, b'22')


@pytest.mark.memory
@ENGINES
def test_memory_goes_with_the_request(start_sockets, engine):
    """A megabyte for each of the messages of many clients, one after the other."""
    server = start_sockets(engine)
    pid, = server.worker_pids()

    def resident():
        with open('/proc/%d/statm' % pid) as file:
            return int(file.read().split()[1]) * 4096

    def serve(count):
        for _ in range(count):
            with WebSocket(server.client(), '/echo') as socket:
                socket.send(TEXT, b'x' * 500000, last=False)
                socket.send(MORE, b'x' * 500000)
                assert len(socket.read()[1]) == 1000000
    serve(20)
    before = resident()
    serve(60)
    assert resident() - before < 30 * 1000000


@pytest.mark.fronts('uwsgi', 'loop-uwsgi', 'http11', 'loop')
def test_behind_nginx(client, server, front, tmp_path):
    host, port = client.address
    if front.http:
        location = '''proxy_pass http://%s:%d; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;
                      proxy_set_header Connection "Upgrade";'''
    else:
        location = 'uwsgi_pass %s:%d;'
    nginx = Nginx(tmp_path / 'nginx', 'location / { %s }' % location % (host, port))
    try:
        browser = nginx.start().client()
        with WebSocket(browser, '/echo', early=frame(TEXT, b'early')) as socket:
            assert socket.read() == (TEXT, b'early')
            assert socket.exchange(b'x' * 100000) == b'x' * 100000
            assert socket.close() == 1000
        assert browser.get('/hello').body == b'hello'
        browser.close()
    finally:
        nginx.stop()


@ENGINES
def test_worker_lives_on(start_sockets, engine):
    """What ends one websocket does not end the process."""
    server = start_sockets(engine)
    pids = server.worker_pids()
    for data in (frame(MORE, b'x'), frame(MORE, b'x', last=False), frame(TEXT, b'', last=False) + frame(CLOSE)):
        with WebSocket(server.client(), '/echo') as socket:
            socket.connection.send(data)
            assert socket.read()[0] == CLOSE
    wait_until(lambda: server.client().get('/hello').body == b'hello', 'an answer')
    assert server.worker_pids() == pids
