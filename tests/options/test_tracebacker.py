"""--py-tracebacker: the stacks of a worker on a socket."""

import socket

import pytest

from harness import wait_until

APP = '''
import os, threading, time

def wait_here(name):
    open(name + '.held', 'w').close()
    while not os.path.exists(name + '.release'):
        time.sleep(0.01)

def application(environ, start_response):
    start_response('200 OK', [])
    if environ['PATH_INFO'] == '/hold':
        wait_here('a')
    return [b'served']
'''


def stacks(path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(60)
        sock.connect(str(path))
        return b''.join(iter(lambda: sock.recv(65536), b'')).decode()


@pytest.mark.parametrize('option', ['pypy-tracebacker', 'py-tracebacker'])
@pytest.mark.parametrize('loop', ['off', 'on'])
def test_tracebacker(start_site, option, loop):
    """Each thread with its name, each frame in a line, in the form of the Python plugin; again and again."""
    server = start_site({option: 'tb', 'processes': 2, 'threads': 2, 'wsgi': 'app', 'pypy-loop': loop}, app=APP)
    server.wait_log('^python tracebacker for worker [12] available on tb[12]$', 2)
    with server.client().connect() as held:
        held.send_request('GET', '/hold')
        wait_until((server.directory / 'a.held').exists, 'the request')
        for _ in range(3):
            texts = [stacks(server.directory / ('tb%d' % worker)) for worker in (1, 2)]
            assert all(text.startswith('*** uWSGI Python tracebacker output ***\n\n') for text in texts)
            lines = [line for text in texts for line in text.split('\n') if 'function = wait_here' in line]
            assert len(lines) == 1, texts
            thread, rest = lines[0].split(' filename = ')
            assert thread.startswith('thread_id = uWSGIWorker') and 'app.py lineno = ' in rest
            assert rest.endswith('line = time.sleep(0.01)') or 'line = while not' in rest
        server.write('a.release', '')
        assert held.read().status == 200


HOT = '''
import threading

turns = 0

def spin_hot(function):
    """Compiled long before anybody looks."""
    global turns
    number = 0
    while not done:
        number = function(number)
        turns += 1

def inner(number):
    return (number * 3 + 1) % 1000003

done = False

def application(environ, start_response):
    global done
    start_response('200 OK', [])
    if environ['PATH_INFO'] == '/hot':
        spin_hot(inner)
    elif environ['PATH_INFO'] == '/done':
        done = True
    return [b'%d' % turns]
'''


@pytest.mark.parametrize('loop', ['off', 'on'])
def test_compiled_loop(start_site, loop):
    """A loop that runs as machine code shows where it is, while it goes on."""
    server = start_site({'py-tracebacker': 'tb', 'threads': 2, 'wsgi': 'app', 'pypy-loop': loop}, app=HOT)
    server.wait_log('^python tracebacker for worker 1 available on tb1$')
    with server.client().connect() as held:
        held.send_request('GET', '/hot')
        for _ in range(3):
            before = int(server.client().get('/').body)
            wait_until(lambda: int(server.client().get('/').body) > before + 1000000, 'a million turns')
            text = stacks(server.directory / 'tb1')
            frames = [line.split('function = ')[1].split(' ')[0] for line in text.split('\n')
                      if 'function = ' in line and '/app.py ' in line]
            assert frames[:2] == ['application', 'spin_hot'], text
        assert server.client().get('/done').status == 200
        assert held.read().status == 200


def test_socket_of_before(start_site):
    """What a killed server left in the way does not hinder."""
    server = start_site({'py-tracebacker': 'tb', 'wsgi': 'app'}, {'tb1': ''}, app=APP)
    server.wait_log('^python tracebacker for worker 1 available on tb1$')
    assert stacks(server.directory / 'tb1').startswith('*** uWSGI Python tracebacker output ***')


def test_no_place(start_site):
    """It is logged, and the server serves."""
    server = start_site({'py-tracebacker': '/nowhere/tb', 'wsgi': 'app'}, app=APP)
    assert server.client().get('/').body == b'served'
    assert server.log_lines('^--py-tracebacker: unable to listen on /nowhere/tb1: ')
