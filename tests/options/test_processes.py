"""--python-raw, --py-sharedarea, --profiler, and functions that routers ask."""

import os
import signal
import socket

import pytest

from harness import FRONTS, Client
from harness.ports import release_port, reserve_port

RAW = '''
import os, time

def read(descriptor):
    while True:
        try:
            return os.read(descriptor, 1000)
        except BlockingIOError:
            time.sleep(0.01)

def application(descriptor):
    request = read(descriptor).decode().strip()
    if request == 'file':
        return open('data', 'rb')
    if request == 'descriptor':
        return os.open('data', os.O_RDONLY)
    if request == 'parts':
        return (part for part in (b'one ', bytearray(b'two '), open('data', 'rb')))
    if request == 'none':
        os.write(descriptor, b'written')
        return None
    if request == 'raise':
        raise ValueError('raw')
    if request == 'str':
        return ['text']
    return b'echo ' + request.encode()
'''


def converse(address, data):
    with socket.create_connection(address, timeout=60) as sock:
        sock.sendall(data)
        try:
            return b''.join(iter(lambda: sock.recv(65536), b''))
        except ConnectionResetError:   # closed before it was read
            return b''


@pytest.mark.parametrize('option', ['pypy-raw', 'python-raw'])
def test_raw(start_site, option):
    """Buffers, files, descriptors and iterables of these; an error ends the connection and not the worker."""
    server = start_site({'http-socket': None, 'raw-socket': True, option: 'raw.py'}, {'raw.py': RAW, 'data': 'of a file'})
    server.allow_fds('/data$')
    address = server.bound_address(0)
    for request, response in ((b'x\n', b'echo x'), (b'file', b'of a file'), (b'descriptor', b'of a file'),
                              (b'parts', b'one two of a file'), (b'none', b'written'), (b'raise', b''), (b'str', b'')):
        assert converse(address, request) == response, request
    server.expect_traceback('ValueError: raw', 'TypeError: a raw callable gives bytes, descriptors or files, not str')
    assert converse(address, b'again') == b'echo again'


def test_raw_without_a_callable(start_site):
    server = start_site({'http-socket': None, 'raw-socket': True})
    assert converse(server.bound_address(0), b'x') == b''
    server.wait_log('^nothing serves this raw socket: give --python-raw a file$')


# -- shared areas ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('option', ['pypy-sharedarea', 'py-sharedarea'])
def test_sharedarea(start_site, option):
    """Areas of these sizes are there, with uWSGI's own numbers."""
    server = start_site({option: [100, 70000]})
    assert server.log_lines(r'^sharedarea 0 created at \S+ \(1 pages, ')
    assert server.log_lines(r'^sharedarea 1 created at \S+ \(18 pages, ')


@pytest.mark.parametrize('size', ['0', 'x', '-5', '10K'])
def test_sharedarea_of_no_size(launch, size):
    server = launch({'http-socket': True}, 1, args=['--py-sharedarea', size])
    assert server.log_lines('^--py-sharedarea %s: give its size in bytes$' % size)


# -- --profiler --------------------------------------------------------------------------------------------------------

APP = '''
def called(x):
    y = x + 1
    return len([y])

def application(environ, start_response):
    called(1)
    start_response('200 OK', [])
    return [b'ok']
'''


@pytest.mark.parametrize('threads', [1, 2])
@pytest.mark.parametrize('profiler, pattern', [
    ('pycall', r'^\[uWSGI Python profiler \d+\] CALL: .*app.py \(line 2\) -> called 1 args, stacksize \d+$'),
    ('pyline', r'^\[uWSGI Python profiler \d+\] file .*app.py line 3: called argc:1$')])
def test_profiler(start_site, profiler, pattern, threads):
    """A line for each call or each line, in every thread, and none of the plugin's own."""
    server = start_site({'wsgi': 'app', 'profiler': profiler, 'threads': threads}, app=APP)
    for _ in range(6):
        assert server.client().get('/').body == b'ok'
    assert len(server.log_lines(pattern)) == 6
    assert not server.log_lines('profiler.*pypy_plugin.so/')


# -- routers -----------------------------------------------------------------------------------------------------------

ROUTES = '''
def find(key):
    print('asked for', key)
    if key == b'raise':
        raise ValueError('no route')
    return {b'one': b'%(one)s', b'two': '%(two)s', b'wrong': 5}.get(key.partition(b':')[0])
'''


@pytest.fixture
def ports():
    ports = [reserve_port() for _ in range(2)]
    yield ports
    for port in ports:
        release_port(port)


def test_code_string(start_site, ports):
    """--http-use-code-string: the function gets the host's name as bytes and gives an address, bytes or str."""
    here = '127.0.0.1:%d' % ports[0]
    server = start_site({
        'http-socket': None, 'plugin': 'http', 'socket': here, 'http': '127.0.0.1:%d' % ports[1], 'wsgi': 'app',
        'http-use-code-string': '0:routes.py:find', 'master': True,
    }, {'routes.py': ROUTES % {'one': here, 'two': here}}, app=APP)
    client = Client(FRONTS['http'], ('127.0.0.1', ports[1]))
    for host in ('one', 'two', 'one', 'one'):
        assert client.get('/', {'Host': host}).body == b'ok', host
    for host in ('wrong', 'raise', 'nowhere'):
        assert client.get('/', {'Host': host}).status != 200
    server.expect_traceback('ValueError: no route')
    assert server.log_lines("^asked for b'one'$")


SIGNALS = '''
import os, signal

def handle(number, frame):
    print('HANDLED', number, os.getpid())
    if number == signal.SIGVTALRM:
        raise ValueError('of the handler')

signal.signal(signal.SIGWINCH, handle)
signal.signal(signal.SIGVTALRM, handle)

def application(environ, start_response):
    start_response('200 OK', [])
    return [b'hello']
'''


@pytest.mark.parametrize('option', ['pypy-master-check-signals', 'py-master-check-signals'])
def test_signals_in_the_master(make_server, option):
    """Its handlers run there; one that raises is logged, and the master goes on."""
    server = make_server({'http-socket': True, 'wsgi': 'app', 'master': True, option: True}, app=SIGNALS).start()
    for number in (signal.SIGWINCH, signal.SIGVTALRM, signal.SIGWINCH):
        before = len(server.log_lines('^HANDLED'))
        os.kill(server.master_pid, number)
        assert server.wait_log('^HANDLED', before + 1)[-1] == 'HANDLED %d %d' % (number, server.master_pid)
    server.expect_traceback('ValueError: of the handler')
    assert server.client().get('/').body == b'hello'
