"""Worker processes: how many, who they are, when they are replaced, and that no request is lost over it."""

import os
import signal

import pytest

from harness import Load, wait_until

MASTER = {'master': True, 'stats': True}


def worker_pids(server):
    """The pids of the workers that run, by the stats server."""
    return {worker['pid'] for worker in server.stats()['workers'] if worker['pid'] and worker['status'] != 'cheap'}


def bodies_of(server, path, wanted):
    """The different answers to path, once there are as many as wanted."""
    found = set()

    def enough():
        found.add(server.client().get(path).body)
        return len(found) >= wanted
    wait_until(enough, lambda: '%d different answers to %s, so far %r' % (wanted, path, found))
    return found


def hold_all(server, count):
    """Occupies so many workers at once; returns the connections."""
    client = server.client()
    connections = []
    for number in range(count):
        connection = client.connect()
        connection.send_request('GET', '/hold/%d' % number)
        connections.append(connection)
        wait_until((server.directory / ('%d.held' % number)).exists, 'request %d to be in the application' % number)
    return connections


def release(server, count):
    for number in range(count):
        server.write('%d.release' % number, '')


# -- with and without a master -----------------------------------------------------------------------------------------

@pytest.mark.parametrize('options', [{}, {'master': True}, {'processes': 3}, {'master': True, 'processes': 3}],
                         ids=['one', 'master', 'three', 'master+three'])
def test_workers_serve_at_the_same_time(start_site, options):
    """As many requests run at once as there are workers, each in its own."""
    count = options.get('processes', 1)
    server = start_site(options)
    connections = hold_all(server, count)
    release(server, count)
    assert len({connection.read().body for connection in connections}) == count
    about = server.client().get('/about').body
    assert (b'"multiprocess": %s' % (b'true' if count > 1 else b'false')) in about


def test_application_is_loaded_once_and_inherited(start_site):
    """Every worker, each asked while the others are busy, has the master's application."""
    server = start_site({**MASTER, 'processes': 3})
    generations = set()
    for busy in range(3):
        generations.add(server.client().get('/generation').body)
        if busy < 2:
            server.client().connect().send_request('GET', '/hold/%d' % busy)
            wait_until((server.directory / ('%d.held' % busy)).exists, 'a worker to be busy')
    release(server, 2)
    assert len(generations) == 1 and len(server.log_lines('WSGI app 0 .*ready')) == 1


def test_lazy_apps_load_in_each_worker(start_site):
    server = start_site({**MASTER, 'processes': 2, 'lazy-apps': True})
    server.wait_log('WSGI app 0 .*ready', 2)
    first = hold_all(server, 1)[0]
    other = bodies_of(server, '/generation', 1)
    release(server, 1)
    assert first.read().status == 200
    assert len(set(server.log_lines('WSGI app 0 .*ready'))) == 2 and len(other) == 1


def test_lazy_app_that_fails_leaves_a_worker_that_says_so(make_site):
    """Without --need-app the worker answers 500 and logs why."""
    server = make_site({'master': True, 'lazy-apps': True}, app='raise RuntimeError("not today")')
    server.expect_traceback('RuntimeError: not today')
    server.start()
    assert server.client().get('/').status == 500
    server.wait_log('no Python application found')


# -- replaced workers --------------------------------------------------------------------------------------------------

def test_max_requests_under_load(start_site):
    """Workers come and go, no request is lost, and each one that leaves runs its exit functions."""
    server = start_site({**MASTER, 'processes': 2, 'max-requests': 50, 'min-worker-lifetime': 0, 'forkbomb-delay': 0})
    server.ignore_fds()
    with Load(server.client(), '/pid') as load:
        wait_until(lambda: len(load.bodies) >= 5 or load.failures, 'five workers to have served')
    load.check()
    gone = {int(body) for body in load.bodies} - worker_pids(server)
    assert len(gone) >= 2
    for pid in gone:
        server.wait_log('^atexit of %d$' % pid)


def test_workers_end_one_after_the_other(start_site):
    """One that has done its work goes on while another is being replaced: somebody always serves."""
    limit = 5
    server = start_site({**MASTER, 'processes': 2, 'threads': 2, 'max-requests': limit, 'min-worker-lifetime': 0,
                         'forkbomb-delay': 0})
    server.ignore_fds()
    [held] = hold_all(server, 1)
    first = int((server.directory / '0.pid').read_text())

    def ask():
        return int(server.client().get('/pid').body)
    wait_until(lambda: ask() and server.log_lines('The work of process %d is done' % first), 'the end of the first')
    [second] = {ask() for _ in range(3 * limit)} - {first}
    assert not server.log_lines('The work of process %d is done' % second)
    release(server, 1)
    assert int(held.read().body) == first
    wait_until(lambda: ask() and server.log_lines('The work of process %d is done' % second), 'the end of the other')
    server.wait_log('Respawned uWSGI worker', len(server.log_lines('The work of process')))


