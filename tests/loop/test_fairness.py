"""Several workers on one socket: who takes a connection, and what waits behind a request that takes long."""

import contextlib
import json
import os
import signal
import threading

import pytest

from harness import wait_until

OPTIONS = {'master': True, 'processes': 2, 'stats': True}


def state(pid):
    """Of the main thread: R runs or would like to, S waits, T is stopped."""
    with open('/proc/%d/stat' % pid) as file:
        return file.read().rpartition(')')[2].split()[0]


@contextlib.contextmanager
def stopped(*pids):
    """None of these processes looks at what happens, until each is sent SIGCONT."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: state(pid) == 'T', 'process %d to stop' % pid)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_new_connections_come_last(start_loop):
    """A worker with work on its own connections takes no new one first, which would then wait behind that work."""
    server = start_loop(OPTIONS)
    client, pids = server.client('loop'), server.worker_pids()
    with client.connect() as kept:
        busy = int(kept.get('/pid').body)
        free, = set(pids) - {busy}
        with stopped(*pids):
            with client.connect() as new:
                new.send_request('GET', '/pid')
                kept.send_request('GET', '/wait/go')
                os.kill(busy, signal.SIGCONT)
                wait_until((server.directory / 'go.waits').exists, 'the request to run')
                os.kill(free, signal.SIGCONT)
                assert int(new.read().body) == free
        server.write('go', '')
        assert kept.read().body == b'waited'


@pytest.mark.parametrize('socket', [True, 'http.sock'], ids=['tcp', 'unix'])
def test_kept_connections_are_shared(start_loop, socket):
    """One after the other, while all workers rest: each gets its share of them."""
    server = start_loop({**OPTIONS, 'processes': 3, 'http-socket': socket})
    client, pids = server.client('loop'), server.worker_pids()
    counts = {}
    for _ in range(30):
        wait_until(lambda: all(state(pid) == 'S' for pid in pids), 'all workers to rest')
        pid = client.connect().get('/pid').body
        counts[pid] = counts.get(pid, 0) + 1
    assert len(counts) == 3 and min(counts.values()) >= 3, counts


def wait_running(server, count):
    """A response comes before its request has ended, and until then its worker is busy."""
    server.wait_stats(lambda stats: count == sum(core['in_request'] for worker in stats['workers'] for core in worker['cores']),
                      '%d requests to run' % count)


@pytest.fixture
def connect_to_one(start_loop):
    """connect_to_one(count): a server with two workers, that many kept connections to one of them, and its pid."""
    @contextlib.contextmanager
    def connect(count, **more):
        server = start_loop({**OPTIONS, **more})
        client = server.client('loop')
        with contextlib.ExitStack() as stack:
            found = {}
            while not any(len(connections) == count for connections in found.values()):
                connection = stack.enter_context(client.connect())
                found.setdefault(int(connection.get('/pid').body), []).append(connection)
            pid, connections = next((pid, kept) for pid, kept in found.items() if len(kept) == count)
            wait_running(server, 0)
            yield server, pid, connections
    return connect


@contextlib.contextmanager
def busy(server, connection, name='go'):
    """The worker of this connection runs a request that does not end."""
    connection.send_request('GET', '/wait/' + name)
    wait_until((server.directory / (name + '.waits')).exists, 'the request to run')
    try:
        yield
    finally:
        server.write(name, '')
    assert connection.read().body == b'waited'


def test_kept_connections_leave_a_busy_worker(connect_to_one):
    """What comes on them while their worker has no thread is served by the other one, from then on."""
    with connect_to_one(4) as (server, pid, (first, *others)):
        with busy(server, first):
            others[0].send_request('GET', '/pid')
            others[1].send_request('GET', '/pid')
            served_by = {int(connection.read().body) for connection in others[:2]}
            assert len(served_by) == 1 and pid not in served_by
            # two requests at once, and a client that reads to the end: nobody else holds the connection open
            others[2].send_request('GET', '/pid')
            others[2].send_request('GET', '/pid', {'Connection': 'close'})
            assert int(others[2].read().body) in served_by
            assert int(others[2].read_last().body) in served_by
        wait_running(server, 0)
        for connection in others[:2]:
            assert int(connection.get('/pid').body) in served_by
        assert int(first.get('/pid').body) == pid


def test_the_client_stays_the_same(connect_to_one):
    """Its address goes with the connection, and so does the number of its requests."""
    with connect_to_one(2, **{'pypy-http-requests-max': 4}) as (server, pid, (first, second)):
        assert second.get('/address').body == b'127.0.0.1:%d' % second.sock.getsockname()[1]
        wait_running(server, 0)
        with busy(server, first):
            assert second.get('/address').body == b'127.0.0.1:%d' % second.sock.getsockname()[1]
            second.send_request('GET', '/pid')
            response = second.read_last()
            assert int(response.body) != pid and response.header('Connection') == 'close'


def test_a_request_that_has_begun_stays(connect_to_one):
    """The worker has read the beginning: nobody else could read the whole."""
    with connect_to_one(2) as (server, pid, (first, second)):
        second.send(b'GET /pid HTTP/1.1\r\n')
        # the worker has seen it, as it has what came later
        assert int(first.get('/pid').body) == pid
        wait_running(server, 0)
        with busy(server, first):
            second.send(b'Host: localhost\r\n\r\n')
            with server.client('loop').connect() as other:
                assert int(other.get('/pid').body) != pid
        assert int(second.read().body) == pid


def test_all_workers_are_busy(connect_to_one):
    """It waits for the one that is free first, whichever it was with."""
    with connect_to_one(2) as (server, pid, (first, second)):
        with contextlib.ExitStack() as stack:
            stack.enter_context(busy(server, first))
            with server.client('loop').connect() as other:
                with busy(server, other, 'other'):
                    second.send_request('GET', '/pid')
                assert int(second.read().body) != pid


def test_several_threads(connect_to_one):
    """A worker with a free thread keeps its connections; one without gives them away."""
    with connect_to_one(3, threads=2) as (server, pid, (first, second, third)):
        with busy(server, first):
            assert int(third.get('/pid').body) == pid
            wait_running(server, 1)
            with busy(server, second, 'other'):
                assert int(third.get('/pid').body) != pid


def test_a_worker_that_shall_end(connect_to_one):
    """What comes on its connections before it can is served by the other one."""
    with connect_to_one(2) as (server, pid, (first, second)):
        with busy(server, first):
            os.kill(pid, signal.SIGHUP)
            wait_until(lambda: server.log_lines('Gracefully killing worker'), 'the signal')
            assert int(second.get('/pid').body) != pid


def count_sockets(pid):
    directory = '/proc/%d/fd' % pid
    return sum(os.readlink(os.path.join(directory, name)).startswith('socket:') for name in os.listdir(directory))


@contextlib.contextmanager
def asking_on(connections, target):
    """Each of these connections has its next request sent as soon as it has the last response."""
    ends = threading.Event()

    def ask(connection):
        while not ends.is_set():
            connection.read()
            connection.send_request('GET', target)
        connection.read()
    for connection in connections:
        connection.send_request('GET', target)
    threads = [threading.Thread(target=ask, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ends.set()
        for thread in threads:
            thread.join()


def test_connections_of_another_worker_come_together(connect_to_one):
    """However many it has itself, a worker does not serve all of them before each one that was handed over."""
    with connect_to_one(6) as (server, pid, (first, *others)), contextlib.ExitStack() as stack:
        other_pid, = set(server.worker_pids()) - {pid}
        own = []
        while len(own) < 4:
            connection = stack.enter_context(server.client('loop').connect())
            if int(connection.get('/pid').body) == other_pid:
                own.append(connection)
        with busy(server, first):
            had = count_sockets(pid)
            with stopped(other_pid):
                for connection in others:
                    connection.send_request('GET', '/turn/other')
                wait_until(lambda: count_sockets(pid) == had - len(others), 'the connections to be handed over')
                stack.enter_context(asking_on(own, '/turn/own'))
            for connection in others:
                connection.read()
            stack.close()
            calls = json.loads(others[0].get('/calls').body)
        start = calls.index('GET /turn/other')
        assert set(calls[start:start + len(others)]) == {'GET /turn/other'}, calls


ENDS = {'max-requests': 100, 'min-worker-lifetime': 0, 'forkbomb-delay': 0}


def test_a_worker_that_ends_leaves_its_connections(connect_to_one):
    """Its clients see nothing of it: what they send on the connections that they have is served by others."""
    with connect_to_one(4, **ENDS) as (server, pid, (first, *others)):
        served_by = pid
        while served_by == pid:
            response = first.get('/pid')
            served_by = int(response.body)
            assert response.header('Connection') is None
        server.wait_log('The work of process %d is done' % pid)
        for connection in (first, *others):
            response = connection.get('/pid')
            assert int(response.body) != pid and response.header('Connection') is None


def test_nobody_is_there_to_take_them(start_loop):
    """The only worker of a server that ends closes its connections."""
    server = start_loop({**OPTIONS, **ENDS, 'processes': 1})
    with server.client('loop').connect() as first, server.client('loop').connect() as idle:
        assert idle.get('/pid').status == 200
        while first.get('/pid').header('Connection') is None:
            pass
        idle.wait_closed()
    assert server.client('loop').get('/pid').status == 200


def test_all_workers_end_at_once(start_loop):
    """On a reload each sees the other take connections until it stops, too: none of them is lost."""
    server = start_loop({**OPTIONS, 'processes': 3})
    client = server.client('loop')
    connections = [client.connect() for _ in range(12)]
    for connection in connections:
        assert connection.get('/hello').status == 200
    for connection in connections:
        connection.send_request('GET', '/hello')
    os.kill(server.pid, signal.SIGHUP)
    for connection in connections:
        assert connection.read().body == b'hello'
    # a signal that comes while the master starts anew would be lost
    server.wait_log('spawned uWSGI worker 3', 2)


def test_a_client_that_never_waits(connect_to_one):
    """A worker ends, too, if the next request is there before the one before it has ended."""
    with connect_to_one(1, **ENDS) as (server, pid, (connection,)):
        served_by = {int(connection.get('/late').body) for _ in range(2 * ENDS['max-requests'])}
        assert pid in served_by and len(served_by) > 1
