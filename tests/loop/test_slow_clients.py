"""One worker without threads, and clients that are slow, greedy or many: none of them holds up the others."""

import resource
import time

import pytest

from harness import wait_until
from harness.processes import runnable_seconds

OPTIONS = {'disable-logging': True}
HEAD = b'GET /hello HTTP/1.1\r\nHost: localhost\r\n'

pytestmark = pytest.mark.fronts('loop')


def assert_served(client):
    """On a new connection and on one that stays."""
    for _ in range(3):
        response = client.get('/hello')
        assert response.body == b'hello' and response.complete
    with client.connect() as connection:
        for _ in range(20):
            assert connection.get('/hello').body == b'hello'


def resident(pid):
    with open('/proc/%d/statm' % pid) as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def assert_rests(pid):
    """The process comes to rest: for some while it next to never wants a CPU.

    What it wants is counted, not what it gets: one that spins is seen on a busy machine, too, and a resting one that
    has to wait for its turn is given another while.
    """
    begin, before = time.monotonic(), runnable_seconds(pid)

    def rests():
        nonlocal begin, before
        passed = time.monotonic() - begin
        if passed < 0.5:
            return False
        wanted = runnable_seconds(pid) - before
        begin, before = time.monotonic(), runnable_seconds(pid)
        return wanted < passed / 5
    wait_until(rests, 'process %d to rest' % pid)


# -- slow --------------------------------------------------------------------------------------------------------------

def test_unfinished_heads(client, server):
    slow = [client.connect() for _ in range(100)]
    for connection in slow:
        connection.send(HEAD)
    assert_served(client)
    assert_rests(server.worker_pids()[0])
    for connection in slow:
        connection.send(b'\r\n')
    for connection in slow:
        assert connection.read().body == b'hello'


@pytest.mark.parametrize('length', [10, 10_000_000])
def test_announced_bodies(client, server, length):
    """Nothing, or the first bytes, of a body that does not come: the application is not bothered yet."""
    slow = [client.connect() for _ in range(100)]
    for number, connection in enumerate(slow):
        connection.send_request('POST', '/size', body=b'x' * (number % 2), content_length=length)
    assert_served(client)
    assert_rests(server.worker_pids()[0])
    if length == 10:
        for number, connection in enumerate(slow):
            connection.send(b'x' * (10 - number % 2))
            assert connection.read().body == b'10'


def test_announced_chunks(client):
    slow = [client.connect() for _ in range(100)]
    for connection in slow:
        connection.send_request('POST', '/size', {'Transfer-Encoding': 'chunked'}, b'5\r\nab')
    assert_served(client)
    for connection in slow:
        connection.send(b'cde\r\n0\r\n\r\n')
        assert connection.read().body == b'5'


def test_clients_that_do_not_read(client, server):
    greedy = [client.connect() for _ in range(10)]
    for connection in greedy:
        connection.send_request('GET', '/long/4194304')
    assert_served(client)
    assert_rests(server.worker_pids()[0])
    for connection in greedy:
        response = connection.read()
        assert response.complete and len(response.body) == 4194304
        assert connection.get('/hello').body == b'hello'


def test_pipelines_that_are_not_read(client):
    """The server stops reading requests of a client that does not read its answers."""
    greedy = [client.connect() for _ in range(5)]
    for connection in greedy:
        connection.send(client.encode('GET', '/long/1000000') * 10)
    assert_served(client)
    for connection in greedy:
        for _ in range(10):
            assert len(connection.read().body) == 1000000


def test_a_byte_at_a_time(client):
    data = client.encode('POST', '/echo', (), b'slowly')
    with client.connect() as slow, client.connect() as quick:
        for i in range(len(data)):
            slow.send(data[i:i + 1])
            assert quick.get('/hello').body == b'hello'
        assert slow.read().body == b'slowly'


def test_all_of_them_at_once(client, server):
    """Unfinished heads, announced bodies and clients that do not read, on one worker: the others do not notice."""
    heads, bodies, greedy = ([client.connect() for _ in range(count)] for count in (100, 100, 10))
    for connection in heads:
        connection.send(HEAD)
    for connection in bodies:
        connection.send_request('POST', '/size', content_length=10)
    for connection in greedy:
        connection.send_request('GET', '/long/4194304')
    assert_served(client)
    assert_rests(server.worker_pids()[0])
    for connection in heads:
        connection.send(b'\r\n')
    for connection in bodies:
        connection.send(b'x' * 10)
    for connection, body in [(connection, b'hello') for connection in heads] + [(other, b'10') for other in bodies]:
        assert connection.read().body == body
    for connection in greedy:
        response = connection.read()
        assert response.complete and len(response.body) == 4194304


def test_clients_that_vanish(client):
    """In the head, in the body, in the answer."""
    for data in (HEAD, client.encode('POST', '/size', (), b'x', content_length=100),
                 client.encode('POST', '/size', (), b'x' * 70000, content_length=100000),
                 client.encode('GET', '/long/4194304'), client.encode('GET', '/file/app.py')):
        for _ in range(10):
            connection = client.connect()
            connection.send(data)
            connection.reset()
    assert_served(client)


# -- many --------------------------------------------------------------------------------------------------------------

@pytest.mark.memory
def test_idle_connections(start_loop):
    """10,000 of them: little memory each, no CPU time, and the others are served."""
    spare = 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 10000 if hard == resource.RLIM_INFINITY else min(10000, hard - spare)
    assert count >= 5000, 'raise the number of descriptors that a process may have'
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + spare), hard))
    # a unix socket, for TCP would leave as many ports behind that nobody can use for a minute
    server = start_loop({**OPTIONS, 'http-socket': 'http.sock', 'max-fd': count + spare})
    client, pid = server.client('loop'), server.worker_pids()[0]
    for _ in range(300):
        assert_served(client)
    before = resident(pid)
    idle = []
    for _ in range(count):
        connection = client.connect()
        assert connection.get('/hello').body == b'hello'
        idle.append(connection)
    grown = (resident(pid) - before) / count
    print('%.0f bytes for each idle connection' % grown)
    assert grown < 2048
    assert_served(client)
    assert_rests(pid)
    for connection in idle[::50]:
        assert connection.get('/hello').body == b'hello'


def test_out_of_descriptors(start_loop):
    """More clients than descriptors: no spinning, the accepted ones are served, the others once there is room."""
    server = start_loop({**OPTIONS, 'max-fd': 64})
    client, pid = server.client('loop'), server.worker_pids()[0]
    kept = [client.connect() for _ in range(100)]
    for connection in kept:
        connection.send(client.encode('GET', '/hello'))
    server.wait_log('Too many open files')
    assert kept[0].read().body == b'hello'
    assert_rests(pid)
    for connection in kept[1:20]:
        assert connection.read().body == b'hello'
    for connection in kept[:60]:
        connection.close()
    for connection in kept[60:]:
        assert connection.read().body == b'hello'
        connection.close()
    assert_served(client)
