"""--threads: requests run at the same time in one worker, each thread is itself, and reloads do not hurt it."""

import json

import pytest

from harness import Load, wait_until

THREADS = 6
OPTIONS = {'threads': THREADS, 'master': True, 'stats': True}


def parallel(client, path, count):
    """The answers to `count` requests that are all under way at once."""
    connections = [client.connect() for _ in range(count)]
    for connection in connections:
        connection.send_request('GET', path)
    return [connection.read() for connection in connections]


@pytest.mark.fronts('http')
def test_requests_run_at_the_same_time(client):
    """A barrier opens only when every thread of the worker is in the application."""
    for _ in range(5):
        found = [json.loads(response.body) for response in parallel(client, '/barrier/%d' % THREADS, THREADS)]
        assert sorted(answer['index'] for answer in found) == list(range(THREADS))
        assert len({answer['ident'] for answer in found}) == THREADS


@pytest.mark.fronts('http')
def test_thread_names(client):
    """Named after worker and core, the main thread as well: what a log format with the thread's name shows."""
    found = [json.loads(response.body)['thread'] for response in parallel(client, '/barrier/%d' % THREADS, THREADS)]
    assert sorted(found) == ['uWSGIWorker1Core%d' % core for core in range(THREADS)]


@pytest.mark.fronts('http')
def test_thread_locals_stay_with_their_thread(client):
    """What a thread stored is there in its next request and in no other thread."""
    counts = {}
    for _ in range(20):
        for response in parallel(client, '/count', THREADS):
            found = json.loads(response.body)
            counts.setdefault(found['thread'], []).append(found['count'])
    assert sum(map(len, counts.values())) == 20 * THREADS
    for numbers in counts.values():
        assert sorted(numbers) == list(range(numbers[0], numbers[0] + len(numbers))), counts


@pytest.mark.fronts('http')
def test_environ_tells_of_threads(client):
    about = json.loads(client.get('/about').body)
    assert (about['multithread'], about['multiprocess']) == (True, False)


def test_one_slow_request_does_not_hold_the_others(client, server):
    with client.connect() as held:
        name = 'slow-%s' % client.front
        held.send_request('GET', '/hold/' + name)
        wait_until((server.directory / (name + '.held')).exists, 'the request to be in the application')
        for _ in range(20):
            assert client.get('/hello').body == b'hello'
        server.write(name + '.release', '')
        assert held.read().status == 200


@pytest.mark.fronts('http')
def test_exceptions_in_parallel_stay_apart(client, server):
    """Each thread's exception is its own: as many tracebacks, as many 500s, and a count in the stats."""
    before = server.stats()['workers'][0]['exceptions']
    responses = parallel(client, '/raise', 12)
    assert [response.status for response in responses] == [500] * 12
    server.expect_traceback(*['ValueError: boom'] * 12)
    server.wait_stats(lambda stats: stats['workers'][0]['exceptions'] == before + 12, 'the exceptions to be counted')


@pytest.mark.fronts('http')
def test_load_of_busy_threads(client):
    with Load(client, '/busy_hello', threads=2 * THREADS) as load:
        load.wait_more(1000)
    load.check()
    assert len(load.bodies) == 1


# -- reload: uWSGI 2.0.21 cancels idle threads ---------------------------------------------------------------------------

@pytest.mark.parametrize('path', ['/busy_hello', '/pid'])
def test_reloads_under_load(start_site, fixed_address, path):
    """Several graceful reloads of a threaded worker: no lost request, no hang, no crash."""
    server = start_site({'http-socket': fixed_address, 'threads': 4, 'processes': 2, 'master': True})
    server.ignore_fds()
    with Load(server.client(), path, threads=6) as load:
        for number in range(1, 5):
            load.wait_more(100)
            server.reload()
            server.wait_log('spawned uWSGI worker 2 ', number + 1)
        load.wait_more(100)
    load.check()
    assert not server.log_lines('NO MERCY')


