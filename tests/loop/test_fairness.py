"""Several workers on one socket: who takes a connection, and what waits behind a request that takes long."""

import contextlib
import os
import signal

import pytest

from harness import wait_until

OPTIONS = {'master': True, 'processes': 2}


def is_stopped(pid):
    with open('/proc/%d/stat' % pid) as file:
        return file.read().rpartition(')')[2].split()[0] == 'T'


@contextlib.contextmanager
def stopped(*pids):
    """None of these processes looks at what happens, until each is sent SIGCONT."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: is_stopped(pid), 'process %d to stop' % pid)
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
    client = start_loop({**OPTIONS, 'processes': 3, 'http-socket': socket}).client('loop')
    counts = {}
    for _ in range(30):
        pid = client.connect().get('/pid').body
        counts[pid] = counts.get(pid, 0) + 1
    assert len(counts) == 3 and min(counts.values()) >= 3, counts
