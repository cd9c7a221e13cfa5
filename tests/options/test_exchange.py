"""Options that change the exchange: --start_response-nodelay, --wsgi-strict, --wsgi-accept-buffer."""

import pytest

from harness import ServerSpec, assert_internal_error, wait_until

APP = '''
import array, os, time

def application(environ, start_response):
    kind = environ['PATH_INFO'][1:]
    write = start_response('200 OK', [('X-Kind', kind)])
    if kind == 'hold':
        open('a.held', 'w').close()
        while not os.path.exists('a.release'):
            time.sleep(0.01)
        return [b'late']
    if kind == 'raise':
        raise ValueError('after the head')
    if kind == 'replace':
        try:
            raise ValueError('replaced')
        except ValueError:
            import sys
            start_response('500 Replaced', [], sys.exc_info())
    if kind == 'write':
        write(bytearray(b'by '))
        write(memoryview(b'write'))
        return []
    return {
        'bytes': b'whole', 'list': [b'a ', b'list'], 'str': ['text'], 'none': None,
        'bytearray': bytearray(b'bytearray'), 'view': memoryview(b'view'),
        'buffers': [bytearray(b'list '), memoryview(b'of '), array.array('B', b'buffers')],
        'generator': (bytearray([letter]) for letter in b'generator'),
        'mixed': [bytearray(b'x'), 'text'],
    }[kind]
'''

SERVER = ServerSpec(app=APP)

OPTIONS = {
    'start_response-nodelay': 'pypy-start_response-nodelay', 'wsgi-strict': 'pypy-wsgi-strict',
    'wsgi-accept-buffer': 'pypy-wsgi-accept-buffer',
}


@pytest.fixture
def ask(make_server, front):
    """ask(option)(target): over each front."""
    from harness.fronts import ENGINES

    def start(*options):
        server = make_server({front.option: True, 'wsgi': 'app', **ENGINES[front.engine],
                              **{option: True for option in options}}, app=APP).start()
        client = server.client(front)

        def get(target):
            return client.get('/' + target)
        get.server = server
        return get
    return start


# -- without an option -------------------------------------------------------------------------------------------------

def test_nothing_asked_for(client, server):
    """bytes are taken for a response, buffers are not."""
    assert client.get('/bytes').body == b'whole' and client.get('/list').body == b'a list'
    for kind in ('bytearray', 'buffers', 'write'):
        assert client.get('/' + kind).status == 500
    server.expect_traceback('TypeError', 'TypeError', 'TypeError')


# -- --wsgi-accept-buffer ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize('option', ['pypy-wsgi-accept-buffer', 'wsgi-accept-buffer', 'wsgi-accept-buffers'])
@pytest.mark.fronts('http', 'loop')
def test_accept_buffer(ask, option):
    """Whole, in a list, from a generator, by write(); what is no buffer is refused as ever."""
    get = ask(option)
    for kind, body in (('bytes', 'whole'), ('list', 'a list'), ('bytearray', 'bytearray'), ('view', 'view'),
                       ('buffers', 'list of buffers'), ('generator', 'generator'), ('write', 'by write')):
        response = get(kind)
        assert (response.status, response.text) == (200, body), kind
    for kind in ('str', 'mixed', 'none'):
        assert_internal_error(get(kind))
    get.server.expect_traceback('TypeError', 'TypeError', 'TypeError')


# -- --wsgi-strict -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('option', ['pypy-wsgi-strict', 'wsgi-strict'])
@pytest.mark.fronts('http', 'loop')
def test_strict(ask, option):
    get = ask(option)
    assert get('list').body == b'a list'
    assert_internal_error(get('bytes'))
    get.server.expect_traceback('TypeError: the application returned bytes instead of an iterable of bytes')


@pytest.mark.fronts('http', 'loop')
def test_all_at_once(ask):
    """The options go together."""
    get = ask(*OPTIONS)
    assert get('buffers').body == b'list of buffers'
    with get.server.client().connect() as connection:
        connection.send_request('GET', '/bytes')
        connection.wait_for(b'X-Kind: bytes')
        connection.wait_closed()
    get.server.expect_traceback('TypeError')


# -- --start_response-nodelay ------------------------------------------------------------------------------------------

@pytest.mark.parametrize('option', ['pypy-start_response-nodelay', 'start_response-nodelay'])
def test_nodelay(ask, option):
    """The head is there while the application has not returned."""
    get = ask(option)
    with get.server.client(None).connect() as connection:
        connection.send_request('GET', '/hold')
        wait_until((get.server.directory / 'a.held').exists, 'the request')
        connection.wait_for(b'X-Kind: hold')
        get.server.write('a.release', '')
        assert connection.read().body == b'late'


@pytest.mark.fronts('http', 'loop')
def test_nodelay_and_errors(ask):
    """The head is out: nothing can replace it, and an error breaks the connection off."""
    get = ask('start_response-nodelay')
    for kind in ('raise', 'replace'):
        response = get(kind)
        assert response.status == 200 and not response.complete
    get.server.expect_traceback('ValueError: after the head', 'ValueError: replaced')
    assert get('list').body == b'a list'


