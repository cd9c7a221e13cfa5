"""PEP 3333, "environ Variables": what an application is told about a request."""

import json
from dataclasses import dataclass

import pytest

from harness.uwsgi_packet import packet, request_variables

APP = 'environ'
OPTIONS = {'buffer-size': 16384}


@dataclass
class Dump:
    dict: bool
    keys: bool
    node: str
    environ: dict

    def __getitem__(self, key):
        return self.environ[key][1]

    def type(self, key):
        return self.environ[key][0]


def dump(client, target='/dump', **options):
    response = client.get(target, **options)
    assert response.status == 200, response
    return Dump(**json.loads(response.body))


def test_builtin_dict(client):
    """'This object must be a builtin Python dictionary (not a subclass, UserDict or other emulation)'."""
    assert dump(client).dict


def test_every_name_is_a_string(client):
    assert dump(client).keys


def test_fresh_for_every_request(client):
    """'The application is allowed to modify the dictionary in any way it desires': the next one sees none of it."""
    assert client.get('/spoil').status == 200
    environ = dump(client).environ
    assert 'test.left' not in environ and 'wsgi.url_scheme' in environ and environ['SERVER_NAME'][1] != 'spoilt'


def test_required_variables(client):
    environ = dump(client, '/dump/a?b=c', headers={'Host': 'example.org:8080', 'X-Two-Words': 'v'})
    assert environ['REQUEST_METHOD'] == 'GET'
    assert environ['SCRIPT_NAME'] == ''
    assert environ['PATH_INFO'] == '/dump/a'
    assert environ['QUERY_STRING'] == 'b=c'
    assert environ['SERVER_PROTOCOL'] == 'HTTP/1.1'
    assert environ['SERVER_NAME'] != '' and environ['SERVER_PORT'].isdigit()
    assert environ['HTTP_HOST'] == 'example.org:8080'
    assert environ['HTTP_X_TWO_WORDS'] == 'v'
    assert environ['REMOTE_ADDR'] == '127.0.0.1'


def test_paths_and_query_are_there_when_empty(client):
    """SCRIPT_NAME, PATH_INFO and QUERY_STRING may be empty; we never leave them out."""
    environ = dump(client)
    assert environ['SCRIPT_NAME'] == '' and environ['QUERY_STRING'] == ''


@pytest.mark.fronts('uwsgi')
def test_paths_and_query_are_there_when_the_web_server_leaves_them_out(client):
    environ = dump(client, variables={'SCRIPT_NAME': None, 'QUERY_STRING': None})
    assert environ['SCRIPT_NAME'] == '' and environ['QUERY_STRING'] == ''


def test_wsgi_variables(client):
    environ = dump(client)
    assert environ.environ['wsgi.version'] == ['tuple', [1, 0]]
    assert environ.environ['wsgi.url_scheme'] == ['str', 'http']
    assert environ.environ['wsgi.run_once'] == ['bool', False]
    assert 'wsgi.input' in environ.environ and 'wsgi.errors' in environ.environ
    assert 'wsgi.file_wrapper' in environ.environ


def test_uwsgi_variables(client):
    """bytes, as the Python plugin gives them."""
    environ = dump(client)
    assert environ.environ['uwsgi.node'] == ['bytes', repr(environ.node.encode())]
    assert environ.environ['uwsgi.version'][0] == 'bytes' and environ['uwsgi.version'].startswith("b'2.")
    assert environ.environ['uwsgi.core'] == ['int', 0]


def test_content_headers_have_no_prefix(client):
    environ = Dump(**json.loads(client.post('/dump', b'12345', {'Content-Type': 'text/x'}).body))
    assert environ['CONTENT_LENGTH'] == '5' and environ['CONTENT_TYPE'] == 'text/x'
    assert 'HTTP_CONTENT_LENGTH' not in environ.environ and 'HTTP_CONTENT_TYPE' not in environ.environ


def test_content_headers_of_a_get(client):
    """'May be empty or missing'."""
    environ = dump(client).environ
    assert environ.get('CONTENT_LENGTH', ['str', ''])[1] == '' and environ.get('CONTENT_TYPE', ['str', ''])[1] == ''


def test_every_cgi_variable_is_a_native_string(client):
    environ = dump(client, '/dump/%C3%A9?%C3%A9', headers={'X-A': 'v'}).environ
    wrong = [key for key, (kind, _) in environ.items() if '.' not in key and kind != 'str']
    assert wrong == []


@pytest.mark.parametrize('method', ['POST', 'PROPFIND', 'M-SEARCH', 'get', 'X' * 60])
@pytest.mark.fronts('http', 'http11', 'uwsgi')   # a strict parser may refuse methods it does not know
def test_method_is_passed_as_it_is(client, method):
    assert json.loads(client.request(method, '/dump').body)['environ']['REQUEST_METHOD'] == ['str', method]


HIGH_BYTES = bytes(range(0x80, 0x100))
HIGH_TEXT = HIGH_BYTES.decode('latin-1')


def test_high_bytes_in_the_path(client):
    """'Native strings holding only code points representable in latin-1': each byte is one character."""
    target = b'/dump/' + b''.join(b'%%%02X' % byte for byte in HIGH_BYTES)
    assert dump(client, target)['PATH_INFO'] == '/dump/' + HIGH_TEXT


@pytest.mark.fronts('http', 'http11', 'uwsgi')   # the loop refuses what RFC 3986 does not allow in a target
def test_high_bytes_in_the_query(client):
    assert dump(client, b'/dump?' + HIGH_BYTES)['QUERY_STRING'] == HIGH_TEXT


def test_high_bytes_in_a_header(client):
    assert dump(client, headers={'X-High': HIGH_BYTES})['HTTP_X_HIGH'] == HIGH_TEXT


