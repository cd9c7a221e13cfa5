"""PEP 3333, "Input and Error Streams": wsgi.input."""

import hashlib
import json

import pytest

APP = 'input'
OPTIONS = {'socket-timeout': 600}

TEXT = b'first\nsecond line\n\nlast'


def results(client, body, *calls, **options):
    """What wsgi.input gave for these calls, e.g. ['read', 3]; latin-1 text for bytes."""
    response = client.post('/calls', body, {'X-Calls': json.dumps(calls)}, **options)
    assert response.status == 200, response
    return json.loads(response.body)


# -- read() ------------------------------------------------------------------------------------------------------------

def test_read_everything(client):
    assert results(client, TEXT, ['read'], ['read'], ['read', 5]) == [TEXT.decode(), '', '']


@pytest.mark.parametrize('argument', [-1, None])
def test_read_everything_by_argument(client, argument):
    assert results(client, TEXT, ['read', argument]) == [TEXT.decode()]


def test_read_in_parts(client):
    assert results(client, b'0123456789', ['read', 3], ['read', 1], ['read'], ['read', 1]) == ['012', '3', '456789', '']


def test_read_more_than_there_is(client):
    """'Bound by Content-Length': end of file, no waiting."""
    assert results(client, b'0123', ['read', 100], ['read', 100]) == ['0123', '']


def test_read_nothing(client):
    """read(0) is no read()."""
    assert results(client, b'0123', ['read', 0], ['read', 0], ['read']) == ['', '', '0123']


def test_no_body(client):
    """A request without a body is at its end at once."""
    calls = [['read'], ['read', 10], ['readline'], ['readlines'], ['iterate']]
    assert results(client, b'', *calls) == ['', '', '', [], []]
    assert results(client, b'', *calls, content_length=0) == ['', '', '', [], []]


def test_all_bytes(client):
    every = bytes(range(256))
    assert results(client, every, ['read']) == [every.decode('latin-1')]


# -- readline(), readlines(), iteration --------------------------------------------------------------------------------

def test_readline(client):
    """Lines keep their end; the last one has none; then comes the empty string."""
    calls = [['readline']] * 6
    assert results(client, TEXT, *calls) == ['first\n', 'second line\n', '\n', 'last', '', '']


def test_readline_with_size(client):
    """'The optional "size" argument to readline() is supported'."""
    calls = [['readline', 3], ['readline', 3], ['readline', 100], ['readline', 0], ['readline', -1], ['readline', 2]]
    assert results(client, TEXT, *calls) == ['fir', 'st\n', 'second line\n', '', '\n', 'la']


@pytest.mark.parametrize('argument', [-1, None])
def test_readline_without_limit(client, argument):
    assert results(client, TEXT, ['readline', argument]) == ['first\n']


def test_readlines(client):
    lines = ['first\n', 'second line\n', '\n', 'last']
    assert results(client, TEXT, ['readlines'], ['readlines']) == [lines, []]


def test_readlines_with_hint(client):
    """The hint is a number of bytes, rounded up to whole lines; the rest stays to be read."""
    result = results(client, TEXT, ['readlines', 7], ['read'])
    assert result == [['first\n', 'second line\n'], '\nlast']


@pytest.mark.parametrize('hint', [0, -1, None])
def test_readlines_with_no_hint(client, hint):
    assert results(client, TEXT, ['readlines', hint]) == [['first\n', 'second line\n', '\n', 'last']]


def test_iteration(client):
    assert results(client, TEXT, ['iterate'], ['iterate']) == [['first\n', 'second line\n', '\n', 'last'], []]
    calls = [['next'], ['next'], ['read'], ['next']]
    assert results(client, TEXT, *calls) == ['first\n', 'second line\n', '\nlast', 'stop']


def test_body_that_ends_with_a_newline(client):
    assert results(client, b'one\ntwo\n', ['readline'], ['readline'], ['readline']) == ['one\n', 'two\n', '']


def test_mixed_calls(client):
    calls = [['readline'], ['read', 4], ['readline', 3], ['readlines', 1], ['read', 0], ['read']]
    assert results(client, TEXT, *calls) == ['first\n', 'seco', 'nd ', ['line\n'], '', '\nlast']


