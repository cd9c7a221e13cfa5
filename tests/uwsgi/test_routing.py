"""uWSGI's routing and header options around the application's requests and responses."""

import base64
import json

import pytest

ROUTES = {
    'plugin': ['router_redirect', 'router_rewrite', 'router_basicauth'],
    'route': ['^/hello addheader:X-Route: hello', '^/old redirect:/new', '^/short/(.*) rewrite:/status/$1',
              '^/refused break:403 Forbidden', '^/logged log:seen ${REQUEST_METHOD}',
              '^/private basicauth:site,user:password',
              '^/marked addvar:MARK=of the route', '^/marked setpathinfo:/environ'],
    'route-host': '^other.example addheader:X-Host: other',
    'route-if': 'equal:${HTTP_X_NAME};special addheader:X-If: yes',
    'route-run': 'addheader:X-Every: one',
    'response-route': '^/hello addheader:X-Response: hello',
    'response-route-status': '404 addheader:X-Missing: yes',
    'error-route-status': '500 addheader:X-Error: yes',
    'final-route': '^/hello log:final ${PATH_INFO}',
}


@pytest.fixture
def routed(start_site):
    return start_site(ROUTES)


def test_request_routes(routed):
    client = routed.client()
    response = client.get('/hello')
    assert response.body == b'hello' and response.header('X-Route') == 'hello' and response.header('X-Every') == 'one'
    assert response.header('X-Host') is None and response.header('X-If') is None
    assert client.get('/hello', {'Host': 'other.example'}).header('X-Host') == 'other'
    assert client.get('/hello', {'X-Name': 'special'}).header('X-If') == 'yes'
    response = client.get('/old')
    assert response.status == 302 and response.header('Location') == '/new'
    assert client.get('/short/201').status == 201
    assert client.get('/refused').status == 403
    found = json.loads(client.get('/marked').body)
    assert found['MARK'] == 'of the route' and found['PATH_INFO'] == '/environ'
    client.get('/logged')
    routed.wait_log('^seen GET')


def test_basic_authentication(routed):
    client = routed.client()
    assert client.get('/private').status == 401
    good = base64.b64encode(b'user:password').decode()
    assert client.get('/private', {'Authorization': 'Basic ' + good}).status == 404   # the application's own


def test_response_and_error_and_final_routes(routed):
    """Routes that run when the application has begun its response, at an error, and at the end."""
    client = routed.client()
    response = client.get('/hello')
    assert response.header('X-Response') == 'hello' and response.complete and response.body == b'hello'
    routed.wait_log('^final /hello')
    response = client.get('/status/404')
    assert response.header('X-Missing') == 'yes' and response.body == b'status 404'
    assert client.get('/status/200').header('X-Missing') is None


def test_error_route_at_an_exception(routed):
    response = routed.client().get('/raise')
    assert response.status == 500 and response.header('X-Error') == 'yes'
    routed.expect_traceback('ValueError: boom')


def test_response_route_may_answer_itself(start_site):
    """A route that sends its own body in place of the application's."""
    server = start_site({'response-route-status': ['404 addheader:X-Sent: route', '404 send:replaced', '404 break:']})
    response = server.client().get('/status/404')
    assert response.header('X-Sent') == 'route' and response.body == b'replaced'
    # the head had the length of the application's body: nothing else may follow it
    assert not response.complete
    assert server.client().get('/hello').body == b'hello'


@pytest.mark.parametrize('engine', ['loop'])
def test_route_with_a_longer_body(start_site):
    """What is beyond the declared length would be taken for the next response of a connection that stays open."""
    server = start_site({'response-route-status': ['404 send:' + 'long' * 20, '404 break:']})
    connection = server.client().connect()
    response = connection.get('/status/404')
    assert response.complete and response.body == b'longlonglo'
    assert connection.wait_closed() == ('eof', b'')
    server.wait_log('the body of the response is longer than its Content-Length')


# -- headers -----------------------------------------------------------------------------------------------------------

def test_add_and_delete_headers(start_site):
    client = start_site({'add-header': ['X-Added: one', 'X-Again: two'], 'del-header': 'X-Secret'}).client()
    response = client.get('/headers')
    assert response.complete and response.body == b'hello'
    assert response.header('X-Added') == 'one' and response.header('X-Again') == 'two'
    assert response.header('X-Secret') is None and response.header('X-Public') == 'public'


def test_pull_and_collect_headers(start_site):
    """A pulled header is known to the log and does not reach the client; a collected one does both."""
    server = start_site({'pull-header': 'X-Secret SECRET', 'collect-header': 'X-Public PUBLIC',
                         'logformat': 'got %(var.SECRET) and %(var.PUBLIC) for %(uri)'})
    response = server.client().get('/headers')
    assert response.body == b'hello'
    assert response.header('X-Secret') is None and response.header('X-Public') == 'public'
    server.wait_log('^got secret and public for /headers$')


def test_headers_survive_every_way_to_remove_one(start_site):
    """Order and repetition of the others stay as the application gave them."""
    app = '''
def application(environ, start_response):
    start_response('200 OK', [('Set-Cookie', 'a=1'), ('X-Gone', 'x'), ('Set-Cookie', 'b=2'), ('X-Empty', ''),
                              ('X-Colon', 'a: b'), ('Content-Length', '0')])
    return []
'''
    server = start_site({'del-header': 'X-Gone'}, app=app)
    response = server.client().get('/')
    assert response.headers == [('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2'), ('X-Empty', ''), ('X-Colon', 'a: b'),
                                ('Content-Length', '0')]
