"""uwsgi.env, start_response(), sendfile(), offload(), route(), add_var()."""

import json
from pathlib import Path

import pytest

from harness import ServerSpec

APP = Path(__file__).parent / 'apps' / 'requests.py'
SERVER = ServerSpec(app=APP, options={'master': True, 'buffer-size': 32768})


def test_env(client):
    """The environ itself, found when it is asked for."""
    assert client.get('/env').text == 'True\nFalse'


def test_start_response(client):
    response = client.get('/start')
    assert (response.status, response.header('X-By'), response.body) == (201, 'uwsgi', b'made')


def test_without_a_request(client):
    """What an application gets while it is loaded: no crash, and a sentence."""
    outside = json.loads(client.get('/nowhere').body)
    assert outside.pop('env') == 'False'
    for name, result in outside.items():
        assert result == 'RuntimeError: uwsgi.%s() works on the current request, and there is none' % (
            'suspend' if name == 'green_schedule' else name)
    assert len(outside) == 19


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b''.join(b'%07d\n' % number for number in range(100000)))
    return path


def test_sendfile_in_a_body(client, file):
    """Of no declared length, between other parts."""
    data = file.read_bytes()
    assert client.get('/sendfile?%s' % file).body == b'<' + data + b'>True'
    assert client.get('/sendfile?%s,10' % file).body == b'<' + data[10:] + b'>True'
    assert client.get('/sendfile?%s,10,20' % file).body == b'<' + data[10:30] + b'>True'
    assert client.get('/sendfile?%s,799990,100' % file).body == b'<' + data[799990:] + b'>True'
    assert client.get('/sendfile?%s,900000' % file).body == b'<>True'
    assert client.get('/sendfile?/does/not/exist').body == b'<>None'


@pytest.mark.parametrize('header', ['', 'X-Object', 'X-Number'])
def test_sendfile_as_a_body(client, server, file, header):
    """A path, an object or a descriptor; the last two stay the application's."""
    with client.connect() as connection:
        connection.send_request('GET', '/whole_file?%s' % file, {header: '1'} if header else {})
        response = connection.read()
        assert response.complete and response.body == file.read_bytes()
    assert client.head('/whole_file?%s' % file).body == b''


def test_sendfile_longer_than_declared(client, server, file):
    response = client.get('/declared?%s' % file)
    assert response.body == b'0000000\n00' and response.extra == b''
    server.wait_log('the response is longer than its Content-Length of 10')


def test_sendfile_of_others(client):
    assert client.get('/pipe').body == b'through a pipe'
    assert client.get('/sendfile?/proc/self/comm').body.startswith(b'<uwsgi')


def test_sendfile_errors(client, server):
    assert client.get('/sendfile_errors').text.split('\n') == [
        'None',
        'TypeError: file must be a path (str or bytes), a descriptor, or have a fileno(), not NoneType',
        'ValueError: descriptor is -1; it must be from 0 to 2147483647',
        'TypeError: chunk must be int, not str',
        'ValueError: pos is -1; it must be from 0 to 9223372036854775807',
        'ValueError: filesize is -1; it must be from 0 to 9223372036854775807']
    server.wait_log("uwsgi.sendfile.*/does/not/exist")


def test_offload(client):
    assert client.get('/offload').text == "b''\nb''"


def test_route(client, server):
    assert client.get('/route').text.split('\n') == [
        '0', '0', '-1', 'TypeError: router must be str or bytes, not int',
        'ValueError: router arguments must not have a NUL byte']
    server.wait_log('^routed here')
    server.wait_log('^and here')


def test_route_answers(client):
    """The action's response is the only one, and the connection is as good as before."""
    with client.connect() as connection:
        connection.send_request('GET', '/routed')
        response = connection.read_last()
        assert response.status == 403 and response.complete
        assert b'not for the client' not in response.body + response.extra
    assert client.get('/hello').body == b'hello'


def test_add_var(client, server):
    text = 'ValueError: no room for the variable X: raise --buffer-size or --max-vars'
    assert client.get('/variables').text.split('\n') == [
        'True', 'True', 'True', 'TypeError: variable name must be str or bytes, not int',
        'ValueError: variable value has 65536 bytes; at most 65535 are possible', text]
    server.wait_log('^added value and value')


def test_add_var_until_full(client):
    assert client.get('/many_variables').body == b'full'
    assert client.get('/hello').body == b'hello'


@pytest.mark.fronts('loop')
def test_add_var_to_a_large_request(client):
    """Larger than uWSGI's buffer: the loop serves it, and uWSGI has no place for more."""
    headers = {'X-%d' % number: 'x' * 1000 for number in range(50)}
    assert client.get('/many_variables', headers).body == b'none'
    assert client.get('/hello').body == b'hello'


@pytest.mark.parametrize('engine', ['off', 'on'], ids=['stock', 'loop'])
def test_threads(start_site, engine, file):
    """Each thread has the functions of the request that it serves."""
    server = start_site(APP, {'pypy-loop': engine, 'threads': 3})
    for _ in range(6):
        with server.client().connect() as first, server.client().connect() as second:
            first.send_request('GET', '/env')
            second.send_request('GET', '/sendfile?%s,10,20' % file)
            assert first.read().text == 'True\nFalse'
            assert second.read().body == b'<' + file.read_bytes()[10:30] + b'>True'


@pytest.mark.parametrize('engine', ['off', 'on'], ids=['stock', 'loop'])
def test_offload_threads(start_site, engine, file):
    """--offload-threads: sendfile(), file_wrapper and static files are whole, and the loop does without them."""
    server = start_site(APP, {'pypy-loop': engine, 'offload-threads': 1, 'static-map': '/static=%s' % file.parent})
    client = server.client()
    for target in ('/whole_file?%s' % file, '/static/file'):
        for _ in range(3):
            response = client.get(target)
            assert response.complete and response.body == file.read_bytes()
