"""A real nginx in front, over the uwsgi protocol: TCP and unix sockets, uploads, streaming, errors, keep-alive."""

import contextlib
import json

import pytest

from harness import Load, Nginx, Server, assert_internal_error

LOCATIONS = '''
location / {{ uwsgi_pass {tcp}; }}
location /unix/ {{
    rewrite ^/unix(/.*)$ $1 break;
    uwsgi_pass unix:{unix};
}}
location /unbuffered/ {{
    rewrite ^/unbuffered(/.*)$ $1 break;
    uwsgi_pass {tcp};
    uwsgi_buffering off;
    uwsgi_request_buffering off;
}}
'''
PREFIXES = ['', '/unix', '/unbuffered']


@pytest.fixture(scope='module')
def site(server_spec, tmp_path_factory):
    """The server, with a TCP and a unix socket."""
    directory = tmp_path_factory.mktemp('nginx-site')
    server = Server(directory, {'socket': True, 'pypy-wsgi': 'app', 'master': True, 'processes': 2},
                    app=server_spec.app, args=['--socket', 'unix.sock']).start()
    yield server
    server.stop()


@pytest.fixture(scope='module')
def front_server(site, tmp_path_factory):
    host, port = site.address('socket')
    nginx = Nginx(tmp_path_factory.mktemp('nginx') / 'front', LOCATIONS.format(
        tcp='%s:%d' % (host, port), unix=site.directory / 'unix.sock'))
    try:
        yield nginx.start()
    finally:
        nginx.stop()


@pytest.fixture
def nginx(front_server, site):
    site.begin_test()
    client = front_server.client()
    yield client
    client.close()
    site.end_test()


@pytest.mark.parametrize('prefix', PREFIXES)
def test_request_and_environ(nginx, prefix):
    environ = json.loads(nginx.get(prefix + '/environ/a%20b?c=d', {'X-Name': 'value', 'Host': 'www.example'}).body)
    assert environ['PATH_INFO'] == prefix + '/environ/a b' or environ['PATH_INFO'] == '/environ/a b'
    assert environ['QUERY_STRING'] == 'c=d' and environ['HTTP_X_NAME'] == 'value'
    assert environ['REQUEST_METHOD'] == 'GET' and environ['HTTP_HOST'] == 'www.example'
    assert environ['SERVER_NAME'] == 'front.example' and environ['REMOTE_ADDR'] == '127.0.0.1'
    assert environ['REQUEST_SCHEME'] == 'http' and environ['wsgi.url_scheme'] == 'http'


@pytest.mark.parametrize('prefix', PREFIXES)
def test_upload(nginx, prefix):
    body = bytes(range(256)) * 40000   # 10 MB
    response = nginx.post(prefix + '/echo', body, {'Content-Type': 'application/x-test'})
    assert response.complete and response.body == body and response.header('X-Type') == 'application/x-test'


@pytest.mark.parametrize('prefix', PREFIXES)
def test_chunked_upload(nginx, prefix):
    """nginx gives a chunked body a length before the application sees it; the protocol has no other way."""
    response = nginx.post(prefix + '/echo', b'5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
                          {'Transfer-Encoding': 'chunked'})
    assert response.body == b'hello world'


def test_streaming(nginx, site):
    """The first part is at the client while the application still makes the second."""
    with nginx.connect() as connection:
        connection.send_request('GET', '/unbuffered/steps/nginx')
        connection.wait_for(b'first')
        site.write('nginx.release', '')
        response = connection.read()
    assert response.complete and response.body == b'firstsecond'


@pytest.mark.parametrize('prefix', PREFIXES)
def test_body_without_length(nginx, prefix):
    """nginx chunks it: HTTP/1.1 stays possible."""
    response = nginx.get(prefix + '/text/1020000')
    assert response.complete and response.framing == 'chunked'
    assert response.body == b'0123456789abcdef\n' * 60000


@pytest.mark.parametrize('prefix', PREFIXES)
def test_head_and_no_content(nginx, prefix):
    with nginx.connect() as connection:
        response = connection.request('HEAD', prefix + '/hello')
        assert (response.status, response.header('Content-Length')) == (200, '5')
        response = connection.get(prefix + '/headers')
        assert response.body == b'hello' and response.header('X-Public') == 'public'
        assert connection.get(prefix + '/status/404').body == b'status 404'
        assert connection.get(prefix + '/hello').body == b'hello'


@pytest.mark.parametrize('prefix', PREFIXES)
def test_error_before_the_head(nginx, site, prefix):
    response = nginx.get(prefix + '/raise')
    assert_internal_error(response)
    site.expect_traceback('ValueError: boom')


@pytest.mark.parametrize('prefix', ['', '/unbuffered'])
def test_error_after_the_head_is_visible_through_nginx(nginx, site, prefix):
    """nginx must see a broken response, not the end of one: it passes the break on to its client."""
    response = nginx.get(prefix + '/raise_late')
    assert response.status in (200, 502) and not (response.status == 200 and response.complete)
    site.expect_traceback('ValueError: late boom')


@pytest.mark.parametrize('prefix', PREFIXES)
def test_broken_response_with_a_length(nginx, site, prefix):
    """Whatever the socket is, a response that falls short of its length is broken for nginx's client, too."""
    response = nginx.get(prefix + '/raise_short')
    assert not (response.status == 200 and response.complete)
    site.expect_traceback('ValueError: short boom')


def test_client_that_goes_away(nginx, site):
    """nginx drops the backend connection, and the worker goes on."""
    with nginx.connect() as connection:
        connection.send_request('GET', '/unbuffered/steps/gone')
        connection.wait_for(b'first')
        connection.reset()
    site.write('gone.release', '')
    for number in range(4):
        assert nginx.get('/hello').body == b'hello'


def test_load_over_tcp_and_unix(nginx):
    loads = [Load(nginx, prefix + '/pid', threads=2) for prefix in PREFIXES]
    with contextlib.ExitStack() as stack:
        for load in loads:
            stack.enter_context(load)
        for load in loads:
            load.wait_more(200)
    for load in loads:
        load.check()


def test_keepalive_of_the_client(nginx):
    with nginx.connect() as connection:
        for number in range(50):
            assert connection.get('/hello').body == b'hello'
