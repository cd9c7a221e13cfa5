"""Workers, requests, memory and queues."""

import os

import pytest

from api.console import Raised
from harness import wait_until

LOOPS = pytest.mark.parametrize('loop', ['off', 'on'])

KEYS = {'id', 'pid', 'requests', 'delta_requests', 'signals', 'exceptions', 'status', 'rss', 'vsz', 'running_time',
        'last_spawn', 'respawn_count', 'tx', 'avg_rt', 'apps'}
APP_KEYS = {'id', 'modifier1', 'mountpoint', 'startup_time', 'interpreter', 'callable', 'requests', 'exceptions',
            'chdir'}


@LOOPS
def test_workers(start_console, loop):
    console = start_console({'processes': 2, 'memory-report': True, 'stats': True, 'pypy-loop': loop})
    console('1')
    # the first request is counted, and its worker idle, some time after its client has the response
    console.server.wait_stats(lambda stats: sum(worker['requests'] for worker in stats['workers']) == 1 and all(
        worker['status'] == 'idle' for worker in stats['workers']), 'the request to be over')
    workers = console('uwsgi.workers()')
    assert [set(worker) for worker in workers] == [KEYS, KEYS] and [worker['id'] for worker in workers] == [1, 2]
    assert [worker['pid'] for worker in workers] == console.server.worker_pids()
    assert sum(worker['requests'] for worker in workers) == 1
    assert sorted(worker['status'] for worker in workers) == [b'busy', b'idle']
    served = [worker for worker in workers if worker['requests']][0]
    assert served['delta_requests'] == 1 and served['tx'] > 0 and served['rss'] > 0 and served['vsz'] > served['rss']
    assert all(worker['last_spawn'] > 0 and worker['respawn_count'] == 1 for worker in workers)
    app = served['apps'][0]
    assert set(app) == APP_KEYS and len(served['apps']) == 1
    assert (app['id'], app['modifier1'], app['mountpoint'], app['chdir'], app['requests']) == (0, 0, b'', b'', 1)


def test_exceptions_are_counted(start_site):
    server = start_site('''
import uwsgi
def application(environ, start_response):
    if environ['PATH_INFO'] == '/fail':
        raise ValueError('of the test')
    start_response('200 OK', [])
    worker = uwsgi.workers()[0]
    return [b'%d %d' % (worker['exceptions'], worker['apps'][0]['exceptions'])]
''')
    server.expect_traceback('ValueError: of the test')
    server.client().get('/fail')
    assert server.client().get('/').body == b'1 1'


def test_cheaped_worker(start_console):
    """It stays in the list."""
    console = start_console({'processes': 2, 'cheaper': 1, 'cheaper-initial': 1})
    assert [worker['status'] for worker in console('uwsgi.workers()')] == [b'busy', b'cheap']


def test_applications_of_workers(start_site):
    """Each mounted application is there, under its mountpoint."""
    app = '''
import uwsgi
def application(environ, start_response):
    start_response('200 OK', [])
    return [repr([(app['id'], app['mountpoint']) for app in uwsgi.workers()[0]['apps']]).encode()]
'''
    server = start_site(app, {'mount': '/sub=app.py'})
    assert server.client().get('/').body == b"[(0, b''), (1, b'/sub')]"


@LOOPS
def test_requests(start_console, loop):
    """total_requests() counts those of all workers; request_id() those of the thread's core."""
    console = start_console({'threads': 2, 'pypy-loop': loop})
    assert console('uwsgi.total_requests(), uwsgi.request_id()') == (0, 0)
    ids = [console('import threading; threading.current_thread().name, uwsgi.request_id()') for _ in range(10)]
    for thread in {name for name, _ in ids}:
        numbers = [number for name, number in ids if name == thread]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    # a request is counted when its client has the response already
    asked = [0]

    def all_counted():
        asked[0] += 1
        return console('uwsgi.total_requests()') == 10 + asked[0]
    wait_until(all_counted, 'all requests to be counted')


def test_memory(start_console):
    """Bytes, as /proc has them."""
    console = start_console()
    rss, vsz = console('uwsgi.mem()')
    with open('/proc/%d/statm' % console.server.worker_pids()[0]) as file:
        pages, resident = map(int, file.read().split()[:2])
    page = os.sysconf('SC_PAGE_SIZE')
    assert abs(vsz - pages * page) < 1 << 26 and abs(rss - resident * page) < 1 << 26
    assert vsz > rss > 1 << 20


def test_micros(start_console):
    assert start_console()('import time; abs(uwsgi.micros() / 1e6 - time.time()) < 1 and type(uwsgi.micros())') == (
        "<class 'int'>")


def test_listen_queue(start_site):
    """Connections that wait for the only worker, while it is busy."""
    server = start_site('''
import os, time, uwsgi
def application(environ, start_response):
    while not os.path.exists('go'):
        with open('queue.new', 'w') as file:
            file.write('%d' % uwsgi.listen_queue())
        os.rename('queue.new', 'queue')
        time.sleep(0.01)
    start_response('200 OK', [])
    return [b'%d' % uwsgi.listen_queue(0)]
''', {'pypy-loop': 'off'})   # the loop takes connections before it can serve them
    client = server.client()
    connections = [client.connect() for _ in range(5)]
    for connection in connections:
        connection.send_request('GET', '/')
    queue = server.directory / 'queue'
    wait_until(lambda: queue.exists() and queue.read_text() == '4', 'four connections to wait')
    server.write('go', '')
    assert all(connection.read().status == 200 for connection in connections)


@pytest.mark.parametrize('number, message', [
    ('1', 'ValueError: there is no socket 1'),
    ('-1', 'ValueError: socket number is -1; it must be from 0 to 2147483647'),
    ('"0"', 'TypeError: socket number must be int, not str'),
])
def test_listen_queue_refused(start_console, number, message):
    with pytest.raises(Raised, match='^%s$' % message):
        start_console()('uwsgi.listen_queue(%s)' % number)
