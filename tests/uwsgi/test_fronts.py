"""The same application over each of uWSGI's own ways in: sockets of every protocol, TCP and unix, and the router."""

import contextlib
import json

import pytest

from harness import FRONTS, Client, Load, assert_internal_error

UNIX = {'http': 'http.sock', 'http11': 'http11.sock', 'uwsgi': 'uwsgi.sock', 'loop': 'loop.sock', 'loop-uwsgi': 'loop-uwsgi.sock'}
STOCK = [front for front in FRONTS.values() if front.engine == 'stock']


def check_front(client):
    """The front carries a request, a body both ways, and errors; returns the environ."""
    assert client.get('/hello').body == b'hello'
    body = bytes(range(256)) * 1000
    response = client.post('/echo', body, {'Content-Type': 'application/x-test'})
    assert response.complete and response.body == body and response.header('X-Type') == 'application/x-test'
    assert client.get('/status/404').status == 404
    response = client.head('/hello')
    assert (response.status, response.extra, response.header('Content-Length')) == (200, b'', '5')
    response = client.get('/text/102000')
    assert response.complete and response.body == b'0123456789abcdef\n' * 6000
    environ = json.loads(client.get('/environ/a%20b?c=d%20e', {'X-Name': 'value'}).body)
    assert environ['PATH_INFO'] == '/environ/a b' and environ['QUERY_STRING'] == 'c=d%20e'
    assert environ['HTTP_X_NAME'] == 'value' and environ['REQUEST_METHOD'] == 'GET'
    return environ


def test_tcp(client):
    assert check_front(client)['REMOTE_ADDR'] == '127.0.0.1'


@pytest.mark.parametrize('engine, name', [(front.engine, front.name) for front in FRONTS.values()])
def test_unix_socket(start_site, name):
    front = FRONTS[name]
    server = start_site({'http-socket': None, front.option: UNIX[name]})
    check_front(server.client(name))


def test_several_sockets_at_once(start_site):
    """One worker behind five sockets of three protocols. (Two http11 sockets starve each other in uWSGI 2.0.21.)"""
    server = start_site({front.option: True for front in STOCK},
                        args=['--http-socket', 'http.sock', '--socket', 'uwsgi.sock'])
    clients = [server.client(front.name) for front in STOCK]
    clients += [Client(FRONTS[name], str(server.directory / UNIX[name])) for name in ('http', 'uwsgi')]
    loads = [Load(client, '/pid', threads=1) for client in clients]
    with contextlib.ExitStack() as stack:
        for load in loads:
            stack.enter_context(load)
        for load in loads:
            load.wait_more(50)
    for load in loads:
        load.check()
        assert set(load.bodies) == {b'%d' % server.worker_pids()[0]}


@pytest.mark.fronts(keepalive=True)
def test_keepalive(client):
    """Many requests on one connection; the core's http11 parser keeps it after a body that was read, too."""
    with client.connect() as connection:
        for number in range(100):
            assert connection.get('/hello').body == b'hello'
        body = b'x' * 70000
        assert connection.request('POST', '/echo', body=body).body == body
        assert connection.get('/status/404').status == 404
        assert connection.get('/hello').body == b'hello'


# -- the HTTP router ---------------------------------------------------------------------------------------------------

ROUTER = {'plugin': 'http', 'http-socket': None, 'http': True, 'master': True, 'processes': 2}


def test_router(start_site):
    environ = check_front(start_site(ROUTER).client())
    assert environ['REMOTE_ADDR'] == '127.0.0.1' and environ['HTTP_HOST'] == 'localhost'


def test_router_with_keepalive(start_site):
    server = start_site({**ROUTER, 'http-keepalive': True})
    with Client(FRONTS['http11'], server.address('http')).connect() as connection:
        for number in range(20):
            assert connection.get('/hello').body == b'hello'


def test_router_shows_errors(start_site):
    """The error page comes through the router, and the next request is served."""
    server = start_site(ROUTER)
    client = server.client()
    assert_internal_error(client.get('/raise'))
    server.expect_traceback('ValueError: boom')
    assert client.get('/hello').body == b'hello'


def test_router_uploads(start_site):
    """20 MB through the router, which chops them, and back."""
    client = start_site(ROUTER).client()
    body = bytes(range(256)) * 80000
    response = client.post('/echo', body)
    assert response.complete and response.body == body


def test_router_under_load(start_site):
    server = start_site(ROUTER)
    with Load(server.client(), '/pid', threads=4) as load:
        load.wait_more(1000)
    load.check()
    assert set(load.bodies) <= {b'%d' % pid for pid in server.worker_pids()}
