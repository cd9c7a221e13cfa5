"""--pypy-warmup: the master serves requests of its own, and the workers are born with compiled code."""

import json
import os
import re
import signal

import pytest

from harness import wait_until

BOTH = pytest.mark.fronts('loop', 'http')

APP = r'''
import json
import os

import pypyjit
import uwsgi

seen = []        # of the warm-up: (method, path, query, header, host, bytes of the body, worker, address)
after = []       # what the hook saw


def hook():
    after.append(os.getpid())


uwsgi.after_req_hook = hook
EVERYTHING = ('uwsgi.warmup', 'REQUEST_METHOD', 'PATH_INFO', 'QUERY_STRING', 'HTTP_X_KIND', 'HTTP_HOST', 'REMOTE_ADDR')


def compiled():
    counters = pypyjit.get_stats_snapshot().counters
    return counters['TOTAL_COMPILED_LOOPS'] + counters['TOTAL_COMPILED_BRIDGES']


def application(environ, start_response):
    path = environ['PATH_INFO']
    if environ.get('uwsgi.warmup'):
        facts = [environ.get(name) for name in EVERYTHING]
        facts += [len(environ['wsgi.input'].read()), uwsgi.worker_id(), uwsgi.is_connected(1) is not None]
        if facts not in seen:
            seen.append(facts)
    if path == '/raises':
        raise KeyError('in the warm-up')
    if path == '/busy':
        start_response('503 Service Unavailable', [])
        return [b'busy']
    if path == '/exits':
        raise SystemExit(7)
    if path == '/seen':
        body = json.dumps([seen, after, 'uwsgi.warmup' in environ, compiled(), os.getpid()]).encode()
    elif path == '/large':
        body = b'x' * 3000000
    elif path == '/parts':
        start_response('200 OK', [])
        return iter([b'a' * 70000] * 40)
    else:
        body = b'hello'
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

RECORDED = (b'# recorded\n'
            b'GET /recorded?a=b HTTP/1.0\nX-Kind: first\nHost: example.org\n\n'
            b'\n'
            b'POST /recorded HTTP/1.1\r\nContent-Length: 500000\r\n\r\n' + b'b' * 500000 + b'\r\n'
            b'PUT /last HTTP/1.1\nContent-Length: 3\n\nabc')


def address(client):
    """What a simple client of this server says in Host."""
    return 'localhost:%d' % client.address[1]


def look(client):
    seen, after, is_warm, compiled, pid = json.loads(client.get('/seen').body)
    return {'seen': seen, 'after': after, 'is_warm': is_warm, 'compiled': compiled, 'pid': pid}


def summary(server):
    lines = server.log_lines(r'warm-up: \d+ requests in')
    assert len(lines) == 1
    return lines[0]


@BOTH
def test_every_kind_of_request(start_server, options, front):
    """Paths, methods, headers and recorded requests come to the application as real ones do, and leave no trace."""
    server = start_server(options(
        pypy_warmup=['/', 'HEAD /head', 'DELETE /item?x=1\\nX-Kind: a; b\\nHost: shop', 'file:requests', '/large',
                     '/parts'],
        pypy_warmup_requests=8, processes=2), app=APP, files={'requests': RECORDED})
    first = look(server.client(front))
    assert sorted(first['seen']) == sorted([
        [True, 'GET', '/', '', None, 'localhost', '127.0.0.1', 0, 0, True],
        [True, 'HEAD', '/head', '', None, 'localhost', '127.0.0.1', 0, 0, True],
        [True, 'DELETE', '/item', 'x=1', 'a; b', 'shop', '127.0.0.1', 0, 0, True],
        [True, 'GET', '/recorded', 'a=b', 'first', 'example.org', '127.0.0.1', 0, 0, True],
        [True, 'POST', '/recorded', '', None, 'localhost', '127.0.0.1', 500000, 0, True],
        [True, 'PUT', '/last', '', None, 'localhost', '127.0.0.1', 3, 0, True],
        [True, 'GET', '/large', '', None, 'localhost', '127.0.0.1', 0, 0, True],
        [True, 'GET', '/parts', '', None, 'localhost', '127.0.0.1', 0, 0, True]])
    assert not first['is_warm'] and not first['after']
    assert 'warm-up: 8 requests in ' in summary(server)
    assert server.log_lines(r'warm-up: DELETE /item\?x=1 answers 200 in [\d.]+ ms')
    # the request above, and nothing else; its line is the last thing a worker does for it
    server.wait_log(r'^\[pid: \d+\|.*GET /seen')
    server.wait_stats(lambda stats: sum(worker['requests'] for worker in stats['workers']) == 1, 'one request')
    stats = server.stats()
    assert sum(app['requests'] for worker in stats['workers'] for app in worker['apps']) == 1
    assert not server.log_lines(r'^\[.*(GET|HEAD|DELETE) /(item|head|large|recorded)')
    assert len(server.log_lines(r'^\[pid: \d+\|.*GET /seen')) == 1


CLIENTS = """
import json

seen = set()
NAMES = ('HTTP_HOST', 'HTTP_USER_AGENT', 'HTTP_ACCEPT', 'HTTP_ACCEPT_LANGUAGE', 'HTTP_ACCEPT_ENCODING')

def application(environ, start_response):
    if environ.get('uwsgi.warmup'):
        seen.add((environ['PATH_INFO'], *(environ.get(name) for name in NAMES)))
        seen.add(('port', int(environ['REMOTE_PORT']) >= 1024 if 'REMOTE_PORT' in environ else None))
    start_response('200 OK', [])
    return [json.dumps(sorted(seen, key=repr)).encode()]
"""


@BOTH
def test_simple_clients_and_browsers(start_server, options, front):
    """By turns; a header that the user gives stays, and what is recorded is sent as it is."""
    server = start_server(options(
        pypy_warmup=['/', '/own\\nUser-Agent: mine\\nAccept: */*\\nHost: shop', 'file:requests'],
        pypy_warmup_requests=30), app=CLIENTS, files={'requests': b'GET /recorded\n\n'})
    client = server.client(front)
    seen = json.loads(client.get('/').body)
    assert ['port', True if front.name == 'loop' else None] in seen
    by_path = {path: [facts[1:] for facts in seen if facts[0] == path] for path in ('/', '/own', '/recorded')}
    assert by_path['/recorded'] == [['localhost', None, None, None, None]]
    assert {facts[0] for facts in by_path['/']} == {'localhost', address(client)}
    assert {facts[0] for facts in by_path['/own']} == {'shop'}
    for path, simple in (('/', [None, None, None, None]), ('/own', ['mine', '*/*', None, None])):
        hosts = {facts[0] for facts in by_path[path]}
        browsers = [facts for facts in by_path[path] if facts[1:] != simple]
        assert all(map(all, browsers)) and {facts[0] for facts in browsers} == hosts
        assert len(by_path[path]) == 2 * len(hosts)
    assert all(facts[1:3] == ['mine', '*/*'] for facts in by_path['/own'])
    assert len(server.log_lines(r'warm-up: GET / answers 200')) == 1


@BOTH
def test_workers_are_born_with_compiled_code(start_server, options, front):
    """What the master has compiled is used: a worker compiles nothing for what was warmed up."""
    server = start_server(options(pypy_warmup=['/', '/seen'], disable_logging=True), app=APP)
    line = summary(server)
    assert 'the compiled code has settled' in line
    loops = int(line.split(' loops and ')[0].rpartition(' ')[2])
    assert loops >= 2
    client = server.client(front)
    before = look(client)
    assert before['compiled'] >= loops
    for _ in range(600):
        assert client.get('/').status == 200
    after = look(client)
    assert after['pid'] == before['pid'] != server.pid
    # how the client ends its connections is new to the worker, no more than that
    assert after['compiled'] - before['compiled'] <= 1


THREADING = """
import threading
import pypyjit

def compiled():
    counters = pypyjit.get_stats_snapshot().counters
    return counters['TOTAL_COMPILED_LOOPS'] + counters['TOTAL_COMPILED_BRIDGES']

def application(environ, start_response):
    body = b'main' if threading.current_thread() is threading.main_thread() else b'other'
    if environ['PATH_INFO'] == '/compiled':
        body = b'%d' % compiled()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
"""


@pytest.mark.fronts('loop')
def test_the_fork_makes_no_code_void(start_server, options, front):
    """It gives names of the module threading other values, which code was compiled with."""
    server = start_server(options(pypy_warmup=['/', '/compiled'], disable_logging=True), app=THREADING)
    with server.client(front).connect() as connection:
        before = int(connection.get('/compiled').body)
        for _ in range(1500):
            assert connection.get('/').body == b'main'
        assert int(connection.get('/compiled').body) == before


@BOTH
def test_requests_that_fail(start_server, options, front):
    """They are reported once, with a traceback if there is one, and the others go on; no exception counts or reloads."""
    server = start_server(options(
        pypy_warmup=['/', '/raises', '/busy', '/exits'], pypy_warmup_requests=500, reload_on_exception=True), app=APP)
    server.expect_traceback("KeyError: 'in the warm-up'", 'SystemExit: 7')
    for path in ('raises', 'busy', 'exits'):
        status = 503 if path == 'busy' else 500
        lines = server.log_lines(r'warm-up: GET /%s failed with status %d; it is not sent again' % (path, status))
        assert len(lines) == 1, path
    assert len(server.log_lines('Traceback')) == 2
    assert 'warm-up: 500 requests' in summary(server)
    assert server.client(front).get('/').body == b'hello'
    assert all(worker['exceptions'] == 0 for worker in server.stats()['workers'])


@BOTH
@pytest.mark.parametrize('lazy', [False, True], ids=['master', 'lazy-apps'])
def test_strict(make_server, options, front, lazy):
    """The start ends as it does when an application cannot be loaded."""
    server = make_server(options(pypy_warmup=['/', '/busy'], pypy_warmup_strict=True, lazy_apps=lazy, need_app=True),
                         app=APP)
    server.allow_alarm('OOPS', 'DAMN')
    server.launch()
    assert server.wait_exit() == 22
    assert server.log_lines('--pypy-warmup-strict: a request of the warm-up failed')


@BOTH
def test_with_lazy_apps_each_worker_does_it(start_server, options, front):
    server = start_server(options(pypy_warmup='/', pypy_warmup_requests=300, lazy_apps=True, processes=2), app=APP)
    assert len(server.wait_log(r'warm-up: 300 requests in', count=2)) == 2
    seen = look(server.client(front))['seen']
    assert len(seen) == 2 and seen[0][8] == seen[1][8] in (1, 2)
    server.wait_stats(lambda stats: sum(app['requests'] for worker in stats['workers'] for app in worker['apps']) == 1,
                      'one request')
    wait_until(lambda: look(server.client(front))['after'], 'a hook that is called for real requests')


@BOTH
def test_limits_of_a_worker_do_not_count(start_server, options, front):
    """The warm-up neither ends a process for its memory or number of requests, nor is it cut by harakiri."""
    server = start_server(options(
        pypy_warmup='/', pypy_warmup_requests=400, max_requests=100, min_worker_lifetime=0, reload_on_rss=1, harakiri=1,
        threads=2, lazy_apps=True), app=APP)
    assert server.log_lines('warm-up: 400 requests in')
    assert not server.log_lines('The work of process')


GARBAGE_APP = r'''
import collections
import weakref

