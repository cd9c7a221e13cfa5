"""One worker without threads, and clients that are slow, greedy or many: none of them holds up the others."""

import os
import resource
import time

import pytest

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


def cpu_seconds(pid):
    with open('/proc/%d/stat' % pid) as stat:
        fields = stat.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def resident(pid):
    with open('/proc/%d/statm' % pid) as statm:
        return int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def assert_rests(pid, seconds=1.5, share=0.25):
    """The process does next to nothing for a while; the bound is on its CPU time, not on the clock."""
    before, begin = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    used, passed = cpu_seconds(pid) - before, time.monotonic() - begin
    assert used < passed * share, 'used %.2f s of CPU time in %.2f s' % (used, passed)


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

def test_idle_connections(start_loop):
    """2,000 of them: little memory each, no CPU time, and the others are served."""
    count = 2000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 200:
        if hard != resource.RLIM_INFINITY and hard < count + 200:
            pytest.skip('this process may not open so many descriptors')
        resource.setrlimit(resource.RLIMIT_NOFILE, (count + 200, hard))
    server = start_loop({**OPTIONS, 'max-fd': count + 200, 'listen': 100})
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
    assert grown < 4096
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
