"""Several requests on one connection, whatever lies between them, and when the connection is closed."""

import json
import os

import pytest

pytestmark = pytest.mark.fronts('loop')

CLOSE = {'Connection': 'close'}
KEEP = {'Connection': 'keep-alive'}
SMALL = b'small body'
LARGE = bytes(range(256)) * 800     # more than is read before the application runs, less than is thrown away
HUGE = b'h' * (3 << 20)             # more than is thrown away to keep a connection


def chunked(*parts, trailer=b''):
    return b''.join(b'%x\r\n%s\r\n' % (len(part), part) for part in parts) + b'0\r\n' + trailer + b'\r\n'


def assert_hello(response):
    assert (response.status, response.body, response.complete) == (200, b'hello', True), response


def assert_open(connection):
    """The next request is answered, with nothing between."""
    assert_hello(connection.get('/hello'))


def assert_closes(connection, response):
    assert response.header('Connection') == 'close'
    assert connection.wait_closed() == ('eof', b'')


# -- when it stays, when it closes -------------------------------------------------------------------------------------

def test_stays_open_on_http_1_1(client):
    with client.connect() as connection:
        for _ in range(50):
            response = connection.get('/hello')
            assert_hello(response)
            assert response.header('Connection') is None and response.header('Content-Length') == '5'


def test_closes_when_asked(client):
    with client.connect() as connection:
        assert_open(connection)
        response = connection.get('/hello', CLOSE)
        assert_hello(response)
        assert_closes(connection, response)


def test_http_1_0_closes(client):
    with client.connect() as connection:
        response = connection.request('GET', '/hello', protocol='HTTP/1.0')
        assert_hello(response)
        assert_closes(connection, response)


def test_http_1_0_stays_open_when_asked(client):
    with client.connect() as connection:
        for _ in range(3):
            response = connection.request('GET', '/hello', KEEP, protocol='HTTP/1.0')
            assert_hello(response)
            assert response.header('Connection') == 'keep-alive'
        response = connection.request('GET', '/parts/3', KEEP, protocol='HTTP/1.0')
        assert response.header('Transfer-Encoding') is None
        assert response.framing == 'close' and response.body == b'part 0\npart 1\npart 2\n'
        assert response.header('Connection') == 'close' and response.ended == 'eof'


def test_requests_max(start_loop):
    with start_loop({'pypy-http-requests-max': 3}).client('loop').connect() as connection:
        assert [connection.get('/hello').header('Connection') for _ in range(2)] == [None, None]
        assert_closes(connection, connection.get('/hello'))


def test_requests_max_and_what_was_sent_beyond(start_loop):
    client = start_loop({'pypy-http-requests-max': 2}).client('loop')
    with client.connect() as connection:
        connection.send(client.encode('GET', '/hello') * 4)
        assert_hello(connection.read())
        assert_closes(connection, connection.read())
    assert json.loads(client.get('/calls').body) == ['GET /hello'] * 2


def test_half_closed_client_gets_its_answers(client):
    """All of those that it had asked for before it closed its side."""
    with client.connect() as connection:
        connection.send(client.encode('GET', '/hello') * 3 + client.encode('GET', '/long/3000000'))
        connection.half_close()
        for _ in range(3):
            assert_hello(connection.read())
        response = connection.read()
        assert response.complete and len(response.body) == 3000000
        assert connection.wait_closed() == ('eof', b'')


def test_unfinished_request_of_a_half_closed_client(client):
    """It is nobody's request: the application is not called, and the connection ends."""
    client.get('/calls')
    for data in (b'GET /hello HTTP/1.1\r\nHost: x\r\n', b'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab',
                 b'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n'):
        rest, ended = client.raw_all(data)
        assert ended == 'eof' and not rest.startswith(b'HTTP/1.1 2')
    assert json.loads(client.get('/calls').body) == []


# -- pipelining --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('protocol', ['HTTP/1.1', 'HTTP/1.0'])
def test_pipelined_requests(client, protocol):
    """500 in one piece; the answers come in order."""
    with client.connect() as connection:
        connection.send(b''.join(client.encode('POST', '/echo', KEEP, b'%d' % number, protocol=protocol)
                                 for number in range(500)))
        assert [connection.read().body for _ in range(500)] == [b'%d' % number for number in range(500)]
        assert_open(connection)