recent = collections.deque(maxlen=50)    # what falls out of it has become old
references = []
collected = []


class Node:
    pass


def application(environ, start_response):
    if environ.get('uwsgi.warmup'):
        node = Node()
        node.itself = node
        node.data = [bytes(250)] * 25000
        recent.append(node)
        references.append(weakref.ref(node))
        collected[:] = [reference for reference in references if reference() is None]
    body = b'%d' % len(collected)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


@BOTH
def test_garbage_of_the_warmup_does_not_pile_up(start_server, options, front):
    """The heap that workers inherit has no holes of what PyPy would collect later."""
    server = start_server(options(pypy_warmup='/', pypy_warmup_requests=300, pypy_gc_min='100G'), app=GARBAGE_APP)
    assert int(server.client(front).get('/').body) >= 50


SLOW_APP = r'''
import gc
import time


def application(environ, start_response):
    if environ.get('uwsgi.warmup'):
        time.sleep(0.3)
    start_response('200 OK', [('Content-Length', '5')])
    return [b'hello']
'''


@BOTH
@pytest.mark.parametrize('lazy', [None, True])
def test_what_watches_requests_does_not_see_it(start_server, options, front, lazy):
    """Slow requests of the warm-up are neither logged as such, nor interrupted, nor counted by metrics and Prometheus."""
    server = start_server(options(
        pypy_warmup='/', pypy_warmup_requests=3, pypy_slow_request=50, pypy_soft_harakiri=0.1, harakiri=1,
        pypy_prometheus='/metrics', enable_metrics=True, lazy_apps=lazy), app=SLOW_APP)
    assert 'warm-up: 3 requests in ' in server.wait_log(r'warm-up: \d+ requests in')[0]
    client = server.client(front)
    assert client.get('/').body == b'hello'
    page = client.get('/metrics').body.decode()
    assert 'uwsgi_worker_requests_total{worker="1"} 1\n' in page
    assert 'uwsgi_worker_responses_total{worker="1",status="2xx"} 1\n' in page
    assert 'uwsgi_worker_request_duration_seconds_count{worker="1"} 1\n' in page
    server.wait_stats(lambda stats: stats['metrics']['worker.1.requests']['value'] == 2, 'two requests')
    assert not server.log_lines('slow request|soft harakiri')


