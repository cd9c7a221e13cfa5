"""What PyPy's JIT makes of the plugin's own Python code: the loop and the exchange are compiled, at the first attempt."""

import json
from pathlib import Path

import pytest

from harness import ENGINES

APP = r'''
import json

import recorder


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/parts':
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return (b'part' for _ in range(5))
    if path == '/report':
        body = json.dumps([recorder.compiled, recorder.aborted, recorder.big]).encode()
    elif path == '/lines':
        body = b''.join(environ['wsgi.input'])
    else:
        body = b'hello'
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''
OURS = 'pypy_plugin.so/uwsgi_pypy/'
REQUESTS = 5000
BATCH = 50

HELLO = [('GET', '/hello')]
MIXED = [('GET', '/hello?a=b', {'Cookie': 'c=d', 'Accept': '*/*'}), ('GET', '/parts'),
         ('POST', '/lines', {'Content-Type': 'text/plain'}, b'line\n' * 20)]


def ask(client, requests):
    """So many, on one connection if the front keeps it."""
    wanted = [requests[number % len(requests)] for number in range(REQUESTS)]
    if client.front.name != 'loop':
        for request in wanted:
            assert client.request(*request).status == 200
        return
    with client.connect() as connection:
        for start in range(0, REQUESTS, BATCH):
            connection.send(b''.join(client.encode(*request) for request in wanted[start:start + BATCH]))
            for _ in range(BATCH):
                assert connection.read().status == 200


@pytest.fixture
def start(start_server, front):
    """start(**options): a client of a server that keeps the JIT's book."""
    def start(**options):
        server = start_server({front.option: True, **ENGINES[front.engine], 'pypy-wsgi': 'app', 'disable-logging': True,
                               **options}, app=APP, files={'recorder.py': Path(__file__).with_name('recorder.py')})
        return server.client(front)
    return start


def report(client):
    """{our functions in which compiled code begins: the kinds of it}, and what was given up in our files.

    Numbers from C are ints: nothing of ours works with big ones.
    """
    compiled, aborted, big = json.loads(client.get('/report').body)
    assert not [begins for begins in big if OURS in begins]
    begins = {}
    for kind, where in compiled:
        if OURS in where:
            begins.setdefault(where.partition(OURS)[2], set()).add(kind)
    return begins, [abort for abort in aborted if OURS in abort[1]]


@pytest.mark.fronts('loop', 'http', 'uwsgi')
def test_compiled(start, front):
    """No trace is begun in vain, not while everything is new and not when other kinds of requests come."""
    client = start()
    for requests in (HELLO, MIXED):
        ask(client, requests)
        begins, aborted = report(client)
        assert not aborted
        assert 'wsgi.py:serve' in begins
        if front.engine == 'loop':
            assert 'loop' in begins['loop.py:run']
    assert 'loop' in begins['wsgi.py:respond_iterable']


@pytest.mark.fronts('loop')
def test_compiled_with_threads(start):
    client = start(threads=3)
    ask(client, HELLO)
    begins, aborted = report(client)
    assert not aborted
    assert 'wsgi.py:serve' in begins and 'loop' in begins['loop.py:run']


@pytest.mark.fronts('loop', 'http')
def test_compiled_with_an_eye_on_time(start):
    """What looks at how long requests take is compiled with them."""
    client = start(**{'pypy-soft-harakiri': 10000, 'pypy-slow-request': 10000000, 'pypy-prometheus': '/metrics'})
    for requests in (HELLO, MIXED):
        ask(client, requests)
        begins, aborted = report(client)
        assert not aborted
        assert 'soft_harakiri.py:serve' in begins and 'wsgi.py:respond' in begins


@pytest.mark.fronts('loop', 'http')
def test_a_few_requests_compile_nothing(start, front):
    """The exchange is not traced while everything in it is still looked up."""
    client = start()
    for _ in range(100):
        assert client.get('/hello').status == 200
    assert 'wsgi.py:serve' not in report(client)[0]