def test_long_line(client):
    """Longer than uWSGI's buffer of 4 kB, without an end."""
    line = b'x' * 10000
    assert results(client, line, ['readline'], ['readline']) == [line.decode(), '']
    result = results(client, line + b'\nend', ['readline'], ['readline'], ['readline'])
    assert result == [line.decode() + '\n', 'end', '']


def test_last_line_after_a_long_one(client):
    """uWSGI 2.0.21's own readline gives stale bytes here."""
    body = b'a' * 5000 + b'\n' + b'b' * 5000 + b'\nend'
    assert results(client, body, ['readlines']) == [['a' * 5000 + '\n', 'b' * 5000 + '\n', 'end']]
    assert results(client, body, ['readline'], ['readline'], ['read']) == ['a' * 5000 + '\n', 'b' * 5000 + '\n', 'end']


def test_reads_while_it_sends(client):
    response = client.post('/later', b'body')
    assert response.complete and response.body == b'read: body'


# -- bound by Content-Length -------------------------------------------------------------------------------------------

@pytest.mark.parametrize('call', [['read'], ['read', 100], ['readline'], ['readline', 100]])
def test_never_beyond_content_length(client, call):
    """'The server should simulate an end-of-file condition': what follows belongs to nobody."""
    assert results(client, b'bodyEXTRA', call, call, content_length=4) == ['body', '']


def test_lines_never_beyond_content_length(client):
    assert results(client, b'a\nbEXTRA\n', ['readlines'], content_length=3) == [['a\n', 'b']]


# -- large bodies ------------------------------------------------------------------------------------------------------

FIVE_MEGABYTES = b''.join(b'line %d of a large body\n' % number for number in range(200000)) + b'without end'

WAYS = ['read', 'blocks', 'odd_blocks', 'lines', 'short_lines', 'readlines', 'iterate']


def expected_digest(body):
    return '%d %s' % (len(body), hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize('way', WAYS)
def test_five_megabytes(client, way):
    assert client.post('/digest/' + way, FIVE_MEGABYTES).text == expected_digest(FIVE_MEGABYTES)


def test_post_buffering(start_server, server_spec):
    """The body is read first, into memory below 4096 bytes and into a file from there on; the calls are the same."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', 'post-buffering': 4096}, app=server_spec.app,
                          files=server_spec.files)
    client = server.client()
    for size in (0, 1000, 4095, 4096, 4097, 100000):
        body = FIVE_MEGABYTES[:size]
        for way in WAYS:
            assert client.post('/digest/' + way, body).text == expected_digest(body), (size, way)
    assert results(client, TEXT, ['readline'], ['read', 4], ['read']) == ['first\n', 'seco', 'nd line\n\nlast']


def test_an_unread_body_does_not_hurt(client):
    response = client.post('/left', b'x' * 1000)
    assert response.complete and response.body == b'left'


# -- a client that goes away -------------------------------------------------------------------------------------------

@pytest.mark.parametrize('gone', ['close', 'half_close', 'reset'])
@pytest.mark.parametrize('way', ['read', 'read_n', 'readline', 'readlines', 'iterate'])
def test_client_gone_in_the_body(client, notes, way, gone):
    """An error and no end of file: the application must not take half a body for a whole one."""
    with client.connect() as connection:
        # more than is collected before the application runs
        connection.send_request('POST', '/broken/' + way, body=b'half' * 25000, content_length=1000000)
        getattr(connection, gone)()
        assert notes.wait(2) == ['reading', 'OSError']


def test_unhandled_error_of_a_gone_client(client, server):
    """It is no error of the application: one line in the log that says what happened, no traceback."""
    with client.connect() as connection:
        connection.send_request('POST', '/unhandled', body=b'half' * 25000, content_length=1000000)
        connection.half_close()
        response = connection.read()
    assert response.empty or response.status == 500
    assert len(server.wait_log('/unhandled: .*closed the connection')) == 1


def test_client_that_sends_nothing_more(start_server, server_spec):
    """After socket-timeout the application gets an OSError, too."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', 'socket-timeout': 1, 'pypy-http-body-timeout': 1},
                          app=server_spec.app,
                          files=server_spec.files)
    client = server.client()
    with client.connect() as connection:
        connection.send_request('POST', '/broken/read', body=b'half' * 25000, content_length=1000000)
        assert connection.read().body == b'after'
    assert json.loads(client.get('/notes').body) == ['reading', 'OSError']