@BOTH
def test_a_long_one_says_how_it_goes(start_server, options, front):
    """And ends when its time is over, settled or not."""
    server = start_server(options(pypy_warmup='/', pypy_warmup_seconds=5), app=SLOW_APP)
    assert server.log_lines(r'warm-up: \d+ requests so far, the last ones took \d+\.\d+ ms; \d+ loops and \d+ bridges')
    assert summary(server).endswith('; --pypy-warmup-seconds is reached')


@pytest.mark.parametrize('more', [{}, {'pypy-greenlets': True}])
def test_with_async_it_is_refused(make_server, more):
    server = make_server({'http-socket': True, 'pypy-wsgi': 'app', 'pypy-warmup': '/', 'async': 4, **more},
                         app=APP).launch()
    assert server.wait_exit() == 1
    assert server.log_lines('--pypy-warmup and --async 4 exclude each other: ')


@BOTH
def test_several_applications(start_server, options, front):
    app = '''
def application(environ, start_response):
    if environ.get('uwsgi.warmup'):
        print('warm %s %s%s' % (__name__, environ['SCRIPT_NAME'], environ['PATH_INFO']))
    start_response('200 OK', [])
    return [b'x']
'''
    server = start_server(options(
        pypy_wsgi=None, mount=['/one=one.py', '/two=two.py'], manage_script_name=True,
        pypy_warmup=['/one/a', '/two/b'], pypy_warmup_requests=4), files={'one.py': app, 'two.py': app})
    assert server.log_lines('warm uwsgi_file_one_py /one/a') and server.log_lines('warm uwsgi_file_two_py /two/b')


