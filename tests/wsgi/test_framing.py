"""Where a response ends: RFC 9112, 6 and 9, and PEP 3333, "Handling the Content-Length Header"."""

from urllib.parse import quote

import pytest

from harness import assert_internal_error

APP = 'framing'
# Longer than any test waits: a connection that ends does so because the server decided it.
OPTIONS = {'socket-timeout': 600}

WAYS = pytest.mark.parametrize('way', ['/chunks', '/as_list', '/written'])


# -- more than was declared --------------------------------------------------------------------------------------------

@WAYS
@pytest.mark.parametrize('query, body', [
    ('5&hello&more', b'hello'), ('5&he&llo&more&more', b'hello'), ('5&hellomore', b'hello'), ('5&hel&lomore', b'hello'),
    ('0&more', b''), ('3&&ab&&cde', b'abc'),
])
def test_bytes_beyond_content_length(client, way, query, body):
    """'The server must not ... transmit more bytes than the declared Content-Length'."""
    response = client.get(way + '?' + query)
    assert response.complete and response.body == body and response.extra == b''


def test_one_chunk_beyond_content_length(client):
    response = client.get('/huge')
    assert response.complete and response.body == b'a' * (1 << 20) and response.extra == b''


@pytest.mark.fronts(keepalive=True)
@WAYS
def test_next_request_after_too_much(client, way):
    """What went beyond must not be taken for the next response; closing the connection is right too."""
    with client.connect() as connection:
        assert connection.get(way + '?2&okHTTP/1.1').body == b'ok'
        following = connection.get('/hello')
        assert following.empty or (following.status, following.body) == (200, b'hello')


# -- less than was declared --------------------------------------------------------------------------------------------

@WAYS
@pytest.mark.parametrize('query, body', [('10&hello', b'hello'), ('10&he&llo', b'hello'), ('10', b''), ('10&', b'')])
def test_too_few_bytes_end_the_connection(client, way, query, body):
    """'The server should close the client connection'; a client that waits for the rest would hang."""
    with client.connect() as connection:
        connection.send_request('GET', way + '?' + query)
        response = connection.read()
    assert not response.complete and response.ended in ('eof', 'reset')
    assert response.status == 200 and response.body == body or response.empty


# -- the header itself -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('values', [('5', '5'), ('5', '6'), ('5', '5', '5')], ids=repr)
def test_two_content_lengths(client, server, values):
    """RFC 9112, 6.3: two clients would see two different ends."""
    server.expect_traceback('Content-Length')
    assert_internal_error(client.get('/lengths?' + '&'.join(values)))


@pytest.mark.parametrize('value', ['-1', '+5', ' 5', '5 ', '', 'abc', '0x5', '1_0', '5.0', '5,5', '\xb2',
                                   '9' * 30], ids=repr)
def test_content_length_is_no_number(client, server, value):
    server.expect_traceback('Content-Length')
    assert_internal_error(client.get('/lengths?' + quote(value, encoding='latin-1')))


# -- no body at all ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', ['list', 'chunks', 'length', 'bytes', 'file', 'empty'])
@pytest.mark.parametrize('code', [204, 304])
def test_status_without_body(client, code, kind):
    """RFC 9110, 15.3.5 and 15.4.5: whatever the application yields."""
    response = client.get('/status/%d?%s' % (code, kind))
    assert (response.status, response.reason, response.header('X-Good')) == (code, 'Given', 'yes')
    assert response.complete and response.extra == b''


@pytest.mark.parametrize('kind', ['list', 'chunks', 'bytes', 'file', 'empty'])
def test_no_content_has_no_framing(client, kind):
    """RFC 9110, 8.6 and RFC 9112, 6.1: 'must not send a Content-Length/Transfer-Encoding header field' with 204."""
    response = client.get('/status/204?' + kind)
    assert response.values('Content-Length') == [] and response.values('Transfer-Encoding') == []


@pytest.mark.parametrize('kind', ['list', 'chunks', 'length', 'bytes', 'file', 'empty'])
def test_head_has_no_body(client, kind):
    """RFC 9110, 9.3.2: 'The server must not send content in the response'; the headers are those of GET."""
    response = client.head('/status/200?' + kind)
    assert (response.status, response.header('X-Good'), response.extra) == (200, 'yes', b'')
    if kind == 'length':
        assert response.header('Content-Length') == '4'


