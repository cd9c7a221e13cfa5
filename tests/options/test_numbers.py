"""What PyPy does in each worker, as uWSGI's metrics: in its stats, and where it pushes them."""

import socket

import pytest

from harness import wait_until

APP = r'''
import gc, os

def application(environ, start_response):
    if environ['PATH_INFO'] == '/work':
        kept = []
        for i in range(200000):
            kept.append([i])
        gc.collect()
    start_response('200 OK', [])
    return [b'%d' % os.getpid()]
'''

NAMES = {'jit.loops': 0, 'jit.bridges': 0, 'jit.aborts': 0, 'jit.code_bytes': 1, 'jit.tracing_us': 0, 'gc.minor': 0,
         'gc.major': 0, 'gc.pause_last_us': 1, 'gc.pause_max_us': 1, 'gc.pause_total_us': 0, 'gc.heap_bytes': 1,
         'gc.heap_peak_bytes': 1}
# they can be 0 whatever a worker does; a pause may have been shorter than a microsecond
MAY_BE_0 = {'jit.bridges', 'jit.aborts', 'gc.pause_last_us'}
OPTIONS = {'wsgi': 'app', 'master': True, 'stats': True, 'enable-metrics': True}


def numbers(stats, worker):
    """{name: value} of a worker."""
    start = 'worker.%d.pypy.' % worker
    return {name[len(start):]: metric['value'] for name, metric in stats['metrics'].items() if name.startswith(start)}


def are_told(found):
    return all(found[name] for name in NAMES if name not in MAY_BE_0)


@pytest.mark.parametrize('loop', ['on', 'off'])
def test_in_the_stats(start_site, loop):
    """Of each worker; those of the one that has worked agree with each other; each has an OID of its own."""
    server = start_site({**OPTIONS, 'processes': 2, 'pypy-loop': loop}, app=APP)
    assert server.client().get('/work').status == 200
    stats = server.wait_stats(lambda stats: any(are_told(numbers(stats, worker)) for worker in (1, 2)) and stats,
                              lambda: 'the numbers; there are %r' % [numbers(server.stats(), n) for n in (1, 2)])
    for worker in (1, 2):
        found = numbers(stats, worker)
        assert set(found) == set(NAMES)
        assert found['gc.pause_last_us'] <= found['gc.pause_max_us'] <= found['gc.pause_total_us']
        assert found['gc.heap_bytes'] <= found['gc.heap_peak_bytes']
        assert {name: stats['metrics']['worker.%d.pypy.%s' % (worker, name)]['type'] for name in found} == NAMES
    oids = [metric['oid'] for metric in stats['metrics'].values()]
    assert all(oids.count(metric['oid']) == 1 for name, metric in stats['metrics'].items() if '.pypy.' in name)


def test_a_new_worker_begins_anew(start_site):
    server = start_site({**OPTIONS, 'max-requests': 1, 'min-worker-lifetime': 0}, app=APP)
    server.ignore_fds()
    assert server.client().get('/work').status == 200
    server.wait_log('Respawned uWSGI worker 1')
    server.wait_stats(lambda stats: numbers(stats, 1)['jit.code_bytes'] and numbers(stats, 1)['gc.major'] == 0,
                      'numbers of the new worker')


def test_pushed(start_site, tmp_path):
    """To a file, as JSON, and to statsd, and looked at by a threshold."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(('127.0.0.1', 0))
        statsd.settimeout(60)
        server = start_site({'plugin': ['stats_pusher_file', 'stats_pusher_statsd'], **OPTIONS,
                             'stats-push': ['file:path=pushed,freq=1', 'statsd:127.0.0.1:%d' % statsd.getsockname()[1]],
                             'stats-pusher-default-freq': 1, 'alarm': 'told log:',
                             'metric-threshold': 'key=worker.1.pypy.gc.major,value=1,alarm=told,rate=1000'}, app=APP)
        assert server.client().get('/work').status == 200
        seen = set()
        wait_until(lambda: seen.add(statsd.recv(65536)) or any(
            packet.startswith(b'uwsgi.worker.1.pypy.gc.minor:') and packet.endswith(b'|c') for packet in seen), 'statsd')
        wait_until(lambda: 'worker.1.pypy.jit.loops' in (server.directory / 'pushed').read_text(), 'the file')
        server.wait_log('worker.1.pypy.gc.major$')


def test_hooks_of_the_application_stay(start_site):
    app = 'import gc\nseen = []\ngc.hooks.on_gc_collect = seen.append\n' + APP.replace("b'%d' % os.getpid()",
                                                                                     "b'%d' % len(seen)")
    server = start_site(OPTIONS, app=app)
    server.client().get('/work')
    wait_until(lambda: int(server.client().get('/').body), "the application's hook to be called")
    assert server.wait_stats(lambda stats: numbers(stats, 1)['gc.major'], 'ours, too')


def test_without_metrics(start_site):
    """Nothing is hooked in, and nobody looks."""
    app = """
import gc, os
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'%d %r' % (len(os.listdir('/proc/self/task')), gc.hooks.on_gc_minor)]
"""
    plain = start_site({'wsgi': 'app', 'master': True}, app=app).client().get('/').body.split()
    counted = start_site({'wsgi': 'app', 'enable-metrics': True}, app=app).client().get('/').body.split()
    assert plain[1] == b'None' and counted[1] != b'None'
    assert int(counted[0]) == int(plain[0]) + 1
