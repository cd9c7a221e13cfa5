"""Errors of the application: logged once, told to the client, counted, survived."""

import pytest

from harness import assert_aborted, assert_internal_error

APP = 'errors'

# exception -> what the last line of its traceback has
EXCEPTIONS = {
    'ValueError': 'ValueError: boom', 'SystemExit': 'SystemExit: 3', 'KeyboardInterrupt': 'KeyboardInterrupt',
    'GeneratorExit': 'GeneratorExit', 'RecursionError': 'RecursionError', 'Silent': 'Silent', 'Base': 'Base: boom',
    'OSError': 'application pipe', 'MemoryError': 'MemoryError',
}

ANY = pytest.mark.parametrize('kind', list(EXCEPTIONS))


def assert_worker_lives(server, client, pids):
    """The same process goes on."""
    assert client.get('/hello').body == b'hello'
    assert server.worker_pids() == pids


@ANY
@pytest.mark.parametrize('place', ['call', 'started', 'first', 'empty'])
def test_nothing_was_sent(client, server, kind, place):
    """A 500, also after start_response: nothing but empty chunks came after it."""
    pids = server.worker_pids()
    server.expect_traceback(EXCEPTIONS[kind])
    assert_internal_error(client.get('/at/%s/%s' % (place, kind)))
    assert_worker_lives(server, client, pids)


@ANY
@pytest.mark.parametrize('place', ['later', 'declared'])
def test_something_was_sent(client, server, kind, place):
    """Cut off, so that the client can tell, with and without a declared length."""
    pids = server.worker_pids()
    server.expect_traceback(EXCEPTIONS[kind])
    response = client.get('/at/%s/%s' % (place, kind))
    assert_aborted(response)
    assert b'Internal Server Error' not in response.body
    assert_worker_lives(server, client, pids)


@ANY
def test_in_close(client, server, kind):
    """The response is whole by then and stays so."""
    pids = server.worker_pids()
    server.expect_traceback(EXCEPTIONS[kind])
    response = client.get('/at/close/' + kind)
    assert response.complete and response.body == b'whole' and response.extra == b''
    assert_worker_lives(server, client, pids)


def test_close_is_called_after_an_error(client, server, notes):
    server.expect_traceback('ValueError: boom')
    assert_aborted(client.get('/at/later/ValueError'))
    assert notes() == ['close']


@pytest.mark.parametrize('target', ['/written', '/generator'])
def test_after_write_and_in_a_generator(client, server, target):
    server.expect_traceback('ValueError: boom')
    assert_aborted(client.get(target))


def test_head_request(client, server):
    server.expect_traceback('ValueError: boom')
    response = client.head('/at/call/ValueError')
    assert (response.status, response.complete, response.extra) == (500, True, b'')


def test_iter_fails(client, server, notes):
    server.expect_traceback('ValueError: in iter')
    assert_internal_error(client.get('/iter_fails'))
    assert notes() == ['close']


def test_len_fails_or_is_not_asked(client, server):
    """A body that is a list with a broken __len__: its chunks, or an error that is reported as any other."""
    response = client.get('/length')
    if response.status == 200:
        assert response.complete and response.body == b'ab'
    else:
        server.expect_traceback('ValueError: in len')
        assert_internal_error(response)


# -- the traceback -----------------------------------------------------------------------------------------------------

def test_traceback_shows_file_function_and_line(client, server):
    server.expect_traceback('ValueError: boom')
    client.get('/generator')
    lines = server.wait_log('ValueError: boom') and server.log_lines(since_test=True)
    frame = next(number for number, line in enumerate(lines) if 'in generator' in line)
    assert 'app.py' in lines[frame] and lines[frame + 1].strip() == "raise ValueError('boom')"


def test_traceback_of_chained_exceptions(client, server):
    """Both of them, the cause first."""
    server.expect_traceback("KeyError: 'cause'", 'ValueError: effect')
    assert_internal_error(client.get('/chained'))
    assert server.wait_log('direct cause of the following exception')


def test_traceback_of_a_text_of_several_lines(client, server):
    server.expect_traceback('ValueError: one')
    assert_internal_error(client.get('/multiline'))
    assert server.wait_log('^two$')