@pytest.mark.fronts('loop-uwsgi', 'uwsgi')
def test_over_a_socket_of_the_uwsgi_protocol(start_server, options, front):
    server = start_server(options(pypy_warmup='/', pypy_warmup_requests=200), app=APP)
    assert 'warm-up: 200 requests' in summary(server)
    assert server.client(front).get('/').body == b'hello'


@pytest.mark.fronts('loop', 'http')
def test_a_worker_that_is_born_again_is_warm(start_server, options, front):
    server = start_server(options(pypy_warmup=['/', '/seen'], disable_logging=True), app=APP)
    client = server.client(front)
    before = look(client)
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')
    [pid] = server.worker_pids()
    os.kill(pid, signal.SIGKILL)
    server.wait_log('Respawned uWSGI worker')
    after = look(client)
    assert after['pid'] != before['pid'] and after['compiled'] >= before['compiled'] - 5


MISTAKES = {
    'nonsense': "--pypy-warmup nonsense: 'nonsense' is not a request; give /path or METHOD /path",
    '/ \\nHeader': "has a line that is not a header; give Name: value",
    '/\\nTransfer-Encoding: chunked': 'give its body with a Content-Length',
    'file:nowhere': 'No such file or directory',
    'file:empty': 'there is no request in it',
    'file:short': "'POST /' has 2 of 10 bytes of its body",
}


