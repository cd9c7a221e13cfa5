"""PyPy's garbage collector: what it is told at the start, before the fork, and while a worker waits."""

import json
import platform
import time

import pytest

from harness import ENGINES, wait_until

BOTH = pytest.mark.fronts('loop', 'http')
VARIABLES = ('PYPY_GC_NURSERY', 'PYPY_GC_INCREMENT_STEP', 'PYPY_GC_MIN', 'PYPY_GC_MAJOR_COLLECT')

APP = r'''
import gc
import json
import os
import weakref

collections = [0]
kept = []


def count(stats):
    collections[0] += stats.count


gc.hooks.on_gc_collect = count


class Node:
    pass


def forgotten():
    """A weak reference to an old object that is garbage: only a major collection finds out."""
    node = Node()
    node.itself = node
    gc.collect()
    return weakref.ref(node)


reference = forgotten()


def application(environ, start_response):
    if environ['PATH_INFO'] == '/grow':
        kept[:] = ['%04d' % number * 250 for number in range(int(environ['QUERY_STRING']) // 1000)]
        del kept[:]
    stats = gc._get_stats(False)
    variables = {name: value for name, value in os.environ.items() if name.startswith('PYPY_GC')}
    body = json.dumps([collections[0], reference() is None, variables, gc.isenabled(),
                       stats.nursery_size, stats.total_gc_memory - stats.nursery_size]).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


@pytest.fixture
def start(start_server, front):
    """start(env, **options): a client of a server."""
    def start(env=None, **options):
        server = start_server({front.option: True, **ENGINES[front.engine], 'master': True, 'pypy-wsgi': 'app',
                               **{name.replace('_', '-'): value for name, value in options.items()}}, app=APP, env=env)
        return server.client(front)
    return start


def look(client, path='/'):
    return json.loads(client.get(path).body)


# With a heap of 8 MB PyPy begins at 240 MB, the plugin nine tenths of the way there.
FACTOR = 30
LARGE = {'pypy_gc_major': str(FACTOR), 'pypy_gc_min': '1M'}


def grow(client, part):
    """Makes old objects, and drops them; `part`: of the way to where PyPy begins. Returns the collections before."""
    collections, *_, size = look(client)
    look(client, '/grow?%d' % (part * (FACTOR - 1) * size))
    return collections


@BOTH
@pytest.mark.parametrize('threads', [1, 3])
def test_collects_while_it_waits(start, front, threads):
    """Long before PyPy would, and without being asked for more."""
    client = start(**LARGE, threads=threads)
    before = grow(client, 0.96)
    # on uWSGI's own path steps are done at the end of requests only
    wait_until(lambda: look(client)[0] > before, 'a major collection')
    assert look(client)[3], 'the collector stays enabled'


WAITING_APP = r'''
import os
import select
import socket
import stat
import sys

import uwsgi

steps = [0]
sources = []


def listeners():
    numbers = [int(name) for name in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + name)]
    for number in numbers:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            with socket.socket(fileno=os.dup(number)) as found:
                if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    yield number


def step_until_somebody_waits(quiet):
    """Takes the place of a collection that has no end."""
    steps[0] += 1
    select.select(sources, [], [], 0.5)
    return 1


def application(environ, start_response):
    if not sources:
        sources.extend([uwsgi.connection_fd()] if environ['QUERY_STRING'] == 'kept' else listeners())
        sys.modules['uwsgi_pypy.collector'].idle = step_until_somebody_waits
    body = b'%d' % steps[0]
    steps[0] = 0
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


@pytest.mark.fronts('http', 'http11')
def test_steps_end_when_somebody_waits(start_server, front):
    """On uWSGI's own path: a new connection, or the one that http11 has kept open."""
    server = start_server({front.option: True, **ENGINES[front.engine], 'pypy-wsgi': 'app'}, app=WAITING_APP)
    client = server.client(front)
    get, target = (client.connect().get, '/?kept') if front.keepalive else (client.get, '/')

    def steps_before():
        time.sleep(0.002)   # the worker has to begin
        return int(get(target).body)
    assert {steps_before() for _ in range(100)} - {0} == {1}


@BOTH
def test_collects_when_pypy_does(start, front):
    client = start(**LARGE, pypy_gc_idle='off')
    before = grow(client, 0.96)
    for _ in range(200):
        assert look(client)[0] == before
    grow(client, 0.3)
    wait_until(lambda: look(client, '/grow?8000000')[0] > before, 'a major collection')


