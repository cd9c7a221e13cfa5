"""Memory that workers share with the master: after a collection, too."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from harness import ENGINES, wait_until

BOTH = pytest.mark.fronts('loop', 'http')

MB = 1 << 20

# 200,000 small objects, which PyPy has in its arenas, and 20,000 that it takes from malloc(), in pages of their own.
APP = r'''
import ctypes
import gc
import json
import os
import sys
import threading
import time
import zlib

small = [[number, str(number)] for number in range(100000)]
large = [('%07d' % number) * 140 for number in range(20000)]

# old ones, every second of which is garbage: there are holes
with_holes = [[number] for number in range(20000)]
gc.collect()
del with_holes[::2]

collections = [0]


def count(stats):
    collections[0] += stats.count


gc.hooks.on_gc_collect = count


def checksum():
    value = 0
    for number, text in small:
        value = zlib.crc32(b'%d ' % number + text.encode(), value)
    for text in large:
        value = zlib.crc32(text.encode(), value)
    for number, text in kept:
        value = zlib.crc32(b'%d ' % number + text.encode(), value)
    return value


def change(step):
    for number in range(0, len(small), step):
        small[number] = [step, 'changed %d' % number]
        large[number // 5] = 'changed %d' % number * 50


def keep_writing():
    written = bytearray(1000)
    while True:
        for number in range(len(written)):
            written[number] = number & 255
            time.sleep(0.0001)


working = threading.Event()


def work():
    while working.is_set():
        sum(range(1000))


def close_memory_file():
    for name in os.listdir('/proc/self/fd'):
        try:
            if 'memfd:' in os.readlink('/proc/self/fd/' + name):
                os.dup2(os.open('/dev/zero', os.O_RDONLY), int(name))
        except OSError:
            pass


def new_places():
    """Of new lists that become old, and of new pieces of malloc(): the part that lies between what was there before."""
    lists = [[] for _ in range(60000)]
    sys.modules['uwsgi_pypy.nursery'].make_old()
    old_pages = {id(item) >> 13 for item in with_holes}
    with open('/proc/self/maps') as maps:
        shared = [[int(end, 16) for end in line.split()[0].split('-')] for line in maps if 'memfd:' in line]
    malloc = ctypes.CDLL(None).malloc
    malloc.restype = ctypes.c_void_p
    pieces = [malloc(size) for size in range(24, 4000, 8) for _ in range(10)]
    return [sum(id(item) >> 13 in old_pages for item in lists) / len(lists),
            sum(any(start <= piece < end for start, end in shared) for piece in pieces) / len(pieces)]


# what lives among much that does not
kept = []


def keep(number, apart):
    """So many objects, of which all die but one in `apart`."""
    made = [[item, 'kept'] for item in range(number)]
    sys.modules['uwsgi_pypy.nursery'].make_old()
    kept.extend(made[::apart])


def application(environ, start_response):
    path, number = environ['PATH_INFO'], int(environ['QUERY_STRING'] or 0)
    if path == '/collect':
        for _ in range(number):
            gc.collect()
    elif path == '/grow':
        garbage = [[item] for item in range(number)]
    elif path == '/keep':
        keep(number, 8000)
    elif path == '/drop':
        kept.clear()
    elif path == '/change':
        change(number)
    elif path == '/thread':
        threading.Thread(target=keep_writing, daemon=True).start()
    elif path == '/work':
        working.set()
        threading.Thread(target=work, daemon=True).start()
    elif path == '/rest':
        working.clear()
    elif path == '/close':
        close_memory_file()
    elif path == '/ask':
        garbage = [[item] for item in range(number)]
        sys.modules['uwsgi_pypy.nursery'].make_old()
        asked = [sys.modules['uwsgi_pypy.collector'].idle(quiet) for quiet in (0, 1, 2)]
        del garbage
    elif path == '/hook':
        gc.hooks.on_gc_collect = count
    elif path == '/places':
        asked = new_places()
    told = checksum() if path == '/checksum' else asked if path in ('/ask', '/places') else 0
    body = json.dumps([os.getpid(), collections[0], told]).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


def private(pid):
    """Bytes that only this process has."""
    text = Path('/proc/%d/smaps_rollup' % pid).read_text()
    return sum(int(size) for size in re.findall(r'^Private_\w+: +(\d+)', text, re.MULTILINE)) << 10


def address_space(pid):
    """Bytes of it that may be written to."""
    return int(re.search(r'^VmData:\s+(\d+)', Path('/proc/%d/status' % pid).read_text(), re.MULTILINE)[1]) << 10


class Worker:
    """The only worker, over one front."""

    def __init__(self, client):
        self.client = client
        for _ in range(20):
            self.get()
        self.first = private(self.get()[0])

    def get(self, path='/'):
        return json.loads(self.client.get(path).body)

    def collections_when_quiet(self):
        """After some time with hardly a request, which it takes for time that it has: it looks at a tenth of a second."""
        for _ in range(2):
            time.sleep(0.11)
            count = self.get()[1]
        return count

    def grown(self):
        """Bytes by which its memory has grown since the first requests."""
        return private(self.get()[0]) - self.first


@pytest.fixture
def start(start_server, front):
    """start(**options): a Worker. Its file in memory stays open, as all that the master has opened."""
    def start(**options):
        server = start_server({front.option: True, **ENGINES[front.engine], 'master': True, 'pypy-wsgi': 'app',
                               **{name.replace('_', '-'): value for name, value in options.items()}}, app=APP)
        server.ignore_fds()
        return Worker(server.client(front))
    return start


def wait_until_shared(worker, within=10 * MB):
    # on uWSGI's own path steps are done at the end of requests only
    wait_until(lambda: worker.grown() < within, 'the memory is given back')


@BOTH
@pytest.mark.parametrize('collections', [1, 2, 3])
def test_memory_is_given_back_after_collections(start, front, collections):
    worker = start()
    _, before, checksum = worker.get('/checksum')
    worker.get('/collect?%d' % collections)
    wait_until_shared(worker)
    assert (worker.get()[1] - before) % 2 == 0, 'their order is what it was'
    assert worker.get('/checksum')[2] == checksum


@BOTH
def test_memory_is_the_workers_own_without_it(start, front):
    """What the other tests would see if nothing was given back."""
    worker = start(pypy_gc_share='off')
    worker.get('/collect?2')
    for _ in range(200):
        worker.get()
    assert worker.grown() > 25 * MB


@BOTH
def test_a_heap_that_grows_is_collected(start, front):
    """Long before PyPy would, by a worker that has time."""
    worker = start()
    before = worker.get()[1]
    worker.get('/grow?200000')
    wait_until(lambda: worker.collections_when_quiet() >= before + 2, 'two collections')
    wait_until_shared(worker, within=20 * MB)


@BOTH
def test_a_worker_that_is_busy_does_not_collect_for_that(start, front):
    """Asked whether it has something to do, between two requests, after some time without one, and at rest."""
    assert start().get('/ask?100000')[2] == [0, 1, 1]


@BOTH
def test_a_worker_that_was_busy_of_late_is_not_quiet(start, front):
    """Under load there are some milliseconds without a request, too; those that come then would wait."""
    worker = start()
    worker.get('/work')
    for _ in range(4):
        before = worker.collections_when_quiet()
    worker.get('/grow?200000')
    for _ in range(10):
        assert worker.collections_when_quiet() == before
    worker.get('/rest')
    wait_until(lambda: worker.collections_when_quiet() >= before + 2, 'two collections')


@BOTH
def test_a_worker_at_rest_collects_for_less(start, front):
    assert start().get('/ask?12000')[2] == [0, 0, 1]


@BOTH
def test_holes_are_filled(start, front):
    """What a worker makes does not lie between what it shares."""
    objects, pieces = start().get('/places')[2]
    assert objects < 0.02 and pieces < 0.1


@BOTH
def test_holes_without_sharing(start, front):
    """What the other test would see if they were not filled."""
    objects, pieces = start(pypy_gc_share='off').get('/places')[2]
    assert objects > 0.05


@BOTH
def test_what_the_worker_has_changed_stays(start, front):
    worker = start()
    worker.get('/change?500')
    changed = worker.get('/checksum')[2]
    for collections in (1, 2, 3):
        worker.get('/collect?%d' % collections)
        wait_until_shared(worker, within=15 * MB)
        assert worker.get('/checksum')[2] == changed
    worker.get('/change?300')
    again = worker.get('/checksum')[2]
    assert again != changed
    worker.get('/collect?2')
    wait_until_shared(worker, within=20 * MB)
    assert worker.get('/checksum')[2] == again


@BOTH
def test_one_object_keeps_no_arena(start, front):
    """One of 512 KB has a page of 8 KB in use; the others need no memory, and can be in use again when it is gone."""
    worker = start()
    pid = worker.get()[0]
    size = address_space(pid)

    def is_small():
        # what is under way goes on between requests, and begins after a pause
        for _ in range(50):
            worker.get()
        worker.collections_when_quiet()
        return worker.grown() < 40 * MB
    for number in (1, 2):
        worker.get('/keep?1000000')
        checksum = worker.get('/checksum')[2]
        worker.get('/collect?2')
        wait_until(is_small, 'the memory is given back')
        assert address_space(pid) > size + number * 60 * MB, 'the arenas are there'
        assert worker.get('/checksum')[2] == checksum
    largest = address_space(pid)
    worker.get('/drop')
    checksum = worker.get('/checksum')[2]

    def arenas_are_gone():
        # a collection that was under way does not see what has just died: it takes another one
        worker.get('/grow?200000')
        worker.collections_when_quiet()
        return address_space(pid) < largest - 60 * MB
    wait_until(arenas_are_gone, 'the arenas to go')
    # what died during a collection has survived it, and need not be enough for another one
    worker.get('/collect?2')
    wait_until(is_small, 'the memory is given back')
    assert worker.get('/checksum')[2] == checksum


@BOTH
def test_arenas_come_and_go(start, front):
    """What was an arena, and is malloc()'s again or the next one's, may look as before."""
    worker = start()
    pid = worker.get()[0]
    for number in range(30):
        if number % 10 == 0:
            worker.get('/keep?1000000')
            checksum = worker.get('/checksum')[2]
        if number % 10 == 5:
            worker.get('/drop')
            checksum = worker.get('/checksum')[2]
        worker.get('/grow?200000')
        worker.collections_when_quiet()
    assert worker.get('/checksum')[2] == checksum
    assert worker.get()[0] == pid, 'the worker lives'


@BOTH
@pytest.mark.parametrize('options', [{'harakiri': 60}, {'pypy_soft_harakiri': 60}, {'stats': True}],
                         ids=lambda options: next(iter(options)))
def test_threads_of_the_plugin_are_no_hindrance(start, front, options):
    worker = start(**options)
    worker.get('/collect?2')
    wait_until_shared(worker)


@BOTH
def test_threads_of_the_application(start, front):
    """Only where the GIL keeps them away: in the arenas, not in what they have of malloc()."""
    worker = start()
    checksum = worker.get('/checksum')[2]
    worker.get('/thread')
    worker.get('/collect?2')
    wait_until_shared(worker, within=30 * MB)
    assert worker.grown() > 15 * MB
    assert worker.get('/checksum')[2] == checksum


@BOTH
def test_threads_that_serve(start, front):
    worker = start(threads=3)
    checksum = worker.get('/checksum')[2]
    worker.get('/collect?2')
    wait_until_shared(worker, within=30 * MB)
    assert worker.get('/checksum')[2] == checksum


@BOTH
def test_a_file_that_was_closed(start, front):
    """Its number means another one, which nothing is read from."""
    worker = start()
    checksum = worker.get('/checksum')[2]
    worker.get('/close')
    worker.get('/collect?2')
    for _ in range(200):
        worker.get()
    assert worker.grown() > 25 * MB
    assert worker.get('/checksum')[2] == checksum


@BOTH
def test_an_application_that_takes_the_hook(start, front):
    worker = start()
    worker.get('/hook')
    worker.get('/grow?200000')
    wait_until(lambda: worker.collections_when_quiet() >= 2, 'two collections')
    wait_until_shared(worker, within=20 * MB)


@pytest.mark.fronts('loop')
def test_a_worker_that_replaces_another(start_server, front):
    server = start_server({front.option: True, 'master': True, 'pypy-wsgi': 'app'}, app=APP)
    server.ignore_fds()
    client = server.client(front)
    server.allow_alarm('died', 'DAMN')
    old = Worker(client).get()[0]
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: server.worker_pids() not in ([], [old]), 'another worker')
    worker = Worker(client)
    worker.get('/collect?2')
    wait_until_shared(worker)


@pytest.mark.fronts('loop')
@pytest.mark.parametrize('options', [{'lazy-apps': True}, {'pypy-gc-share': 'off'}, {'pypy-gc-idle': 'off'},
                                     {'master': False}], ids=str)
def test_where_there_is_nothing_to_share(start_server, front, options):
    server = start_server({front.option: True, 'master': True, 'pypy-wsgi': 'app', **options}, app=APP)
    worker = json.loads(server.client(front).get('/').body)[0]
    assert 'memfd:' not in Path('/proc/%d/maps' % worker).read_text()