@pytest.mark.parametrize('value', MISTAKES)
def test_mistakes_end_the_start(make_server, value):
    server = make_server({'http-socket': True, 'pypy-wsgi': 'app', 'pypy-warmup': value}, app=APP,
                         files={'empty': '\n# nothing\n', 'short': 'POST /\nContent-Length: 10\n\nab'}).launch()
    assert server.wait_exit() == 1
    assert server.log_lines('--pypy-warmup ')
    assert MISTAKES[value] in server.log_tail()


THREADED = """
import os
import threading
import time

def in_the_background():
    while True:
        time.sleep(0.0001)

threading.Thread(target=in_the_background, daemon=True).start()

def application(environ, start_response):
    if environ.get('uwsgi.warmup'):
        open('warms', 'w').close()
        while not os.path.exists('go'):
            sum(range(1000))
    start_response('200 OK', [])
    return [b'']
"""


@BOTH
def test_a_signal_while_the_application_has_threads(make_server, options, front):
    """They take none of the signals that the worker lets wait, which would end it in the middle of the interpreter."""
    server = make_server(options(pypy_warmup='/', lazy_apps=True), app=THREADED)
    server.launch()
    wait_until((server.directory / 'warms').exists, 'the warm-up')
    os.kill(server.pid, signal.SIGINT)
    server.wait_log('SIGINT/SIGTERM received')
    server.write('go', '')
    assert server.wait_exit() == 0


# mark(): writes a text into PyPy's log of that kind.
MARK = """
from __pypy__ import debug_print, debug_start, debug_stop

def mark(kind, text):
    debug_start(kind)
    debug_print(text)
    debug_stop(kind)
"""

LITTERING = MARK + r"""
def application(environ, start_response):
    # enough for the nursery to be looked at with each request or two, and so for that to be compiled
    garbage = [str(number) for number in range(20000)]
    if environ.get('uwsgi.warmup'):
        mark('jit-invalidate-mark', 'of the warm-up')
    start_response('200 OK', [])
    return [b'%d' % len(garbage)]
"""


@BOTH
def test_compiled_code_is_kept(start_server, options, front, tmp_path):
    """Nothing of what a warm-up has compiled is thrown away, neither at its end nor by what happens in workers only."""
    path = tmp_path / 'invalidated'
    server = start_server(options(pypy_warmup='/', pypy_slow_request=60000), app=LITTERING,
                          env={'PYPYLOG': 'jit-invalidate:%s' % path})
    client = server.client(front)
    for _ in range(300):
        assert client.get('/').body == b'20000'
    _, _, since = path.read_text('latin-1').rpartition('of the warm-up')
    assert since and not re.findall(r'fieldname .* invalidated [1-9]\d*', since)


GARBAGE_APP = MARK + r"""
def application(environ, start_response):
    # some requests fill the nursery
    garbage = [[None] * 1000 for _ in range(120)]
    if environ['PATH_INFO'] == '/worker':
        mark('jit-log-opt-mark', 'of the worker')
    start_response('200 OK', [])
    return [b'%d' % len(garbage)]
"""


@BOTH
def test_workers_do_not_compile_what_empties_the_nursery(start_server, options, front, tmp_path):
    """What each of them does sooner or later is compiled in the warm-up: else it would be in the middle of a request."""
    path = tmp_path / 'compiled'
    # a collection, which is rare, has code of its own
    server = start_server(options(pypy_warmup='/', disable_logging=True, pypy_gc_min='100G'), app=GARBAGE_APP,
                          env={'PYPYLOG': 'jit-log-opt:%s' % path})
    client = server.client(front)
    with client.connect() as connection:
        get = connection.get if front.keepalive else client.get
        get('/worker')
        for _ in range(8000):
            assert get('/').body == b'120'
    _, mark, since = path.read_text('latin-1').partition('of the worker')
    assert mark and not re.findall(r'\w+;.*uwsgi_pypy/(?:nursery|collector)\.py:\d+', since)
