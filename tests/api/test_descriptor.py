"""uwsgi.connection_fd(), is_connected(), send(), recv(), close(), connect(), async_connect()."""

import os
import socket
from pathlib import Path

import pytest

from api.console import Raised
from harness import ServerSpec, wait_until

SERVER = ServerSpec(app=Path(__file__).parent / 'apps' / 'requests.py', options={'master': True})


def test_connection_fd(client):
    connected, target, nothing = client.get('/descriptor').text.split('\n')
    assert connected == 'True' and target.startswith("'socket:[") and nothing == 'None'


def test_raw(client):
    """The application speaks for itself, and hears what the client sends behind the request."""
    with client.connect() as connection:
        connection.send_request('GET', '/raw')
        connection.wait_for(b'X-Raw: yes\r\n\r\n')
        connection.send(b'hel')
        connection.send(b'lo.')
        response = connection.read()
    assert (response.status, response.header('X-Raw'), response.body) == (299, 'yes', b'you said hello.')
    assert response.framing == 'close' and response.complete


def test_raw_with_the_request(client):
    with client.connect() as connection:
        connection.send(client.encode('GET', '/raw') + b'early.')
        assert connection.read().body == b'you said early.'


def test_send_in_a_response(client):
    assert client.get('/send_body').body == b'abc'


def test_close(client, server, tmp_path):
    """The client sees the end at once, the application works on, and later requests are not disturbed."""
    with client.connect() as connection:
        connection.send_request('GET', '/close?%s' % (tmp_path / 'file'))
        response = connection.read_last()
        assert response.complete and response.body == b'all of it'
        assert connection.wait_closed()[0] in ('eof', 'reset')
    assert not (tmp_path / 'file.done').exists()
    (tmp_path / 'file.release').touch()
    wait_until((tmp_path / 'file.done').exists, 'the application')
    assert client.get('/hello').body == b'hello'


@pytest.fixture
def console(start_console):
    return start_console()


@pytest.fixture
def listener():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        sock.listen()
        sock.settimeout(60)
        yield sock


@pytest.mark.parametrize('function', ['connect', 'async_connect'])
def test_connect(console, listener, function):
    """Everything that can be done with a connection to another server."""
    console("fd = uwsgi.%s('127.0.0.1:%d')" % (function, listener.getsockname()[1]))
    peer, _ = listener.accept()
    with peer:
        assert console('uwsgi.is_connected(fd)') is True
        if function == 'async_connect':
            assert console('uwsgi.recv(fd)') is None
        assert console("uwsgi.send(fd, 'str '), uwsgi.send(fd, b'bytes')") == (True, True)
        data = b''
        while len(data) < 9:
            data += peer.recv(100)
        assert data == b'str bytes'
        peer.sendall(b'x' * 5000)
        wait_until(lambda: console('uwsgi.recv(fd, 5)') == b'xxxxx', 'data')
        assert console('len(uwsgi.recv(fd))') == 4096
        assert console('len(uwsgi.recv(fd, 100000))') == 899
    assert console('uwsgi.recv(fd)') is None
    assert console('uwsgi.close(fd), uwsgi.close(fd), uwsgi.is_connected(fd)') == (None, None, False)


def test_send_much(console, listener):
    """More than the kernel takes at once is sent all the same."""
    console("fd = uwsgi.connect('127.0.0.1:%d', 5)" % listener.getsockname()[1])
    peer, _ = listener.accept()
    with peer:
        with console.server.client().connect() as connection:
            connection.send_request('POST', '/', body=b'uwsgi.send(fd, bytes(20000000))')
            size = 0
            while size < 20000000:
                size += len(peer.recv(1 << 20))
            assert connection.read().body == b'value True'
    console('uwsgi.close(fd)')


def test_unix_sockets(console, tmp_path):
    for address, name in ((str(tmp_path / 's'), str(tmp_path / 's')), ('@upp%d' % os.getpid(), '\0upp%d\0' % os.getpid())):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(name)
            listener.listen()
            fd = console('fd = uwsgi.connect(%r)\nfd' % address.encode())
            assert fd > 2 and console('uwsgi.close(fd)') is None


def test_connect_fails(console, listener, tmp_path):
    port = listener.getsockname()[1]
    listener.close()
    assert console("uwsgi.connect('127.0.0.1:%d'), uwsgi.connect(%r)" % (port, str(tmp_path / 'none'))) == (-1, -1)


REFUSED = [
    ("connect('')", 'ValueError: address is empty'),
    ("connect(5)", 'TypeError: address must be str or bytes, not int'),
    ("connect('a:b')", "ValueError: address must be host:port or the path of a socket, not 'a:b'"),
    ("connect('a:65536')", "ValueError: address must be host:port or the path of a socket, not 'a:65536'"),
    ("connect('/' * 102)", 'ValueError: address has 102 bytes; the path of a socket has at most 101'),
    ("connect('/a\\0')", 'ValueError: address must not have a NUL byte'),
    ("connect('/a', -1)", 'ValueError: timeout is -1; it must be from 0 to 2147483'),
    ("async_connect('')", 'ValueError: address is empty'),
    ("is_connected(-2)", 'ValueError: descriptor is -2; it must be from -1 to 2147483647'),
    ("is_connected('x')", 'TypeError: descriptor must be int, not str'),
    ("recv(-2)", 'ValueError: descriptor is -2; it must be from -1 to 2147483647'),
    ("recv(0, 0)", 'ValueError: max_size is 0; it must be from 1 to 2147483647'),
    ("send()", 'TypeError: uwsgi.send() takes data, or a descriptor and data; 0 arguments were given'),
    ("send(1, 2)", 'TypeError: data must be str or bytes, not int'),
    ("close('1')", 'TypeError: descriptor must be int, not str'),
]


def test_refused(console):
    for call, message in REFUSED:
        with pytest.raises(Raised) as raised:
            console('uwsgi.' + call)
        assert str(raised.value) == message


def test_errors_are_results(console):
    """As with uWSGI's own plugin: None, and a line in the log."""
    assert console("uwsgi.recv(9999), uwsgi.send(9999, b'x'), uwsgi.close(9999), uwsgi.is_connected(9999)") == (
        None, None, None, False)
    console.server.wait_log('uwsgi.send.*Bad file descriptor')