def test_a_new_worker_serves_its_first_requests_before_the_next_one_ends(start_site):
    """They take longer than others: a second new worker would do so at the same time."""
    limit = 40
    server = start_site({**MASTER, 'processes': 2, 'max-requests': limit, 'min-worker-lifetime': 0, 'forkbomb-delay': 0})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')
    killed, old = server.worker_pids()
    os.kill(killed, signal.SIGKILL)
    server.wait_log('Respawned uWSGI worker')
    held = hold_all(server, 2)
    [number] = [number for number in range(2) if int((server.directory / ('%d.pid' % number)).read_text()) == old]
    server.write('%d.release' % number, '')
    assert int(held[number].read().body) == old

    def ask():
        return int(server.client().get('/pid').body)
    assert {ask() for _ in range(3 * limit)} == {old}
    assert not server.log_lines('The work of process %d is done' % old)
    release(server, 2)
    wait_until(lambda: ask() and server.log_lines('The work of process %d is done' % old), 'the end of the old one')


def test_ended_worker_is_replaced_at_once(start_site):
    """The master's timer has nothing to do with it: it would look after an hour."""
    server = start_site({'master': True, 'processes': 2, 'max-requests': 5, 'min-worker-lifetime': 0,
                         'check-interval': 3600})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')
    os.kill(server.worker_pids()[0], signal.SIGKILL)
    server.wait_log('Respawned uWSGI worker')
    wait_until(lambda: server.client().get('/hello').body == b'hello' and server.log_lines('The work of process'),
               'a worker to end in order')
    server.wait_log('Respawned uWSGI worker', 2)


def test_reload_on_rss(start_site):
    """A worker that grew too large ends after its request and is replaced."""
    server = start_site({**MASTER, 'processes': 1, 'reload-on-rss': 400, 'min-worker-lifetime': 0})
    server.ignore_fds()
    first = server.worker_pids()[0]
    pids = []

    def replaced():
        response = server.client().get('/grow')
        assert response.complete and response.status == 200, response
        pids.append(int(response.body))
        return pids[-1] != first
    wait_until(replaced, 'a worker of more than 400 MB to be replaced')
    assert len(pids) > 10
    server.wait_log('atexit of %d$' % first)


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSEGV], ids=['kill', 'segv'])
def test_killed_worker_is_replaced(start_site, number):
    """One of two dies in its request: its client sees a broken connection, the others nothing, a new one serves."""
    server = start_site({**MASTER, 'processes': 2})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker', '!!! uWSGI process', 'Segmentation Fault')
    held = hold_all(server, 1)[0]
    victim = [pid for pid in server.worker_pids()
              if pid != int(server.client().get('/pid').body)][0]
    os.kill(victim, number)
    ended = held.read()
    assert not ended.complete
    for _ in range(20):
        assert server.client().get('/hello').body == b'hello'
    server.wait_stats(lambda stats: all(worker['pid'] and worker['pid'] != victim for worker in stats['workers']),
                      'a new worker')
    release(server, 1)
    new = [pid for pid in worker_pids(server)]
    assert len(new) == 2 and victim not in new
    wait_until(lambda: {int(server.client().get('/pid').body)} <= set(new), 'the workers to serve')


def test_many_kills(start_site):
    """Respawned from a master that has run Python: none of them hangs in the interpreter."""
    server = start_site({**MASTER, 'processes': 4})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')
    killed = set()
    while len(killed) < 12:
        alive = wait_until(lambda: {pid for pid in worker_pids(server) if pid not in killed}, 'a new worker')
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
    server.wait_stats(lambda stats: all(w['pid'] and w['pid'] not in killed and w['accepting'] for w in
                                        stats['workers']), 'new workers')
    connections = hold_all(server, 4)
    release(server, 4)
    assert len({connection.read().body for connection in connections}) == 4


# -- cheaper -----------------------------------------------------------------------------------------------------------

def test_cheaper_grows_and_shrinks(start_site):
    """One worker at rest; as many as are needed while every one is busy; one again afterwards."""
    server = start_site({**MASTER, 'processes': 3, 'cheaper': 1, 'cheaper-initial': 1, 'cheaper-step': 1,
                         'cheaper-overload': 1})
    server.ignore_fds()
    assert len(worker_pids(server)) == 1
    connections = hold_all(server, 3)
    assert len(worker_pids(server)) == 3
    assert len(set(worker_pids(server))) == 3
    release(server, 3)
    assert len({connection.read().body for connection in connections}) == 3
    server.wait_stats(lambda stats: sum(w['status'] != 'cheap' for w in stats['workers']) == 1,
                      'two workers to be cheaped')
    assert server.client().get('/hello').body == b'hello'
    server.wait_log('^atexit of', 2)
