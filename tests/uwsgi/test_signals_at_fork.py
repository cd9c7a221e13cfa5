"""A signal in the moment of a fork: the new process, of which uWSGI has not noted yet that it is there, hears of it."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness import wait_until

pytestmark = pytest.mark.skipif('UPP_PRELOAD' in os.environ, reason='preloads a library of its own')

# Who does not hear of it is killed after its mercy: that is not what is meant here.
MERCY = {'worker-reload-mercy': 600, 'mule-reload-mercy': 600}


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp('signal_at_fork') / 'signal_at_fork.so'
    subprocess.run(['cc', '-D_GNU_SOURCE', '-shared', '-fPIC', '-o', str(path),
                    str(Path(__file__).parent / 'signal_at_fork.c'), '-ldl'], check=True)
    return str(path)


@pytest.fixture
def start(start_site, library, fixed_address):
    def start(**options):
        server = start_site({'http-socket': fixed_address, 'master': True, 'processes': 2, **MERCY, **options},
                            env={'LD_PRELOAD': library})
        server.ignore_fds()
        server.allow_alarm('DAMN ! worker 1')
        return server
    return start


def kill(server, pattern):
    """A process, by the last line of the log that tells its pid: it is forked again."""
    os.kill(int(re.search(r'pid: (\d+)', server.log_lines(pattern)[-1])[1]), signal.SIGKILL)


MOMENTS = pytest.mark.parametrize('moment', ['before', 'at'])


@MOMENTS
def test_end(start, moment):
    server = start()
    server.write('%d-%s-fork' % (signal.SIGINT, moment), '')
    kill(server, 'spawned uWSGI worker 1')
    wait_until(lambda: server.process.poll() is not None, lambda: 'the end\n' + server.log_tail())
    assert not server.members()


@MOMENTS
def test_reload(start, moment):
    server = start()
    server.write('%d-%s-fork' % (signal.SIGHUP, moment), '')
    kill(server, 'spawned uWSGI worker 1')
    server.wait_log('spawned uWSGI worker 2 ', 2)
    assert server.client().get('/hello').body == b'hello'


def test_reload_of_the_new_worker(start):
    """As a reload of one worker after the other sends it."""
    server = start()
    server.write('%d-in-child' % signal.SIGHUP, '')
    kill(server, 'spawned uWSGI worker 1')
    server.wait_log('Respawned uWSGI worker 1', 2)
    assert server.client().get('/hello').body == b'hello'


@MOMENTS
def test_end_while_a_mule_begins(start, moment):
    server = start(mule=True)
    server.write('%d-%s-fork' % (signal.SIGINT, moment), '')
    kill(server, 'spawned uWSGI mule 1')
    wait_until(lambda: server.process.poll() is not None, lambda: 'the end\n' + server.log_tail())
    assert not server.members()
