"""What is no request never reaches the application: RFC 9112, 2.2 and 3.

uWSGI's own parser hands nearly anything to the plugin, with variables missing. The answer is a 400 or a closed
connection; what the worker does next is to serve.
"""

import random

import pytest

from harness import assert_not_served
from harness.uwsgi_packet import packet, request_variables

APP = 'garbage'

HTTP = pytest.mark.fronts(http=True)
END = b'\r\nHost: localhost\r\n\r\n'


def assert_refused(client, server, notes, data):
    pids = server.worker_pids()
    answer, _ = client.raw_all(data)
    assert_not_served(answer)
    assert notes() == []
    assert client.get('/x').body == b'served'
    assert server.worker_pids() == pids


@HTTP
@pytest.mark.parametrize('data', [
    b'BAD\r\n\r\n',
    b'BAD' + END,
    b'GET\r\n\r\n',
    b'GET /x\r\n\r\n',
    b'GET /x' + END,
    b'GET \r\n\r\n',
    b'GET' + END,
    b' \r\n\r\n',
    b' /x HTTP/1.1' + END,
    b'  HTTP/1.1' + END,
    b'\x00\r\n\r\n',
    b'\x80\xff\xfe\r\n\r\n',
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
], ids=repr)
def test_no_request_line(client, server, notes, data):
    assert_refused(client, server, notes, data)


@HTTP
@pytest.mark.parametrize('method', [
    b'G\r\nET', b'GET\r\nX:', b'G\nET', b'\nGET', b'G\0ET', b'GET\0', b'\0GET', b'G\tET', b'G(ET', b'G@ET', b'G\x80T',
    b'"GET"', b'GET:', b'GET,POST', b'G\x7fET',
], ids=repr)
def test_method_is_no_token(client, server, notes, method):
    """RFC 9110, 9.1: method = token."""
    assert_refused(client, server, notes, method + b' /x HTTP/1.1' + END)


@HTTP
def test_empty_line_before_the_request(client, notes):
    """RFC 9112, 2.2: a server may skip it; it must not become part of the method."""
    answer, _ = client.raw_all(b'\r\nGET /x HTTP/1.1' + END)
    seen = notes()
    if seen:
        assert seen == [['GET', '/x']] and answer.endswith(b'served')
    else:
        assert_not_served(answer)


@HTTP
@pytest.mark.parametrize('target', [b'/x y', b'/?foo= bar', b'/?foo=bar ', b' /x', b'/x  ', b'', b'/x\0',
                                    b'/x?a\0b', b'/x\r', b'/x\t', b'x'], ids=repr)
def test_target_with_what_no_target_has(client, server, notes, target):
    """uWSGI 2.0.21 answers `GET /?foo= bar HTTP/1.1` with the status line `bar HTTP/1.1 200 OK`."""
    assert_refused(client, server, notes, b'GET ' + target + b' HTTP/1.1' + END)


@HTTP
@pytest.mark.parametrize('protocol', [b'', b'HTTP', b'HTTP/', b'HTTP/1', b'HTTP/1.', b'HTTP/1.1.1', b'HTTP/11',
                                      b'HTTP/1.10', b'HTTP/x.y', b'FTP/1.1', b'http/1.1', b'HTTP/1.1 ',
                                      b'HTTP/1.1\0', b'HTTP/ 1.1', b'HTTP/1,1', b'HTTP/1.1 200 OK'], ids=repr)
def test_bad_protocol(client, server, notes, protocol):
    """RFC 9112, 2.3: HTTP-version = "HTTP/" DIGIT "." DIGIT."""
    assert_refused(client, server, notes, b'GET /x ' + protocol + END)


@HTTP
@pytest.mark.parametrize('protocol', [b'HTTP/0.9', b'HTTP/2.0', b'HTTP/9.9'])
def test_version_that_we_do_not_speak(client, protocol):
    """RFC 9110, 2.5 and 6.2: refused or served, but what we answer is HTTP/1."""
    answer, _ = client.raw_all(b'GET /x ' + protocol + END)
    assert answer == b'' or answer.startswith(b'HTTP/1.'), answer


@pytest.mark.fronts('uwsgi')
def test_http2_behind_a_web_server(client, notes):
    """nginx passes the protocol that its own client speaks."""
    answer, _ = client.raw_all(packet(request_variables('GET', '/x', protocol='HTTP/2.0')))
    assert answer.endswith(b'served') and notes() == [['GET', '/x']]


@HTTP
def test_the_reflected_protocol_splits_no_response(client, notes):
    """The request's protocol is uWSGI's response's: nothing of the client's may come back in the status line."""
    answer, _ = client.raw_all(b'GET /x HTTP/1.1\nX-Injected: 1' + END)
    assert b'X-Injected' not in answer
    assert_not_served(answer)
    assert notes() == []


@HTTP
def test_random_bytes(client, server, notes):
    """The same on every run; each ends like a head, so that the parser hands it on."""
    source = random.Random(3333)
    alphabets = [bytes(range(256)), b'GET /x HTTP/1.1\r\n: \t\0\xff', b'\r\n :/']
    for number in range(300):
        alphabet = alphabets[number % len(alphabets)]
        data = bytes(source.choice(alphabet) for _ in range(source.randrange(1, 60)))
        answer, _ = client.raw_all(data + b'\r\n\r\n')
        assert_not_served(answer)
    assert notes() == []


@pytest.mark.fronts('uwsgi')
@pytest.mark.parametrize('variables', [
    {},
    {'HTTP_HOST': 'localhost'},
    {'REQUEST_METHOD': b''},
    {'REQUEST_METHOD': b'G\0ET'},
    {'REQUEST_METHOD': b'GET\r\nX: 1'},
    {'REQUEST_METHOD': None},
    {'SERVER_PROTOCOL': b'HTTP/1.1 200 OK\r\nX-Injected: 1\r\n\r\n'},
    {'SERVER_PROTOCOL': b'bar HTTP/1.1'},
], ids=repr)
def test_packet_that_is_no_request(client, server, notes, variables):
    """The uwsgi protocol's variables come from a web server, and may be wrong just the same."""
    given = dict(request_variables('GET', '/x')) if variables.keys() & {'REQUEST_METHOD', 'SERVER_PROTOCOL'} else {}
    for name, value in variables.items():
        given[name.encode()] = value
    given = {name: value for name, value in given.items() if value is not None}
    assert_refused(client, server, notes, packet(given))


@pytest.mark.fronts('uwsgi')
@pytest.mark.parametrize('data', [b'\0', b'\0\0\0', b'\0\x05\0\0ab', b'\0\x04\0\0\x01\0a\xff', b'\0\x02\0\0\0\0',
                                  b'\0\xff\xff\0' + b'x' * 70000],
                         ids=lambda data: repr(data[:10]))
def test_broken_packet(client, server, notes, data):
    assert_refused(client, server, notes, data)
