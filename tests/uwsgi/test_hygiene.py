"""What thousands of requests leave behind: no descriptor, no thread, no memory that grows without bound."""

import os

import pytest

from harness import Load
from harness.processes import open_fds

CONNECTIONS = 1000   # each with one request
REQUESTS = 10000     # on a connection that is kept
# What the JIT and the collector may still take after a warm-up; two kilobytes kept for each request would be 20 MB more.
GROWTH = 12 << 20


def resident(pid):
    with open('/proc/%d/statm' % pid) as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def threads(pid):
    return len(os.listdir('/proc/%d/task' % pid))


def connect_often(client):
    with Load(client, '/hello', threads=4) as load:
        load.wait_more(CONNECTIONS)
    load.check()


def ask_often(client):
    with client.connect() as connection:
        for _ in range(REQUESTS):
            assert connection.get('/hello').body == b'hello'


@pytest.mark.memory
@pytest.mark.parametrize('options', [{}, {'threads': 4, 'master': True}], ids=['one', 'threads'])
def test_hello(start_site, options):
    """After a warm-up neither connections nor requests leave a descriptor, a thread or memory behind."""
    server = start_site({'http11-socket': True, 'disable-logging': True, **options})
    pid = server.worker_pids()[0]
    connect_often(server.client('http'))
    server.end_test()   # closes the clients, waits until the worker has closed its side
    before = sum(open_fds(pid).values()), threads(pid)
    memory = resident(pid)
    connect_often(server.client('http'))
    ask_often(server.client('http11'))
    server.end_test()
    assert (sum(open_fds(pid).values()), threads(pid)) == before
    assert resident(pid) - memory < GROWTH, (memory, resident(pid))


def test_errors_leave_nothing(start_site):
    """Exceptions hold frames, and frames hold everything: they must go with their request."""
    app = '''
import gc, weakref
ALIVE = weakref.WeakSet()

class Payload:
    def __init__(self):
        self.data = bytearray(1 << 20)

def application(environ, start_response):
    if environ['PATH_INFO'] == '/alive':
        gc.collect()
        start_response('200 OK', [])
        return [str(len(ALIVE)).encode()]
    payload = Payload()
    ALIVE.add(payload)
    raise ValueError('with a payload')
'''
    server = start_site(app=app)
    for _ in range(50):
        assert server.client().get('/').status == 500
    server.expect_traceback(*['ValueError: with a payload'] * 50)
    assert int(server.client().get('/alive').body) <= 1


@pytest.mark.memory
def test_uploads_and_downloads(start_site):
    """A hundred bodies of a megabyte each way are not kept."""
    server = start_site({'disable-logging': True})
    pid = server.worker_pids()[0]
    client = server.client()
    body = b'x' * (1 << 20)
    for _ in range(20):
        assert client.post('/echo', body).body == body
    memory = resident(pid)
    for _ in range(100):
        assert client.post('/echo', body).body == body
    assert resident(pid) - memory < 40 << 20, (memory, resident(pid))
