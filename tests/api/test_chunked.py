"""uwsgi.chunked_read() and chunked_read_nb()."""

import json
from pathlib import Path

import pytest

from harness import ServerSpec

# the loop would wait for the whole of a small body
OPTIONS = {'master': True, 'pypy-http-body-buffer': 0}

SERVER = ServerSpec(app=Path(__file__).parent / 'apps' / 'requests.py', options=OPTIONS)

CHUNKED = {'Transfer-Encoding': 'chunked'}


def chunk(data):
    return b'%x\r\n%s\r\n' % (len(data), data)


END = chunk(b'')


def test_parts(client, front):
    """uWSGI gives chunk after chunk; the loop, which decodes the body itself, what has come of it."""
    parts = ['hello', ' ', 'world' * 5000]
    body = b''.join(chunk(part.encode()) for part in parts) + END
    got, end, after = json.loads(client.post('/chunks', body, CHUNKED).body)
    assert ''.join(got) == ''.join(parts)
    assert (end, after) == ('', "b''")
    if front.name != 'loop':
        assert got == parts


def test_large(client):
    body = b''.join(chunk(b'%07d\n' % number * 1000) for number in range(500)) + END
    got, end, after = json.loads(client.post('/chunks', body, CHUNKED).body)
    assert ''.join(got) == ''.join('%07d\n' % number * 1000 for number in range(500))


def test_as_they_come(client):
    """Each part is answered before the client sends the next one."""
    with client.connect() as connection:
        connection.send_request('POST', '/echo', CHUNKED, body=chunk(b'first'))
        connection.wait_for(b'[first]')
        connection.send(chunk(b'second')[:4])
        connection.send(chunk(b'second')[4:])
        # the loop may give it in the two parts in which it came
        connection.wait_for(b'd]')
        connection.send(END)
        assert connection.read().body.replace(b'][', b'') == b'[firstsecond]'


def test_nb(client):
    """None as long as nothing is there."""
    with client.connect() as connection:
        connection.send_request('POST', '/poll', CHUNKED)
        connection.wait_for(b'(nothing)')
        connection.send(chunk(b'first'))
        connection.wait_for(b'[first]')
        connection.send(END)
        body = connection.read().body
        assert body.replace(b'(nothing)', b'') == b'[first]' and body.startswith(b'(nothing)')


def test_timeout(client):
    with client.connect() as connection:
        connection.send_request('POST', '/patience', CHUNKED)
        timeout, negative, kind = connection.read().text.split('\n')
        assert timeout.startswith('ClientGone: uwsgi.chunked_read(): unable to receive chunked part: nothing came')
        assert negative == 'ValueError: timeout is -2; it must be from -1 to 2147483'
        assert kind == 'TypeError: timeout must be int, not str'


@pytest.mark.parametrize('headers, body', [({}, b'with a length'), ({}, b'')], ids=['length', 'none'])
def test_not_chunked(client, server, headers, body):
    server.expect_traceback('OSError: uwsgi.chunked_read(): the body of the request is not chunked; read wsgi.input')
    assert client.post('/chunks', body, headers).status == 500


@pytest.mark.parametrize('how', ['close', 'reset'])
def test_client_is_gone(client, server, how):
    """An OSError in the application, and if it lets it through no traceback."""
    with client.connect() as connection:
        connection.send_request('POST', '/echo', CHUNKED, body=chunk(b'first'))
        connection.wait_for(b'[first]')
        getattr(connection, how)()
    server.wait_log('POST /echo ')
    assert client.get('/hello').body == b'hello'


def test_broken(client, server):
    with client.connect() as connection:
        connection.send_request('POST', '/echo', CHUNKED, body=chunk(b'first'))
        connection.wait_for(b'[first]')
        connection.send(b'!!\r\n')
        assert not connection.read().complete
    server.wait_log('POST /echo ')
    assert client.get('/hello').body == b'hello'


@pytest.mark.fronts('loop')
def test_complete_before_the_application_runs(start_site, front):
    """Without an option the loop gives a small body a length; its parts can be read all the same."""
    server = start_site(SERVER.app, {'pypy-loop': 'on'})
    got, end, after = json.loads(server.client().post('/chunks', chunk(b'hello') + END, CHUNKED).body)
    assert (got, end, after) == (['hello'], '', "b''")


@pytest.mark.fronts('loop')
def test_input_and_chunks_read_the_same_body(client):
    """Whoever reads gets what is left."""
    body = b''.join(chunk(b'x' * 50000) for _ in range(4)) + END
    with client.connect() as connection:
        connection.send_request('POST', '/chunks', CHUNKED, body=body)
        assert len(''.join(json.loads(connection.read().body)[0])) == 200000
        connection.send_request('GET', '/hello')
        assert connection.read().body == b'hello'