def test_pipelined_in_odd_pieces(client):
    data = b''.join(client.encode('POST', '/echo', (), b'%d' % number * 40) for number in range(100))
    with client.connect() as connection:
        for start in range(0, len(data), 97):
            connection.send(data[start:start + 97])
        assert [connection.read().body for _ in range(100)] == [b'%d' % number * 40 for number in range(100)]


def test_nothing_after_a_close(client):
    client.get('/calls')
    with client.connect() as connection:
        connection.send(client.encode('GET', '/hello', CLOSE) + client.encode('GET', '/hidden'))
        assert_closes(connection, connection.read())
    assert json.loads(client.get('/calls').body) == ['GET /hello']


# -- what lies between two requests ------------------------------------------------------------------------------------

@pytest.mark.parametrize('body', [SMALL, LARGE], ids=['small', 'large'])
@pytest.mark.parametrize('coding', ['length', 'chunked'])
def test_unread_body(client, body, coding):
    """It is stepped over; what is in it is never a request."""
    body = client.encode('GET', '/hidden') + body
    client.get('/calls')
    with client.connect() as connection:
        for _ in range(2):
            if coding == 'length':
                connection.send_request('POST', '/unread', body=body)
            else:
                connection.send_request('POST', '/unread', {'Transfer-Encoding': 'chunked'}, chunked(body))
            assert connection.read().body == b'unread'
        assert_open(connection)
    assert json.loads(client.get('/calls').body) == ['POST /unread', 'POST /unread', 'GET /hello']


def test_huge_unread_body(client):
    """Too much to step over: the client is told, gets its answer, and what is in the body is no request."""
    client.get('/calls')
    with client.connect() as connection:
        connection.send_request('POST', '/unread', body=client.encode('GET', '/hidden') * 50000)
        response = connection.read()
        assert response.complete and response.body == b'unread' and response.header('Connection') == 'close'
        connection.wait_closed()
    assert json.loads(client.get('/calls').body) == ['POST /unread']


@pytest.mark.parametrize('method, target, status', [
    ('HEAD', '/hello', 200), ('HEAD', '/parts/3', 200), ('HEAD', '/long/100000', 200), ('GET', '/status/204', 204),
    ('GET', '/status/304', 304), ('GET', '/parts/0', 200), ('GET', '/parts/5', 200), ('GET', '/long/0', 200),
    ('GET', '/long/1000000', 200), ('GET', '/file/app.py', 200), ('HEAD', '/file/app.py', 200)])
def test_response_between_requests(client, method, target, status):
    with client.connect() as connection:
        for _ in range(3):
            response = connection.request(method, target)
            assert response.status == status and response.ended == 'framed'
            assert response.header('Connection') is None
            if method == 'HEAD' or status in (204, 304):
                assert response.header('Transfer-Encoding') is None
            if status == 204:
                assert response.header('Content-Length') is None
            assert_open(connection)


def test_pipelined_responses_without_body(client):
    """A byte too many would be taken for the next answer."""
    requests = [('HEAD', '/hello'), ('GET', '/status/204'), ('HEAD', '/parts/3'), ('GET', '/status/304'),
                ('HEAD', '/file/app.py'), ('GET', '/hello')]
    with client.connect() as connection:
        connection.send(b''.join(client.encode(method, target) for method, target in requests))
        for method, _ in requests[:-1]:
            assert connection.read(method).body == b''
        assert_hello(connection.read())


def test_failed_application(client, server):
    """A whole 500, and the connection closes: who knows how far the application had come."""
    server.expect_traceback('the application fails')
    with client.connect() as connection:
        connection.send(client.encode('GET', '/hello') + client.encode('GET', '/fail'))
        assert_hello(connection.read())
        response = connection.read()
        assert response.status == 500 and response.complete


def test_fewer_bytes_than_declared(client, server):
    """The client must not take what comes next for the rest."""
    with client.connect() as connection:
        connection.send(client.encode('GET', '/short') + client.encode('GET', '/hidden'))
        response = connection.read()
        assert not response.complete and response.body == b'short'