def test_reload_of_idle_threads(start_site, fixed_address):
    """Threads that wait for a connection go at once."""
    server = start_site({'http-socket': fixed_address, 'threads': 8, 'master': True})
    server.ignore_fds()
    for number in range(1, 4):
        assert server.client().get('/hello').body == b'hello'
        server.reload()
        server.wait_log('spawned uWSGI worker 1 ', number + 1)
        server.wait_log('^atexit of', number)
    assert not server.log_lines('NO MERCY')


def test_threads_of_the_application_in_every_worker(start_site):
    """A thread that the application starts at import lives in the master only; one that a request starts runs."""
    app = '''
import threading
started = []
threading.Thread(target=threading.Event().wait, daemon=True, name='of-the-import').start()

def work():
    started.append(threading.current_thread().name)

def application(environ, start_response):
    thread = threading.Thread(target=work, name='of-the-request')
    thread.start()
    thread.join()
    names = sorted(thread.name for thread in threading.enumerate())
    start_response('200 OK', [])
    return [('%s|%s' % (started[-1], ','.join(names))).encode()]
'''
    server = start_site({'threads': 2, 'processes': 2, 'master': True}, app=app)
    for _ in range(10):
        started, _, names = server.client().get('/').text.partition('|')
        assert started == 'of-the-request' and 'of-the-import' not in names


# -- threads of the application's own --------------------------------------------------------------------------------------

TICKING = '''
import os, threading, time
import uwsgi

def tick(name):
    count = 0
    while True:
        count += 1
        with open('%s-%d' % (name, os.getpid()), 'w') as file:
            file.write(str(count))
        time.sleep(0.01)

def begin(name):
    threading.Thread(target=tick, args=[name], daemon=True).start()

def application(environ, start_response):
    start_response('200 OK', [])
    if environ['PATH_INFO'] == '/begin':
        begin('request')
    return [b'%d' % os.getpid()]

uwsgi.post_fork_hook = lambda: begin('fork')
begin('import')
'''


def wait_ticks(server, name, pid):
    """Waits until the thread has gone on, while nobody asks the server anything."""
    path = server.directory / ('%s-%d' % (name, pid))

    def count():
        return int(path.read_text() or 0) if path.exists() else 0
    before = count()
    wait_until(lambda: count() > before + 5, 'the thread of %s to go on' % path.name)


@pytest.mark.parametrize('options', [{}, {'enable-threads': True, 'threads': 3}], ids=['lone', 'threads'])
def test_background_threads_after_the_fork(start_site, options):
    """They run while the worker waits for requests, whether --enable-threads is given or not."""
    for lazy, names in ((True, ['import', 'request']), (False, ['fork', 'request'])):
        server = start_site({'master': True, 'lazy-apps': lazy, **options}, app=TICKING)
        pid = int(server.client().get('/begin').body)
        for name in names:
            wait_ticks(server, name, pid)


def test_background_threads_before_the_fork(start_site):
    """One of the import stays in the master and runs there; workers are born and born again beside it."""
    server = start_site({'master': True, 'processes': 2, 'max-requests': 5, 'min-worker-lifetime': 1, 'forkbomb-delay': 0},
                        app=TICKING)
    server.ignore_fds()
    wait_ticks(server, 'import', server.master_pid)
    with Load(server.client(), '/', threads=3) as load:
        server.wait_log('Respawned uWSGI worker', 2)
    load.check()
    wait_ticks(server, 'import', server.master_pid)
    for pid in server.worker_pids():
        assert not (server.directory / ('import-%d' % pid)).exists()


INTERVAL = '''
import sys
chosen = sys.getswitchinterval()

def application(environ, start_response):
    start_response('200 OK', [])
    return [b'%r %r' % (chosen, sys.getswitchinterval())]
'''


@pytest.mark.parametrize('options', [{}, {'threads': 2}, {'master': True, 'lazy-apps': True}], ids=str)
def test_switch_interval(start_site, options):
    """Half a millisecond by PyPy's count of bytecodes, before the application is loaded and after; its default is ten times that."""
    assert start_site(options, app=INTERVAL).client().get('/').body == b'0.0005 0.0005'
