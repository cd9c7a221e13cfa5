"""Static files and offload threads: uWSGI's own work beside the application, and files the application sends."""

import os

import pytest

from harness import Load

BIG = 24 << 20   # more than the buffers of a connection hold
SMALL = b'a static file\n' * 10


@pytest.fixture(scope='module')
def big():
    return os.urandom(1 << 20) * (BIG >> 20)


@pytest.fixture
def start_files(start_site, big):
    def start(options):
        return start_site(options, files={'files/small.txt': SMALL, 'files/big.bin': big, 'files/sub/page.html': b'<p>',
                                          'secret.txt': b'secret'})
    return start


# -- static files ------------------------------------------------------------------------------------------------------

def test_static_map(start_files):
    """Under its prefix files are uWSGI's, everything else is the application's."""
    client = start_files({'static-map': '/static=files'}).client()
    response = client.get('/static/small.txt')
    assert response.complete and response.body == SMALL
    assert response.header('Content-Length') == str(len(SMALL)) and response.header('Last-Modified')
    assert client.head('/static/small.txt').header('Content-Length') == str(len(SMALL))
    assert client.get('/hello').body == b'hello'
    assert client.get('/static/none').status == 404
    unchanged = client.get('/static/small.txt', {'If-Modified-Since': response.header('Last-Modified')})
    assert unchanged.status == 304 and unchanged.body == b''


def test_static_map_stays_inside(start_files):
    client = start_files({'static-map': '/static=files'}).client()
    for path in ('/static/../secret.txt', '/static/%2e%2e/secret.txt', '/static/..%2fsecret.txt'):
        assert b'secret' not in client.get(path).body


def test_check_static(start_files):
    """A path that is a file is a file; the others go to the application."""
    client = start_files({'check-static': 'files'}).client()
    assert client.get('/small.txt').body == SMALL
    assert client.get('/hello').body == b'hello'
    assert client.get('/not/there').body == b'no such route'


def test_static_mime_and_expires(start_files):
    client = start_files({'static-map': '/static=files', 'static-expires-uri': '.* 3600'}).client()
    response = client.get('/static/sub/page.html')
    assert response.body == b'<p>' and response.header('Expires') and response.header('Content-Type') == 'text/html'
    assert client.get('/hello').header('Expires') is None


# -- offload threads ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('path', ['/static/big.bin', '/download/files/big.bin'])
@pytest.mark.parametrize('option', ['http-socket', 'socket'])
def test_offload(start_files, big, path, option):
    """A slow reader of a large file does not hold the only worker: others are served meanwhile."""
    server = start_files({'http-socket': None, option: True, 'static-map': '/static=files', 'offload-threads': 2})
    with server.client().connect() as slow:
        slow.send_request('GET', path)
        slow.wait_for(b'\r\n\r\n')
        for _ in range(20):
            assert server.client().get('/hello').body == b'hello'
        response = slow.read()
    assert response.complete and response.body == big


def test_offload_under_load(start_files, big):
    """Many downloads at once, each of them whole; no descriptor stays open."""
    server = start_files({'offload-threads': 2, 'static-map': '/static=files', 'processes': 2, 'master': True})
    with Load(server.client(), '/download/files/big.bin', threads=2) as load:
        load.wait_more(6)
    load.check()
    assert set(load.bodies) == {big}


def test_file_wrapper_without_offload(start_files, big):
    client = start_files({}).client()
    response = client.get('/download/files/big.bin')
    assert response.complete and response.body == big
    response = client.head('/download/files/big.bin')
    assert response.header('Content-Length') == str(BIG) and response.extra == b''


def test_client_that_leaves_an_offloaded_download(start_files):
    server = start_files({'offload-threads': 1})
    for _ in range(5):
        with server.client().connect() as connection:
            connection.send_request('GET', '/download/files/big.bin')
            connection.wait_for(b'\r\n\r\n')
            connection.reset()
    assert server.client().get('/hello').body == b'hello'
