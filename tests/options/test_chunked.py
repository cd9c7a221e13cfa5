"""--wsgi-manage-chunked-input: wsgi.input decodes chunked bodies on uWSGI's own path, as the request loop always does."""

import json

import pytest

from harness import wait_until
from harness.fronts import ENGINES

APP = '''
import hashlib, json, uwsgi

def application(environ, start_response):
    body = environ['wsgi.input']
    path = environ['PATH_INFO']
    if path == '/disconnect':
        start_response('200 OK', [])(body.read())
        uwsgi.disconnect()
        return []
    if path == '/unread':
        start_response('200 OK', [])
        return [b'unread']
    if path == '/first':
        first = body.read(5)
        with open('a.first', 'wb') as file:
            file.write(first)
    else:
        first = b''
    try:
        rest = body.readlines() if path == '/lines' else body.read()
    except OSError as error:
        rest = 'OSError'
    if path == '/large':
        rest = [len(rest), hashlib.sha256(rest).hexdigest()]
    elif isinstance(rest, bytes):
        rest = (first + rest).decode('latin-1')
    elif isinstance(rest, list):
        rest = [line.decode() for line in rest]
    start_response('200 OK', [])
    facts = [rest, environ.get('wsgi.input_terminated'), environ.get('CONTENT_LENGTH')]
    return [json.dumps(facts).encode()]
'''
CODING = {'Transfer-Encoding': 'chunked'}


def chunks(*parts, end=b'0\r\n\r\n'):
    return b''.join(b'%x\r\n%s\r\n' % (len(part), part) for part in parts) + end


@pytest.fixture
def start(make_server, front):
    def run(option='wsgi-manage-chunked-input', **more):
        options = {front.option: True, 'wsgi': 'app', **ENGINES[front.engine], **more}
        if option:
            options[option] = True
        server = make_server(options, app=APP).start()
        client = server.client(front)
        client.directory = server.directory
        return client
    return run


def ask(client, target, data, headers=CODING):
    response = client.post(target, data, headers, content_length=False)
    assert response.status == 200, response
    return json.loads(response.body)


@pytest.mark.fronts('http', 'http11', 'uwsgi', 'loop', 'loop-uwsgi')
@pytest.mark.parametrize('option', ['pypy-wsgi-manage-chunked-input', 'wsgi-manage-chunked-input'])
def test_decoded(start, option):
    """read(), lines, extensions, trailers and upper case; wsgi.input_terminated is set."""
    client = start(option)
    for data, text in ((chunks(b'one ', b'two'), 'one two'), (chunks(), ''), (b'3;x=1\r\nabc\r\n0\r\nA: b\r\n\r\n', 'abc'),
                       (b'A\r\n0123456789\r\n00\r\n\r\n', '0123456789')):
        rest, terminated, _ = ask(client, '/', data)
        assert rest == text and (terminated is True)
    assert ask(client, '/', chunks(b'x'), {'Transfer-Encoding': 'Chunked'})[0] == 'x'
    assert ask(client, '/lines', chunks(b'a\nb', b'c\n', b'd'))[0] == ['a\n', 'bc\n', 'd']


@pytest.mark.fronts('http', 'http11', 'uwsgi', 'loop-uwsgi')
def test_bodies_with_a_length(start):
    """They are as they were."""
    client = start()
    assert json.loads(client.post('/', b'plain').body) == ['plain', None, '5']
    assert json.loads(client.get('/').body)[0] == ''


@pytest.mark.fronts('http', 'uwsgi', 'loop-uwsgi')
def test_without_the_option(start):
    """uWSGI leaves the body to uwsgi.chunked_read()."""
    assert ask(start(None), '/', chunks(b'x'))[:2] == ['', None]


@pytest.mark.fronts('http', 'http11', 'uwsgi', 'loop', 'loop-uwsgi')
def test_large(start):
    """Many megabytes in chunks of any size, also larger than uWSGI's own limit for one."""
    import hashlib
    parts = [bytes([number % 256]) * size for number, size in enumerate((1, 65535, 65536, 70000, 3000000, 7))]
    body = b''.join(parts)
    rest = ask(start(), '/large', chunks(*parts))[0]
    assert rest == [len(body), hashlib.sha256(body).hexdigest()]


@pytest.mark.fronts('http', 'uwsgi')
def test_read_as_it_comes(start):
    """A chunk is there for the application before the next one is sent."""
    client = start()
    with client.connect() as connection:
        connection.send_request('POST', '/first', CODING, chunks(b'first', end=b''), content_length=False)
        wait_until(lambda: (client.directory / 'a.first').exists(), 'the first chunk')
        connection.send(chunks(b' last'))
        assert json.loads(connection.read_last().body)[0] == 'first last'


@pytest.mark.fronts('http', 'http11', 'uwsgi')
@pytest.mark.parametrize('data', [b'zz\r\n', b'3\r\nabcd\r\n', b'-1\r\n', b'3\r\nabc\r\n0\r\nbad\x00: x\r\n\r\n'])
def test_broken(start, data):
    """Reading raises OSError; the log says why."""
    assert ask(start(), '/', chunks(b'ok', end=b'') + data)[0] == 'OSError'


@pytest.mark.fronts('loop-uwsgi')
@pytest.mark.parametrize('data', [b'zz\r\n', b'3\r\nabcd\r\n', b'-1\r\n'])
def test_broken_in_the_loop(start, data):
    """The loop reads a small body before the application runs, which never sees the request; there is no answer."""
    client = start()
    for body in (data, chunks(b'ok', end=b'') + data):
        response = client.post('/', body, CODING, content_length=False)
        assert response.status is None and response.ended == 'eof'
    assert json.loads(client.post('/', b'plain').body)[0] == 'plain'


@pytest.mark.fronts('uwsgi', 'loop-uwsgi')
def test_decoded_by_the_server_in_front(start):
    """nginx sends what it has decoded, with a length, and Transfer-Encoding as it came."""
    client = start()
    for body in (b'3\r\nabc\r\n0\r\n\r\n', b'plain', b''):
        response = client.post('/', body, {**CODING, 'Content-Length': str(len(body))}, content_length=False)
        assert json.loads(response.body)[0] == body.decode()


@pytest.mark.fronts('http', 'uwsgi')
def test_client_that_goes(start):
    client = start()
    with client.connect() as connection:
        connection.send_request('POST', '/', CODING, chunks(b'ok', end=b'5\r\nab'), content_length=False)
        assert json.loads(connection.read_last().body)[0] == 'OSError'


@pytest.mark.fronts('http', 'http11', 'uwsgi', 'loop-uwsgi')
def test_unread(start):
    client = start()
    for _ in range(3):
        assert client.post('/unread', chunks(b'x'), CODING, content_length=False).body == b'unread'


@pytest.mark.fronts('http', 'loop-uwsgi')
def test_post_buffering(start):
    """It is for bodies with a length; a chunked one is decoded all the same."""
    client = start(**{'post-buffering': 4096})
    assert ask(client, '/', chunks(b'x' * 5000))[0] == 'x' * 5000
    assert json.loads(client.post('/', b'plain').body)[0] == 'plain'


@pytest.mark.fronts('http', 'uwsgi', 'loop', 'loop-uwsgi')
def test_disconnect(start):
    """uwsgi.disconnect() works in such a request as in any other; the worker goes on."""
    client = start()
    for _ in range(2):
        assert client.post('/disconnect', chunks(b'x'), CODING, content_length=False).body == b'x'
