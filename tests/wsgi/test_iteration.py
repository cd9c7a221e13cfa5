"""PEP 3333: what the application returns, and when it is sent and closed."""

import pytest

from harness import assert_aborted, assert_internal_error

APP = 'iteration'


@pytest.mark.parametrize('kind', ['list', 'one', 'tuple', 'generator', 'map', 'iterator', 'dict', 'bytes', 'letters',
                                  'bytes_subclass'])
def test_body(client, kind):
    """'An iterable yielding zero or more bytestrings'; bytes alone are the whole body and not a row of numbers."""
    response = client.get('/body/' + kind)
    assert response.complete and response.status == 200
    assert response.body == b'onetwothree' and response.header('X-Good') == 'yes' and response.extra == b''


@pytest.mark.parametrize('kind', ['list', 'bytes', 'generator', 'chunk', 'chunks'])
def test_empty_body(client, kind):
    """The head is sent although no chunk ever asks for it."""
    response = client.get('/empty/' + kind)
    assert response.complete and response.status == 200
    assert response.body == b'' and response.header('X-Good') == 'yes'


def test_four_megabytes(client):
    response = client.get('/big')
    assert response.complete
    assert response.body == b''.join(bytes([65 + number % 26]) * 65536 for number in range(64))


def test_empty_chunks_do_not_send_the_head(client, notes):
    """'Must not actually transmit the response headers ... until the first non-empty bytestring'."""
    response = client.get('/late_head')
    assert (response.status, response.body, response.header('X-First')) == (404, b'page', None)
    assert notes() == ['first chunk taken']


def test_each_chunk_is_sent_before_the_next_is_asked_for(client, server):
    """'Servers must transmit each bytestring before requesting another one'."""
    with client.connect() as connection:
        connection.send_request('GET', '/stepwise')
        connection.wait_for(b'first')
        seen = server.write('seen', '')
        assert connection.read().body == b'firstsecond'
    seen.unlink()


def test_order_of_events(client, notes):
    assert client.get('/order').body == b'012'
    assert notes() == ['chunk 0', 'chunk 1', 'chunk 2', 'end', 'close']


def test_iter_is_called_once_and_the_object_itself_closed(client, notes):
    assert client.get('/iter_once').body == b'ab'
    assert notes() == ['iter', 'close']


def test_sequence_protocol(client):
    assert client.get('/old_sequence').body == b'ab'


# -- wrong types: an error, never silence ------------------------------------------------------------------------------

@pytest.mark.parametrize('kind', ['str', 'int', 'none', 'list', 'float'])
def test_first_chunk_of_a_wrong_type(client, server, notes, kind):
    server.expect_traceback('TypeError')
    assert_internal_error(client.get('/wrong_chunk/%s/first' % kind))
    assert notes() == ['close']


@pytest.mark.parametrize('kind', ['str', 'int', 'none', 'list', 'float'])
def test_later_chunk_of_a_wrong_type(client, server, notes, kind):
    server.expect_traceback('TypeError')
    response = client.get('/wrong_chunk/%s/later' % kind)
    assert_aborted(response)
    assert b'never' not in response.body
    assert notes() == ['close']


@pytest.mark.parametrize('kind', ['str', 'int', 'none', 'float'])
def test_body_of_a_wrong_type(client, server, kind):
    """A text would be iterated letter by letter, a number not at all."""
    server.expect_traceback('TypeError')
    assert_internal_error(client.get('/wrong_body/' + kind))


# -- close() exactly once, whatever happens ----------------------------------------------------------------------------

@pytest.mark.parametrize('kind', ['normal', 'empty', 'exact', 'beyond', 'sized', 'no_content', 'not_modified'])
def test_close_after_a_response(client, notes, kind):
    """'The server must call that method upon completion of the current request'."""
    assert client.get('/close/' + kind).complete
    assert notes() == ['close']


@pytest.mark.parametrize('kind', ['normal', 'exact', 'endless', 'sized'])
def test_close_after_a_head(client, notes, kind):
    assert client.head('/close/' + kind).complete
    assert notes() == ['close']


@pytest.mark.parametrize('kind, error', [('fails_first', 'ValueError: in the iterator'), ('wrong', 'TypeError'),
                                         ('bad_header', 'X-Bad')])
def test_close_after_an_error_page(client, server, notes, kind, error):
    """'Whether the request was completed normally, or terminated early due to an application error'."""
    server.expect_traceback(error)
    assert_internal_error(client.get('/close/' + kind))
    assert notes() == ['close']


def test_close_after_an_error_in_the_body(client, server, notes):
    server.expect_traceback('ValueError: in the iterator')
    assert_aborted(client.get('/close/fails_later'))
    assert notes() == ['close']


@pytest.mark.parametrize('kind', ['endless', 'small_endless'])
def test_close_when_the_client_has_gone(client, notes, kind):
    """'... or an early disconnect of the browser': iteration stops, no traceback, the worker goes on."""
    with client.connect() as connection:
        connection.send_request('GET', '/close/' + kind)
        connection.wait_for(b'\r\n\r\n')
        connection.reset()
    assert notes.wait() == ['close']


def test_write_when_the_client_has_gone(client, notes):
    """The application is told, and no traceback is logged: it handled the error."""
    with client.connect() as connection:
        connection.send_request('GET', '/write_gone')
        connection.wait_for(b'\r\n\r\n')
        connection.reset()
    assert notes.wait() == ['OSError']


# -- HEAD --------------------------------------------------------------------------------------------------------------

def test_head_stops_when_the_head_is_known(client, notes):
    """Nothing of an endless body is needed to answer HEAD."""
    response = client.head('/head_is_enough')
    assert (response.status, response.header('X-Good'), response.extra) == (200, 'yes', b'')
    assert notes() == ['close']
