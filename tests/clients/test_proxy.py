"""nginx as a proxy over HTTP: it keeps its connections to uWSGI, and its clients theirs to it."""

import json

import pytest

from harness import KeepAliveLoad, Nginx, wait_until

UPSTREAM = '''
upstream kept {{ server {address}; keepalive 16; }}
'''
LOCATIONS = '''
location / {
    proxy_pass http://kept;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
}
location /unbuffered/ {
    rewrite ^/unbuffered(/.*)$ $1 break;
    proxy_pass http://kept;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    proxy_request_buffering off;
}
location /plain/ {
    rewrite ^/plain(/.*)$ $1 break;
    proxy_pass http://kept;
}
'''
PREFIXES = ['', '/unbuffered', '/plain']

pytestmark = pytest.mark.fronts(http=True)


def start_nginx(directory, address):
    return Nginx(directory / 'nginx', LOCATIONS, UPSTREAM.format(address='%s:%d' % address)).start()


@pytest.fixture
def nginx(client, tmp_path):
    """A client of an nginx in front of this front."""
    nginx = start_nginx(tmp_path, client.address)
    through = nginx.client()
    try:
        yield through
    finally:
        through.close()
        nginx.stop()
    # uWSGI's own HTTP socket closes without a word, and nginx meets that when it asks again
    assert not client.front.keepalive or ' [error] ' not in nginx.log() and ' [alert] ' not in nginx.log(), nginx.log()


def test_everything(nginx):
    """Bodies both ways, with and without a length; HEAD; errors."""
    body = bytes(range(256)) * 8000
    chunked = b''.join(b'%x\r\n%s\r\n' % (len(part), part) for part in (b'one', b'x' * 70000)) + b'0\r\n\r\n'
    for prefix in PREFIXES:
        with nginx.connect() as connection:
            assert connection.get(prefix + '/hello').body == b'hello'
            response = connection.get(prefix + '/parts/300')
            assert response.complete and response.body.count(b'\n') == 300
            assert len(connection.get(prefix + '/long/5000000').body) == 5000000
            assert connection.request('HEAD', prefix + '/long/100').header('Content-Length') == '100'
            for status in (204, 304, 404):
                assert connection.get('%s/status/%d' % (prefix, status)).status == status
            assert connection.request('POST', prefix + '/echo', body=body).body == body
            response = connection.request('POST', prefix + '/echo', {'Transfer-Encoding': 'chunked'}, chunked)
            assert response.body == b'one' + b'x' * 70000
            about = json.loads(connection.get(prefix + '/about', {'Host': 'front.example'}).body)
            assert about['SERVER_PROTOCOL'] == 'HTTP/1.%d' % (prefix != '/plain')


@pytest.mark.fronts('loop')
def test_connections_are_kept(nginx):
    """All of nginx's clients come over one connection of nginx's own."""
    ports = {nginx.get('/port').body for _ in range(20)}
    assert len(ports) == 1, ports


@pytest.mark.fronts('loop')
def test_kept_after_every_kind_of_response(nginx):
    """No response makes the loop, or nginx, end the connection."""
    port = nginx.get('/port').body
    for target in ('/parts/3', '/long/1000000', '/status/204', '/status/304', '/static/style.css'):
        assert nginx.get(target).complete
        assert nginx.get('/port').body == port, target
    assert nginx.post('/unbuffered/echo', b'3\r\nabc\r\n0\r\n\r\n', {'Transfer-Encoding': 'chunked'}).body == b'abc'
    assert nginx.get('/port').body == port


@pytest.mark.fronts('loop')
def test_reloads(start_server, fleet, tmp_path, fixed_port):
    """nginx asks again on another connection when a kept one was closed: no request of its clients fails."""
    server = start_server({'http-socket': '127.0.0.1:%d' % fixed_port, 'pypy-wsgi': 'app', 'master': True, 'processes': 2},
                          app=fleet.spec.app)
    server.ignore_fds()
    nginx = start_nginx(tmp_path, ('127.0.0.1', fixed_port))
    through = nginx.client()
    try:
        with KeepAliveLoad(through, '/hello') as load:
            for number in range(1, 4):
                load.wait_more(100)
                server.reload()
                wait_until(lambda: len(server.log_lines('spawned uWSGI worker 2 ')) > number or load.failures, 'the reload')
            load.wait_more(100)
        load.check()
    finally:
        through.close()
        nginx.stop()
