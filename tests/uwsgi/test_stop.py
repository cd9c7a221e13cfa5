"""Stopping: what each way to stop does to a running request, and that nothing is left of the server."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from harness import wait_until


def hold(server):
    connection = server.client().connect()
    connection.send_request('GET', '/hold/a')
    wait_until((server.directory / 'a.held').exists, 'the request to be in the application')
    return connection


def stop_gracefully(server, ask):
    """Asks it to stop while a request runs; the request is answered and the server ends by itself."""
    held = hold(server)
    ask()
    server.wait_log('graceful|gracefully')
    server.write('a.release', '')
    response = held.read()
    assert response.complete and response.status == 200
    assert server.wait_exit() == 0
    assert len(server.log_lines('^atexit of')) >= 1
    wait_until(lambda: not server.members(), 'every process to be gone')


@pytest.mark.parametrize('threads', [1, 3])
def test_master_fifo_q(start_site, threads):
    """Graceful shutdown: `q` in the master's fifo."""
    options = {'master': True, 'processes': 2, 'master-fifo': 'fifo', 'stats': True}
    server = start_site({**options, **({'threads': threads} if threads > 1 else {})})

    def ask():
        with open(server.directory / 'fifo', 'w') as fifo:
            fifo.write('q')
    stop_gracefully(server, ask)


def test_sigterm_reloads_without_die_on_term(start_site, fixed_address):
    """uWSGI's own meaning of SIGTERM: a brutal reload; the server is there again."""
    server = start_site({'http-socket': fixed_address, 'master': True, 'processes': 2})
    server.ignore_fds()
    server.send_signal(signal.SIGTERM)
    server.wait_log('spawned uWSGI worker 2 ', 2)
    assert server.client().get('/hello').body == b'hello'


@pytest.mark.parametrize('options', [{}, {'master': True}, {'master': True, 'processes': 2, 'threads': 3},
                                     {'master': True, 'lazy-apps': True}],
                         ids=['no-master', 'master', 'threads', 'lazy'])
def test_sigterm_with_die_on_term(start_site, options):
    """A lone worker ends with uWSGI's own code for "asked to end"; a master with 0."""
    server = start_site({**options, 'die-on-term': True})
    assert server.client().get('/hello').body == b'hello'
    assert server.stop(signal.SIGTERM) == (0 if 'master' in options else 30)
    assert server.members() == {}


@pytest.mark.parametrize('options', [{}, {'master': True, 'processes': 2}], ids=['no-master', 'master'])
def test_exit_functions_run_once_in_each_worker(start_site, options):
    """atexit runs in every worker and not in the master, which never served."""
    server = start_site(options)
    workers = server.worker_pids()
    server.client().get('/hello')
    server.wait_log('GET /hello')   # a request that is still running would be broken off, and they with it
    server.stop(signal.SIGINT)
    left = [int(line.rpartition(' ')[2]) for line in server.log_lines('^atexit of')]
    assert sorted(left) == sorted(workers)


@pytest.mark.parametrize('threads', [1, 3])
@pytest.mark.parametrize('number', [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_another_thread_takes(start_site, threads, number):
    """One of the application's, as the main thread blocks signals for a moment: the worker ends in order."""
    server = start_site({'master': True, **({'threads': threads} if threads > 1 else {})})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')     # what uWSGI calls a worker that was told to end by another than the master
    worker = int(server.client().get('/take/%d' % number).body)
    server.wait_log('GET /take')    # as above
    server.write('signal', '')
    server.wait_log('^atexit of %d$' % worker)
    server.wait_log('^Respawned uWSGI worker 1')


@pytest.mark.parametrize('options', [{}, {'master': True, 'processes': 2, 'threads': 2}], ids=['no-master', 'master'])
@pytest.mark.parametrize('engine', ['stock'])
def test_stop_while_a_request_runs(start_site, options):
    """SIGINT does not wait for it: the client sees a broken connection, the server ends without a crash."""
    server = start_site(options)
    held = hold(server)
    server.stop(signal.SIGINT)
    assert not held.read().complete


@pytest.mark.parametrize('options', [{}, {'master': True, 'processes': 2, 'threads': 2}], ids=['no-master', 'master'])
@pytest.mark.parametrize('engine', ['loop'])
def test_stop_lets_a_request_finish(start_site, options):
    """SIGINT waits for it, in whichever thread it runs, and the client is told that the connection ends."""
    server = start_site(options)
    held = hold(server)
    server.send_signal(signal.SIGINT)
    server.wait_log('waits for running requests')
    server.write('a.release', '')
    response = held.read()
    assert response.complete and response.header('Connection') == 'close'
    server.wait_exit()


@pytest.fixture(scope='module')
def priority(tmp_path_factory):
    library = tmp_path_factory.mktemp('priority') / 'priority.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-o', str(library), str(Path(__file__).parent / 'priority.c')], check=True)
    return str(library)


@pytest.mark.skipif('UPP_PRELOAD' in os.environ, reason='preloads a library of its own')
def test_a_worker_that_ends_makes_way(start_site, priority):
    """What is left to do then is the kernel's, and those who serve come first. The master goes on as it is."""
    server = start_site({'master': True, 'processes': 2}, env={'LD_PRELOAD': priority})
    workers = server.worker_pids()
    server.client().get('/hello')
    server.wait_log('GET /hello')
    server.stop(signal.SIGINT)
    lines = server.log_lines('^priority of')
    for pid in workers:
        assert 'priority of %d at its end: 19' % pid in lines
    assert 'priority of %d at its end: 0' % server.pid in lines