@BOTH
def test_a_worker_that_never_waits_is_collected_too(start, front):
    """What piles up within one request, or under load, is PyPy's own business."""
    client = start(pypy_gc_major='1.5', pypy_gc_min='1M')
    before = look(client)[0]
    wait_until(lambda: look(client, '/grow?60000000')[0] > before + 1, 'major collections')


NURSERY_APP = r'''
import weakref

references = []


class Node:
    pass


def application(environ, start_response):
    node = Node()
    node.itself = node
    node.data = [[number] for number in range(int(environ['QUERY_STRING']))]
    references.append(weakref.ref(node))
    body = b'%d' % sum(reference() is not None for reference in references)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


@BOTH
@pytest.mark.parametrize('idle', ['on', 'off'])
def test_the_nursery_is_emptied_between_requests(start_server, front, idle):
    """Nothing of a request becomes old, which it does when PyPy empties its nursery in the middle of one."""
    server = start_server({front.option: True, **ENGINES[front.engine], 'pypy-wsgi': 'app', 'pypy-gc-min': '100G',
                           'pypy-gc-idle': idle}, app=NURSERY_APP)
    client = server.client(front)
    old = 0
    for number in range(600):
        old = int(client.get('/?%d' % (3000 + 10 * number)).body)
    # the request itself, those since the last time, and perhaps one before it was known what a request takes
    assert old <= 25 if idle == 'on' else old > 40, old


PAGES_APP = r'''
import gc
import resource

size = gc._get_stats(False).nursery_size
make = b'.'.__mul__


def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def application(environ, start_response):
    before = faults()
    for _ in range(size // 2 // 4096):
        make(4000)
    body = b'%d' % (faults() - before)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

LINUX = tuple(int(part) for part in platform.release().split('.')[:2])


@pytest.mark.skipif(LINUX < (5, 14), reason='Linux 5.14 is the first to have MADV_POPULATE_WRITE')
@BOTH
@pytest.mark.parametrize('threads', [1, 2])
def test_the_first_request_finds_the_nursery_there(start_server, front, threads):
    """It copies no page of it by writing to it."""
    server = start_server({front.option: True, **ENGINES[front.engine], 'pypy-wsgi': 'app', 'master': True,
                           'threads': threads}, app=PAGES_APP)
    assert int(server.client(front).get('/').body) < 100


@pytest.mark.fronts('loop')
def test_garbage_is_collected_before_the_fork(start, front):
    assert look(start())[1]


@pytest.mark.fronts('loop')
def test_settings(start, front):
    """PyPy reads them from its environment, when it starts."""
    _, _, variables, _, nursery, _ = look(start(pypy_gc_nursery='2M', pypy_gc_step='512K', pypy_gc_min='64M',
                                             pypy_gc_major='2.5'))
    assert [variables[name] for name in VARIABLES] == ['2M', '512K', '64M', '2.5']
    assert nursery == 2 << 20


@pytest.mark.fronts('loop')
def test_defaults(start, front):
    _, _, variables, _, nursery, _ = look(start())
    assert variables == {'PYPY_GC_NURSERY': '4M', 'PYPY_GC_INCREMENT_STEP': '1M'}
    assert nursery == 4 << 20


@pytest.mark.fronts('loop')
def test_the_environment_wins(start, front):
    given = dict(zip(VARIABLES, ('1M', '3M', '50M', '1.9')))
    variables = look(start(env=given, pypy_gc_nursery='2M', pypy_gc_step='512K', pypy_gc_min='64M',
                           pypy_gc_major='2.5'))[2]
    assert variables == given


MISTAKES = {
    ('pypy-gc-min', 'much'): '--pypy-gc-min much: give a size from 1M to 1024G',
    ('pypy-gc-min', '5'): '--pypy-gc-min 5: give a size from 1M to 1024G',
    ('pypy-gc-step', '1K'): '--pypy-gc-step 1K: give a size from 64K to 1G',
    ('pypy-gc-major', '1'): '--pypy-gc-major 1: give a factor from 1.1 to 100, such as 1.82',
    ('pypy-gc-major', '2x'): '--pypy-gc-major 2x: give a factor from 1.1 to 100',
    ('pypy-gc-idle', 'maybe'): '--pypy-gc-idle maybe: it is on or off',
    ('pypy-gc-share', '1'): '--pypy-gc-share 1: it is on or off',
}


@pytest.mark.parametrize('option, value', MISTAKES)
def test_mistakes_end_the_start(make_server, option, value):
    server = make_server({'http-socket': True, 'pypy-wsgi': 'app', option: value}, app=APP).launch()
    assert server.wait_exit() == 1
    assert MISTAKES[option, value] in server.log_tail()
