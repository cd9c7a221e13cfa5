"""PEP 3333, "Optional Platform-Specific File Handling": wsgi.file_wrapper."""

import pytest

from harness import assert_aborted, assert_internal_error

APP = 'file_wrapper'
OPTIONS = {'socket-timeout': 600}

CONTENT = bytes(range(256)) * 40
LARGE = b''.join(bytes([65 + number % 26]) * 65536 for number in range(100))


@pytest.mark.parametrize('kind', ['real', 'memory', 'pipe', 'zip', 'read_only', 'noting', 'noting_read',
                                  'noting_memory'])
def test_whole_file(client, kind):
    """'A "file-like object" ... must have a read() method'; fileno, seek and close are welcome but not needed."""
    response = client.get('/send/' + kind)
    assert response.complete and response.body == CONTENT and response.extra == b''


@pytest.mark.parametrize('kind', ['moved', 'unbuffered', 'memory_moved'])
def test_from_the_position(client, kind):
    """'Transmission should begin at the current position within the "file" at the time that transmission begins'."""
    assert client.get('/send/' + kind).body == CONTENT[10:]


@pytest.mark.parametrize('kind', ['empty', 'at_end', 'memory_empty'])
def test_nothing_to_send(client, kind):
    response = client.get('/send/' + kind)
    assert (response.status, response.complete, response.body) == (200, True, b'')


def test_a_file_whose_size_the_system_does_not_know(client):
    """Files in /proc have size 0 and content."""
    assert client.get('/send/proc').body.strip() != b''


def test_six_megabytes(client):
    response = client.get('/send/large')
    assert response.complete and response.body == LARGE


@pytest.mark.parametrize('kind', ['real', 'memory', 'pipe', 'read_only'])
def test_no_more_than_content_length(client, kind):
    """'Must not transmit more bytes than the declared Content-Length'."""
    response = client.get('/send/%s?100' % kind)
    assert response.complete and response.body == CONTENT[:100] and response.extra == b''


def test_content_length_and_position(client):
    assert client.get('/send/moved?20').body == CONTENT[10:30]


@pytest.mark.parametrize('kind', ['real', 'memory'])
@pytest.mark.parametrize('length', [None, 7 + len(CONTENT), 100])
def test_after_write(client, kind, length):
    """The framing and the length hold for both parts together."""
    response = client.get('/written/%s?%s' % (kind, length or ''))
    assert response.complete and response.body == (b'before:' + CONTENT)[:length] and response.extra == b''


@pytest.mark.parametrize('kind', ['real', 'memory', 'pipe', 'empty'])
def test_less_than_content_length(client, kind):
    with client.connect() as connection:
        connection.send_request('GET', '/send/%s?100000' % kind)
        response = connection.read()
    assert not response.complete
    assert response.empty or response.body == (b'' if kind == 'empty' else CONTENT)


@pytest.mark.fronts(keepalive=True)
@pytest.mark.parametrize('kind', ['real', 'memory'])
def test_next_request_on_the_connection(client, kind):
    with client.connect() as connection:
        for _ in range(3):
            assert connection.get('/send/%s?10240' % kind).body == CONTENT
        assert connection.get('/send/%s?100' % kind).body == CONTENT[:100]
        following = connection.get('/hello')
        assert following.empty or following.body == b'hello'


# -- close() exactly once ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize('target', ['/send/noting', '/send/noting_read', '/send/noting_memory', '/send/noting?100',
                                    '/real_blocks', '/unused', '/replaced'])
def test_close_is_called_once(client, notes, target):
    """'If the file-like object has a close() method, the wrapper must have one that calls it'."""
    assert client.get(target).complete
    assert notes() == ['close']


@pytest.mark.parametrize('kind', ['noting', 'noting_read'])
def test_close_after_a_head(client, notes, kind):
    response = client.head('/send/' + kind)
    assert response.complete and response.extra == b'' and notes() == ['close']


def test_close_after_less_than_content_length(client, notes):
    assert not client.get('/send/noting?100000').complete
    assert notes.wait() == ['close']


def test_close_when_the_client_has_gone(client, notes):
    with client.connect() as connection:
        connection.send_request('GET', '/send/noting_large')
        connection.wait_for(b'\r\n\r\n')
        connection.reset()
    assert notes.wait() == ['close']


def test_error_in_read(client, server, notes):
    server.expect_traceback('ValueError: in read')
    assert_aborted(client.get('/send/failing'))
    assert notes() == ['close']


@pytest.mark.parametrize('kind', ['text', 'text_memory'])
def test_text_is_an_error(client, server, kind):
    """A file opened as text gives str: an error as for any other chunk. Its descriptor would give bytes, but which?"""
    server.expect_traceback('TypeError')
    assert_internal_error(client.get('/send/' + kind))


# -- the wrapper as an iterable ----------------------------------------------------------------------------------------

def test_block_size(client):
    """'A block size suggestion'; whoever iterates the wrapper gets blocks."""
    assert client.get('/wrapped').body == b'4096 4096 2048 '


def test_block_size_is_optional(client):
    assert client.get('/default_block').body == CONTENT


def test_blocks_of_a_real_file(client):
    assert client.get('/real_blocks').body == CONTENT


def test_between_other_chunks(client):
    assert client.get('/yielded').body == b'before:inside:after'


def test_wrapper_that_is_not_returned(client):
    assert client.get('/unused').body == b'something else'


def test_status_without_body(client):
    response = client.get('/replaced')
    assert (response.status, response.complete, response.extra) == (304, True, b'')


# -- without it --------------------------------------------------------------------------------------------------------

def test_present(client):
    assert client.get('/present').body == b'True'


def test_disabled(start_server, server_spec):
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', 'wsgi-disable-file-wrapper': True},
                          app=server_spec.app, files=server_spec.files)
    assert server.client().get('/present').body == b'False'