@pytest.mark.parametrize('method, code', [('HEAD', 200), ('GET', 204), ('GET', 304)])
def test_written_body_where_none_may_be(client, method, code):
    response = client.request(method, '/written_status/%d' % code)
    assert (response.status, response.header('X-Good'), response.extra) == (code, 'yes', b'')


def test_head_of_too_few_bytes_is_complete(client):
    """No body is sent, so none is too short."""
    response = client.head('/chunks?10&hello')
    assert response.complete and response.header('Content-Length') == '10'


# -- without Content-Length --------------------------------------------------------------------------------------------

@pytest.mark.parametrize('protocol', ['HTTP/1.1', 'HTTP/1.0'])
def test_unknown_length_ends_cleanly(client, protocol):
    response = client.get('/chunks?&one&two', protocol=protocol)
    assert response.complete and response.body == b'onetwo'
    if protocol == 'HTTP/1.0':
        assert response.values('Transfer-Encoding') == []   # RFC 9112, 6.1: an HTTP/1.0 client cannot read it


# -- the connection afterwards -----------------------------------------------------------------------------------------

@pytest.mark.fronts(keepalive=True)
@pytest.mark.parametrize('method, target', [
    ('GET', '/hello'), ('GET', '/chunks?5&he&llo'), ('GET', '/as_list?5&hello'), ('GET', '/written?5&hello'),
    ('GET', '/chunks?0'), ('GET', '/file'), ('GET', '/status/204?list'), ('GET', '/status/204?chunks'),
    ('GET', '/status/304?list'), ('HEAD', '/hello'), ('HEAD', '/status/200?length'), ('HEAD', '/file'),
])
def test_connection_stays_open(client, method, target):
    """RFC 9112, 9.3: 'persistent by default': each of these says where it ends, so five of them fit on one."""
    with client.connect() as connection:
        for _ in range(5):
            assert connection.request(method, target).complete
        assert connection.get('/hello').body == b'hello'


@pytest.mark.fronts(keepalive=True)
def test_next_request_after_a_body(client):
    with client.connect() as connection:
        for body in (b'a', b'b' * 100000, b'c'):
            response = connection.request('POST', '/read', body=body)
            assert response.body == b'read ' + body


@pytest.mark.fronts(keepalive=True)
@pytest.mark.parametrize('body', [b'GET /fails HTTP/1.1\r\nHost: x\r\n\r\n', b'x' * 50000])
def test_an_unread_body_is_no_request(client, body):
    """What the application left of the body is thrown away, or the connection is closed."""
    with client.connect() as connection:
        assert connection.request('POST', '/read/not', body=body).body == b'left'
        following = connection.get('/hello')
        assert following.empty or (following.status, following.body) == (200, b'hello')


@pytest.mark.fronts(keepalive=True)
def test_next_request_after_an_error(client, server):
    server.expect_traceback('ValueError: boom')
    with client.connect() as connection:
        response = connection.get('/fails')
        assert (response.status, response.complete) == (500, True)
        following = connection.get('/hello')
        assert following.empty or (following.status, following.body) == (200, b'hello')


@pytest.mark.fronts(keepalive=True)
@pytest.mark.parametrize('target', ['/hello', '/chunks?5&hello', '/status/204?list', '/file'])
@pytest.mark.parametrize('value', ['close', 'Close', 'foo, close'])
def test_connection_close_is_obeyed(client, target, value):
    """RFC 9112, 9.6: 'must ... close the connection after it sends the final response'."""
    with client.connect() as connection:
        assert connection.request('GET', target, {'Connection': value}).complete
        assert connection.wait_closed() == ('eof', b'')


@pytest.mark.fronts(keepalive=True)
def test_http10_is_closed(client):
    """RFC 9112, 9.3: no persistence that was not asked for."""
    with client.connect() as connection:
        assert connection.request('GET', '/hello', protocol='HTTP/1.0').complete
        assert connection.wait_closed() == ('eof', b'')


@pytest.mark.fronts(keepalive=False)
def test_fronts_without_keepalive_close(client):
    with client.connect() as connection:
        assert connection.get('/hello').complete
        assert connection.wait_closed() == ('eof', b'')
