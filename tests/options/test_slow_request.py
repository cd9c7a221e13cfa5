"""--pypy-slow-request: a log line for each request that takes long, with what PyPy has taken of that time."""

import re

import pytest

APP = r'''
import gc, time

LOOP = """
def f():
    n = 0
    for i in range(3000):
        n += i % 7 if i % 3 else i
    return n
f()
"""

def compile_much():
    for _ in range(20):
        exec(LOOP, {})

def collect():
    kept = [[i] for i in range(200000)]
    gc.collect()

def sleep():
    time.sleep(0.1)

def application(environ, start_response):
    how = environ['PATH_INFO'][1:]
    if how in globals():
        globals()[how]()
    start_response('200 OK', [('Content-Length', '5')])
    return [b'hello']
'''

LINE = re.compile(r'slow request: (\S+ \S+) took (\d+) ms in worker 1 '
                  r'\(garbage collection (\d+\.\d) ms, JIT (\d+\.\d) ms\)')


@pytest.mark.parametrize('loop', ['on', 'off'])
def test_whose_fault_it_is(start_site, loop):
    """The application's, the JIT's, or the collector's; and not that of a request before it."""
    server = start_site({'pypy-slow-request': 10, 'pypy-loop': loop, 'wsgi': 'app', 'threads': 2}, app=APP)
    client = server.client()
    found = {}
    for target in ('/compile_much', '/collect', '/sleep?a=b'):
        assert client.get(target).body == b'hello'
        line = server.wait_log('^slow request: GET ' + re.escape(target) + ' ')[0]
        what, *times = LINE.fullmatch(line).groups()
        assert what == 'GET ' + target
        found[target] = [float(time) for time in times]
    took, collecting, compiling = found['/compile_much']
    assert 0 < compiling <= took + 1
    took, collecting, compiling = found['/collect']
    assert 0 < collecting <= took + 1
    took, collecting, compiling = found['/sleep?a=b']
    assert took >= 99 and compiling < found['/compile_much'][2] + 1


def test_only_slow_ones(start_site):
    server = start_site({'pypy-slow-request': 3600000, 'wsgi': 'app'}, app=APP)
    assert server.client().get('/sleep').body == b'hello'
    assert not server.log_lines('^slow request')


def test_refused(launch):
    server = launch({'http-socket': True, 'pypy-slow-request': 86400001}, 1)
    assert server.log_lines('^--pypy-slow-request 86400001: give a number from 0 to 86400000$')