def test_nul_in_the_path(client):
    assert dump(client, '/dump/a%00b')['PATH_INFO'] == '/dump/a\0b'


@pytest.mark.fronts('uwsgi')
@pytest.mark.parametrize('name', ['QUERY_STRING', 'HTTP_X_NUL', 'REMOTE_USER', 'SERVER_NAME'])
def test_nul_does_not_truncate(client, name):
    """The uwsgi protocol counts bytes."""
    assert dump(client, variables={name: b'a\0b\0'})[name] == 'a\0b\0'


@pytest.mark.fronts('uwsgi')
def test_empty_and_long_values(client):
    environ = dump(client, variables={'HTTP_X_EMPTY': b'', 'HTTP_X_LONG': b'v' * 8000})
    assert environ['HTTP_X_EMPTY'] == '' and environ['HTTP_X_LONG'] == 'v' * 8000


@pytest.mark.fronts('uwsgi')
@pytest.mark.parametrize('variables, scheme', [
    ({}, 'http'),
    ({'HTTPS': 'on'}, 'https'),
    ({'HTTPS': 'On'}, 'https'),
    ({'HTTPS': '1'}, 'https'),
    ({'HTTPS': 'off'}, 'http'),
    ({'HTTPS': ''}, 'http'),
    ({'UWSGI_SCHEME': 'https'}, 'https'),
    ({'REQUEST_SCHEME': 'https'}, 'https'),
    ({'REQUEST_SCHEME': 'http'}, 'http'),
])
def test_url_scheme(client, variables, scheme):
    """'The "scheme" portion of the URL': HTTPS and UWSGI_SCHEME are uWSGI's, REQUEST_SCHEME nginx's."""
    assert dump(client, variables=variables)['wsgi.url_scheme'] == scheme


def test_errors_stream(client, server):
    """write, writelines and flush; whatever text it is, line by line."""
    assert client.get('/errors').status == 200
    lines = server.wait_log('^errors: ', count=5)
    assert lines[:3] == ['errors: first', 'errors: second', 'errors: third and its end']
    assert lines[4] == 'errors: printed'


THREADS_AND_PROCESSES = '''
import sys

def application(environ, start_response):
    seen = [environ[key] for key in ('wsgi.multithread', 'wsgi.multiprocess')]
    start_response('200 OK', [])
    return [repr(seen).encode()]
'''


@pytest.mark.parametrize('options, expected', [
    ({}, '[False, False]'),
    ({'threads': 2}, '[True, False]'),
    ({'processes': 2, 'master': True}, '[False, True]'),
    ({'processes': 2, 'threads': 2, 'master': True}, '[True, True]'),
])
def test_multithread_and_multiprocess(start_server, options, expected):
    """'Should evaluate true if ... may be simultaneously invoked': as configured, no constant."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', **options}, app=THREADS_AND_PROCESSES)
    assert server.client().get('/').text == expected


def test_core_is_the_thread(start_server):
    """uwsgi.core: the number of the thread that serves the request."""
    app = '''
import threading
barrier = threading.Barrier(2, timeout=60)

def application(environ, start_response):
    barrier.wait()
    start_response('200 OK', [])
    return [str(environ['uwsgi.core']).encode()]
'''
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', 'threads': 2, 'enable-threads': True}, app=app)
    client = server.client()
    with client.connect() as one, client.connect() as two:
        one.send_request('GET', '/')
        two.send_request('GET', '/')
        assert {one.read().text, two.read().text} == {'0', '1'}


def test_values_that_come_again(client):
    """What is kept from one request to the next is the value, not the variable."""
    for value in ('a', 'a', 'b', 'b' * 128, 'b' * 128, 'b' * 127 + 'c', 'b' * 129, 'b' * 129, 'a', '\xe9', '\xe9', ''):
        assert dump(client, headers={'X-Again': value})['HTTP_X_AGAIN'] == value
    assert 'HTTP_X_AGAIN' not in dump(client).environ
    assert dump(client, headers={'X-Again': '\xe9'})['HTTP_X_AGAIN'] == '\xe9'


def test_requests_of_several_shapes_take_turns(client):
    """What is kept belongs to the names of the variables: each request has its own names, and values of its own."""
    shapes = [{}, {'X-One': '1'}, {'X-One': '1', 'X-Two': '2'}, {'X-Two': '2', 'X-One': '1'},
              {'X-Many-%d' % number: str(number) for number in range(70)}]
    names = sorted({name for headers in shapes for name in headers})
    for turn in range(3):
        for headers in shapes * 2:
            wanted = {name: value + '.%d' % (turn if name == 'X-Two' else 0) for name, value in headers.items()}
            environ = dump(client, headers=wanted).environ
            found = {name: environ.get('HTTP_' + name.upper().replace('-', '_'), [None, None])[1] for name in names}
            assert {name: value for name, value in found.items() if value is not None} == wanted


def test_more_shapes_than_are_kept(client):
    for turn in range(2):
        for number in range(100):
            environ = dump(client, headers={'X-Shape-%d' % number: 'turn %d' % turn}).environ
            assert environ['HTTP_X_SHAPE_%d' % number][1] == 'turn %d' % turn
            assert sum(name.startswith('HTTP_X_SHAPE_') for name in environ) == 1


@pytest.mark.fronts('uwsgi')
def test_a_variable_that_is_there_twice(client):
    """The last one counts, also when only the first one has changed."""
    for first, second in (('a', 'b'), ('c', 'b'), ('c', 'd'), ('d', 'd')):
        variables = [*request_variables('GET', '/dump', (), 'HTTP/1.1').items(), (b'TWICE', first.encode()),
                     (b'TWICE', second.encode())]
        assert json.loads(client.raw(packet(variables)).body)['environ']['TWICE'][1] == second
