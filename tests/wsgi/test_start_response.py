"""PEP 3333, "The start_response() Callable" and "Error Handling"."""

import json
from urllib.parse import quote

import pytest

from harness import assert_aborted, assert_internal_error

APP = 'start_response'


def given(client, status='200 OK', headers=()):
    query = '?status=%s&headers=%s' % (quote(json.dumps(status)), quote(json.dumps(headers)))
    return client.get('/given' + query)


def assert_refused(client, server, status='200 OK', headers=(), names='Error'):
    """A 500, and one traceback whose last line names what is wrong."""
    server.expect_traceback(names)
    assert_internal_error(given(client, status, headers))


def test_status_and_headers_as_given(client):
    response = client.get('/many')
    assert (response.status, response.reason) == (200, 'OK')
    assert response.values('Set-Cookie') == ['a=1', 'c=3']
    assert ('x-Case', 'Kept') in response.headers
    ours = [name for name, _ in response.headers if name in ('Set-Cookie', 'X-B', 'x-Case')]
    assert ours == ['Set-Cookie', 'X-B', 'Set-Cookie', 'x-Case']


def test_latin1_goes_out_as_bytes(client):
    """'Native strings ... encodable in ISO-8859-1'."""
    response = client.get('/latin1')
    assert response.reason == 'Tr\u00e8s bien' and response.header('X-Latin') == '\u00e9\u00ff\t!'


def test_50_kilobytes_of_headers(client):
    response = client.get('/big')
    assert response.complete and response.body == b'body'
    assert all(response.header('X-%d' % number) == 'v' * 1000 for number in range(50))


def test_custom_reason_and_status(client):
    response = given(client, '299 Quite Special')
    assert (response.status, response.reason, response.body) == (299, 'Quite Special', b'body')


# -- when it may be called ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize('path', ['/twice', '/twice_with_none'])
def test_second_call_without_exc_info(client, server, path):
    """'It is a fatal error to call start_response without the exc_info argument if [it] has already been called'."""
    server.expect_traceback('Error')
    assert_internal_error(client.get(path))


def test_late_call(client):
    """'An application may call it in the first iteration': a generator does nothing before."""
    response = client.get('/late')
    assert (response.status, response.body, response.header('X-Good')) == (200, b'late', 'yes')


@pytest.mark.parametrize('kind', ['empty', 'list', 'generator', 'bytes'])
def test_never_called(client, server, notes, kind):
    server.expect_traceback('start_response')
    assert_internal_error(client.get('/never/' + kind))
    assert notes() == (['close'] if kind in ('empty', 'generator') else [])


def test_nothing_returned(client, server):
    server.expect_traceback('TypeError')
    assert_internal_error(client.get('/returns_nothing'))


# -- exc_info ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('path', ['/replaced', '/replaced_late', '/write_nothing'])
def test_exc_info_before_the_head_was_sent(client, path):
    """'Replace the currently-stored headers', Content-Length included; no traceback, the application handled it."""
    response = client.get(path)
    assert (response.status, response.reason, response.body) == (503, 'Down', b'error page')
    assert response.complete and response.header('X-Good') == 'yes' and response.header('X-First') is None


def test_exc_info_in_the_first_call(client):
    response = client.get('/first_with_exc_info')
    assert (response.status, response.body) == (500, b'error page')


def test_exc_info_after_the_head_was_sent(client, server, notes):
    """'If ... headers have already been output, start_response must raise the exc_info': the very exception."""
    server.expect_traceback('ValueError: original')
    assert_aborted(client.get('/too_late'))
    assert notes() == [True]


def test_exc_info_after_write(client, server):
    server.expect_traceback('ValueError: original')
    assert_aborted(client.get('/after_write'))


# -- write() -----------------------------------------------------------------------------------------------------------

def test_write(client):
    """Written parts come before the iterable's."""
    response = client.get('/write')
    assert response.complete and response.body == b'onetwoend'


def test_write_alone(client):
    response = client.get('/write_only')
    assert response.complete and response.body == b'all'


