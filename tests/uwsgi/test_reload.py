"""Reloading while clients ask on: SIGHUP; every request is answered, whole and right."""

import os
import subprocess
from pathlib import Path

import pytest

from harness import wait_until
from harness.processes import open_fds
from harness.reloads import RELOADS, reload_under_load, start


@pytest.mark.parametrize('lazy', [False, True], ids=['', 'lazy-apps'])
def test_sighup(start_site, fixed_address, lazy):
    """The whole server starts again, with the application's new text."""
    server = start(start_site, fixed_address, **({'lazy-apps': True} if lazy else {}))
    load = reload_under_load(server, server.reload,
                             lambda number: len(server.log_lines('spawned uWSGI worker 2 ')) > number)
    assert len(load.bodies) >= RELOADS + 1
    assert server.worker_pids() and server.process.poll() is None


def test_new_code_is_served(start_site, fixed_address):
    server = start(start_site, fixed_address)
    source = (server.directory / 'app.py').read_text()
    for word in ('first', 'second'):
        server.write('app.py', source.replace("b'hello'", "b'%s'" % word, 1))
        before = len(server.log_lines('spawned uWSGI worker 2 '))
        server.reload()
        wait_until(lambda: len(server.log_lines('spawned uWSGI worker 2 ')) > before, 'the reload')
        assert server.client().get('/hello').body == word.encode()


def test_broken_code_keeps_the_server(start_site, fixed_address):
    """Without --need-app the reloaded server answers 500 and logs why; the next reload mends it."""
    server = start(start_site, fixed_address)
    source = (server.directory / 'app.py').read_text()
    server.write('app.py', 'raise RuntimeError("half written")')
    server.reload()
    server.wait_log('spawned uWSGI worker 2 ', 2)
    server.expect_traceback('RuntimeError: half written')
    assert server.client().get('/hello').status == 500
    server.write('app.py', source)
    server.reload()
    server.wait_log('spawned uWSGI worker 2 ', 3)
    assert server.client().get('/hello').body == b'hello'


def test_running_request_outlives_sighup(start_site, fixed_address):
    """SIGHUP lets it finish; what comes meanwhile waits in the listening socket and is served by the new workers."""
    server = start(start_site, fixed_address)
    with server.client().connect() as held, server.client().connect() as waiting:
        held.send_request('GET', '/hold/a')
        wait_until((server.directory / 'a.held').exists, 'the request')
        server.reload()
        server.wait_log('gracefully killing workers')
        waiting.send_request('GET', '/hello')
        server.write('a.release', '')
        assert held.read().status == 200
        assert waiting.read().body == b'hello'
    server.wait_log('spawned uWSGI worker 2 ', 2)


@pytest.fixture(scope='module')
def hang_up(tmp_path_factory):
    library = tmp_path_factory.mktemp('hang_up') / 'hang_up.so'
    subprocess.run(['cc', '-D_GNU_SOURCE', '-shared', '-fPIC', '-o', str(library),
                    str(Path(__file__).parent / 'hang_up.c'), '-ldl'], check=True)
    return str(library)


@pytest.mark.skipif('UPP_PRELOAD' in os.environ, reason='preloads a library of its own')
@pytest.mark.parametrize('socket', ['http-socket', 'http11-socket'])
@pytest.mark.parametrize('threads', [1, 3])
def test_sighup_between_accept_and_the_first_byte(start_site, hang_up, threads, socket):
    """The connection was taken, nothing of the request was read: it is served by the worker that leaves."""
    server = start_site({'http-socket': None, socket: True, 'master': True,
                         **({'threads': threads} if threads > 1 else {})}, env={'LD_PRELOAD': hang_up})
    server.ignore_fds()
    for number in (1, 2):
        server.write('hang-up', '')
        assert server.client().get('/hello').body == b'hello'
        server.wait_log('Respawned uWSGI worker 1', number)
    assert not server.log_lines('DAMN')


def test_reloads_leak_no_descriptors(start_site, fixed_address):
    """exec() starts over in the same process: no descriptor may be inherited again and again."""

    server = start(start_site, fixed_address, processes=1)
    counts = []
    for number in range(1, 4):
        server.reload()
        server.wait_log('spawned uWSGI worker 1 ', number + 1)
        assert server.client().get('/hello').body == b'hello'
        wait_until(lambda: 'anon_inode:[pidfd]' in open_fds(server.pid), 'the master to watch its worker')
        counts.append(sum(open_fds(server.pid).values()))
    assert counts[-1] <= counts[0], counts