def test_more_bytes_than_declared(client, server):
    with client.connect() as connection:
        connection.send(client.encode('GET', '/more'))
        response = connection.read_last()
        assert response.body == b'more' and not response.extra


# -- bodies ------------------------------------------------------------------------------------------------------------

def test_small_chunked_body_has_a_length(client):
    """It is here as a whole, so the application, which may know nothing of chunks, gets its length."""
    body = chunked(b'first ', b'second ', b'third', trailer=b'X-Sum: 1\r\n')
    with client.connect() as connection:
        for _ in range(3):
            response = connection.request('POST', '/echo', {'Transfer-Encoding': 'chunked'}, body)
            assert response.body == b'first second third' and response.header('X-Length') == '18'
        assert_open(connection)


def test_small_chunked_body_byte_by_byte(client):
    with client.connect() as connection:
        data = client.encode('POST', '/echo', {'Transfer-Encoding': 'chunked'}, chunked(b'first ', b'second'))
        for byte in data:
            connection.send(bytes([byte]))
        response = connection.read()
        assert response.body == b'first second' and response.header('X-Length') == '12'
        assert_open(connection)


def test_empty_chunked_body(client):
    with client.connect() as connection:
        response = connection.request('POST', '/echo', {'Transfer-Encoding': 'chunked'}, chunked())
        assert response.body == b'' and response.header('X-Length') == '0'
        assert_open(connection)


def test_large_chunked_body_is_streamed(client):
    """Its length is not known while the application runs: wsgi.input ends where it ends."""
    part = os.urandom(50000)
    body = chunked(*[part] * 20)
    with client.connect() as connection:
        for _ in range(2):
            response = connection.request('POST', '/echo', {'Transfer-Encoding': 'chunked'}, body)
            assert response.body == part * 20
            assert response.header('X-Length') == 'none' and response.header('X-Terminated') == 'True'
        assert_open(connection)


def test_large_body_is_streamed_and_ends_at_its_length(client):
    with client.connect() as connection:
        connection.send(client.encode('POST', '/echo', (), HUGE) + client.encode('POST', '/size', (), SMALL))
        response = connection.read()
        assert response.body == HUGE and response.header('X-Length') == str(len(HUGE))
        assert connection.read().body == b'%d' % len(SMALL)
        assert_open(connection)


def test_application_runs_before_a_large_body_is_here(client):
    """The first half is read while the second has not been sent."""
    with client.connect() as connection:
        connection.send_request('POST', '/size', body=LARGE, content_length=2 * len(LARGE))
        connection.send(LARGE)
        response = connection.read()
        assert response.body == b'%d' % (2 * len(LARGE))
        assert_open(connection)


def test_broken_chunk_of_a_streamed_body(client):
    """The application is told by an error; what follows is never a request."""
    client.get('/calls')
    with client.connect() as connection:
        connection.send_request('POST', '/size', {'Transfer-Encoding': 'chunked'},
                                b'19000\r\n' + b'x' * 0x19000 + b'\r\n0x5\r\nhello\r\n0\r\n\r\n' +
                                client.encode('GET', '/hidden'))
        connection.wait_closed()
    assert json.loads(client.get('/calls').body) == ['POST /size', 'body: OSError']


def test_get_without_a_body_reads_nothing(client):
    with client.connect() as connection:
        response = connection.get('/echo')
        assert response.body == b'' and response.header('X-Length') in ('none', '')
        assert_open(connection)


# -- 100-continue ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('body', [SMALL, LARGE], ids=['small', 'large'])
def test_continue(client, body):
    """The body is asked for, and nothing else comes before it is sent."""
    with client.connect() as connection:
        for _ in range(2):
            connection.send_request('POST', '/echo', {'Expect': '100-continue', 'Content-Length': str(len(body))})
            connection.wait_for(b'HTTP/1.1 100 Continue\r\n\r\n')
            connection.send(body)
            response = connection.read()
            assert response.body == body and [status for status, _ in response.interim] == [100]
        assert_open(connection)


def test_continue_with_chunks(client):
    with client.connect() as connection:
        connection.send_request('POST', '/echo', {'Expect': '100-continue', 'Transfer-Encoding': 'chunked'})
        connection.wait_for(b'HTTP/1.1 100 Continue\r\n\r\n')
        connection.send(chunked(b'a', b'b'))
        assert connection.read().body == b'ab'