def test_write_of_text(client, notes):
    response = client.get('/write_text')
    assert response.body == b'ok' and notes() == ['TypeError']


def test_second_call_after_write(client, server):
    server.expect_traceback('Error')
    assert_aborted(client.get('/write_late'))


# -- the status --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('status', [
    200, None, {'bytes': '200 OK'}, '', 'OK', '20 OK', '2000 OK', 'abc OK', ' 200 OK', '200OK', '-20 OK', '0x1 OK',
    '099 OK', '\u0662\u0660\u0660 OK', '200 OK\r\nX-Injected: 1', '200 OK\n', '200 OK\r', '200 O\0K', '200 \u20ac',
], ids=repr)
def test_bad_status(client, server, status):
    """'A string of the form "999 Message here"', without control characters."""
    assert_refused(client, server, status=status, names='status')


@pytest.mark.parametrize('status', ['100 Continue', '101 Switching Protocols', '103 Early Hints', '199 Almost'])
def test_interim_status(client, server, status):
    """A 1xx would leave the client waiting for the real response."""
    assert_refused(client, server, status=status, names='status')


# -- the headers -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('headers', [None, 5, 'X-Bad: 1', {'bytes': 'X'}], ids=repr)
def test_headers_are_no_list(client, server, headers):
    assert_refused(client, server, headers=headers, names='header')


@pytest.mark.parametrize('item', ['X-Bad', 5, None, ['X-Bad'], ['X-Bad', '1', '2'], []], ids=repr)
def test_header_is_no_pair(client, server, item):
    """'A list of (header_name, header_value) tuples'."""
    assert_refused(client, server, headers=[['X-Good', '1'], item], names='header')


@pytest.mark.parametrize('value', [5, None, {'bytes': 'v'}, ['v']], ids=repr)
def test_header_value_is_no_string(client, server, value):
    assert_refused(client, server, headers=[['X-Bad', value]], names='X-Bad')


@pytest.mark.parametrize('name', [5, None, {'bytes': 'X-Bad'}], ids=repr)
def test_header_name_is_no_string(client, server, name):
    assert_refused(client, server, headers=[[name, 'v']], names='header')


@pytest.mark.parametrize('value', [
    'v\r\nX-Injected: 1', 'v\n X', 'v\r', 'v\n', '\rv', 'a\0b', '\0', 'a\x01b', 'v\r\n\r\n<html>', '\u20ac',
], ids=repr)
def test_header_value_with_control_characters(client, server, value):
    """'Must not include any control characters': CR and LF would begin another header, NUL ends it for some."""
    assert_refused(client, server, headers=[['X-Good', '1'], ['X-Bad', value]], names='X-Bad')


@pytest.mark.parametrize('name', [
    '', 'X-Bad\r\nX-Injected', 'X-Bad\n', 'X-Bad\r', 'X-Bad\0', 'X-Bad:', 'X-Bad ', ' X-Bad', 'X Bad', 'X-Bad\t',
    'X-B\u00e4d', 'X-\u20ac', 'X(Bad)', 'X-Bad\x7f',
], ids=repr)
def test_header_name_is_no_token(client, server, name):
    """RFC 9110, 5.1: a field name is a token."""
    assert_refused(client, server, headers=[[name, 'v']], names='Error')


@pytest.mark.parametrize('name', ['Connection', 'Keep-Alive', 'Proxy-Authenticate', 'Proxy-Authorization', 'TE',
                                  'Trailers', 'Transfer-Encoding', 'Upgrade', 'transfer-encoding', 'CONNECTION'])
def test_hop_by_hop_header(client, server, name):
    """'Applications and servers are forbidden from ... hop-by-hop features' (wsgiref.util.is_hop_by_hop)."""
    assert_refused(client, server, headers=[[name, 'close']], names=name)


def test_the_error_comes_at_the_call(client, notes):
    """'Servers should check for errors in the headers at the time start_response is called'."""
    response = client.get('/caught')
    assert (response.status, response.body, response.header('X-Bad')) == (200, b'good', None)
    assert notes() == [True]
