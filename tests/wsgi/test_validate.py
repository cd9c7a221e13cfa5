"""wsgiref.validate, the standard library's check of PEP 3333, finds nothing to say about the server."""

import pytest

APP = 'validate'


@pytest.fixture(autouse=True)
def nothing_left_open(client, server):
    """The validator prints a line for an iterator that the server did not close."""
    yield
    client.get('/collect')
    assert server.log_lines('garbage collected without being closed', since_test=True) == []


@pytest.mark.parametrize('target, body', [
    ('/body/list', b'onetwo'), ('/body/one', b'onetwo'), ('/body/empty', b''), ('/body/generator', b'onetwo'),
    ('/body/tuple', b'onetwo'), ('/declared', b'onetwo'), ('/written', b'onetwo'), ('/head', b'onetwo'),
    ('/errors', b''), ('/file/real', b'onetwo'), ('/file/memory', b'onetwo'),
])
def test_get(client, target, body):
    response = client.get(target, headers={'X-Header': 'value'})
    assert (response.status, response.complete, response.body, response.extra) == (200, True, body, b'')


def test_replaced(client):
    assert client.get('/replaced').body == b'error page'


@pytest.mark.parametrize('code', [204, 304])
def test_no_body(client, code):
    response = client.get('/nobody/%d' % code)
    assert (response.status, response.complete) == (code, True)


def test_head(client):
    response = client.head('/head')
    assert (response.status, response.extra) == (200, b'')


def test_post(client):
    response = client.post('/input', b'first\nsecond\nthird\nlast', {'Content-Type': 'text/plain'})
    assert response.body == b'fir|st\n|second\n|third\n|last|'


def test_query_and_path(client):
    assert client.get('/body/%C3%A9/list?a=%00&b=%FF').status == 200


def test_the_validator_is_there(client, server):
    """The test of this test: an application that breaks the rules is caught."""
    server.expect_traceback('AssertionError')
    assert client.get('/body/list', headers={'Content-Type': 'x'}).status == 200
    assert client.get('/nobody/200').status == 500