def test_continue_is_not_needed(client):
    """HTTP/1.0, a body that came along, no body at all: no 100."""
    with client.connect() as connection:
        response = connection.request('POST', '/echo', {'Expect': '100-continue'}, b'here')
        assert response.body == b'here' and not response.interim
        response = connection.request('POST', '/echo', {'Expect': '100-continue', 'Content-Length': '0'})
        assert response.body == b'' and not response.interim
        connection.send_request('POST', '/echo', {'Expect': '100-continue'}, b'', protocol='HTTP/1.0', content_length=2)
        connection.send(b'ok')
        response = connection.read()
        assert response.body == b'ok' and not response.interim


# -- the head, as the application sees it ------------------------------------------------------------------------------

def environ_of(client, headers=(), target='/environ', **options):
    return json.loads(client.request('GET', target, headers, **options).body)


def test_absolute_form(client):
    """RFC 9112 3.2.2: the target's authority replaces Host."""
    environ = environ_of(client, {'Host': 'other.example'}, 'http://example.com:81/environ/a%20b?c=d')
    assert environ['HTTP_HOST'] == 'example.com:81' and environ['PATH_INFO'] == '/environ/a b'
    assert environ['QUERY_STRING'] == 'c=d' and environ['wsgi.url_scheme'] == 'http'
    assert environ_of(client, (), 'https://example.com/environ')['wsgi.url_scheme'] == 'https'


def test_repeated_headers_are_joined(client):
    environ = environ_of(client, [('X-Many', 'a'), ('Accept', 'x'), ('x-many', 'b, c'), ('Cookie', 'a=1'),
                                  ('X-MANY', 'd'), ('cookie', 'b=2'), ('Accept', 'y'), ('Cookie', 'c=3')])
    assert environ['HTTP_X_MANY'] == 'a, b, c, d' and environ['HTTP_ACCEPT'] == 'x, y'
    assert environ['HTTP_COOKIE'] == 'a=1; b=2; c=3'


@pytest.mark.parametrize('name, between', [('Cookie', '; '), ('X-Forwarded-For', ', '), ('X-Own', ', ')])
def test_many_repeated_headers_are_joined(client, name, between):
    """A gateway to HTTP/2 may send each cookie as a line of its own; each of these lines is within the limits."""
    values = ['n%d=' % number + 'v' * 600 for number in range(60)]
    response = client.get('/environ', [(name, value) for value in values])
    assert response.status == 200
    assert json.loads(response.body)['HTTP_' + name.upper().replace('-', '_')] == between.join(values)


def test_underscore_headers_are_dropped(client):
    """X_Name would pass for X-Name."""
    environ = environ_of(client, [('X_Name', 'forged'), ('X-Name', 'real'), ('X_Name', 'forged'),
                                  ('X_Only', 'forged'), ('Content_Length', '5'), ('Content_Type', 'forged')])
    assert environ['HTTP_X_NAME'] == 'real' and 'forged' not in environ.values()
    assert environ.get('CONTENT_LENGTH', '') == '' and environ.get('CONTENT_TYPE', '') == ''


def test_content_headers(client):
    environ = json.loads(client.post('/environ', b'12345', {'Content-Type': 'text/x-own'}).body)
    assert environ['CONTENT_LENGTH'] == '5' and environ['CONTENT_TYPE'] == 'text/x-own'
    assert 'HTTP_CONTENT_LENGTH' not in environ and 'HTTP_CONTENT_TYPE' not in environ


def test_nothing_stays_from_the_request_before(client):
    with client.connect() as connection:
        connection.send(client.encode('POST', '/environ', {'X-First': '1', 'Content-Type': 'text/x'}, b'body') +
                        client.encode('GET', '/environ', {'X-Second': '2'}))
        first, second = json.loads(connection.read().body), json.loads(connection.read().body)
    assert first['HTTP_X_FIRST'] == '1' and first['CONTENT_LENGTH'] == '4'
    assert second['HTTP_X_SECOND'] == '2' and 'HTTP_X_FIRST' not in second
    assert second.get('CONTENT_LENGTH', '') == '' and second.get('CONTENT_TYPE', '') == ''
