"""A WSGI file with threads, uWSGI's API and decorators, in a configuration of several files and sections."""

import re

import pytest

SITE = 'threads'
READY = 'spawned uWSGI worker 2'


@pytest.mark.parametrize('socket', ['http', 'uwsgi'])
@pytest.mark.parametrize('protocol', ['HTTP/1.0', 'HTTP/1.1'])
@pytest.mark.parametrize('method, target, headers, body, status', [
    ('GET', '/environ', {'X-Own': 'a', 'Accept': '*/*'}, b'', 200),
    ('GET', '/environ?a=%20b', {'Host': 'x.example:81', 'Cookie': 'a=1; b=2', 'Authorization': 'Basic YTpi'}, b'', 200),
    ('POST', '/environ', {'Content-Type': 'text/plain'}, b'12345', 200),
    ('GET', '/api', {}, b'', 200),
    ('GET', '/mule', {}, b'', 200),
    ('POST', '/body', {}, b'a line\nabcdef', 200),
    ('POST', '/body', {}, b'', 200),
    ('GET', '/write', {}, b'', 299),
    ('GET', '/file', {}, b'', 200),
    ('HEAD', '/file', {}, b'', 200),
    ('GET', '/iterated', {}, b'', 200),
    ('GET', '/variables', {}, b'', 200),
    ('GET', '/moved', {}, b'', 404),
    ('GET', '/gone', {}, b'', 410),
    ('GET', '/%C3%A4%2F%3F', {}, b'', 404),
], ids=lambda value: None if isinstance(value, (dict, bytes)) else str(value))
def test_requests(both, socket, protocol, method, target, headers, body, status):
    assert both.ask(method, target, headers, body, socket, protocol=protocol).status == status


REQUEST = re.compile(r'^\[pid: .*\} \[.*\] .* => generated')
MASKS = [(re.compile(pattern), replacement) for pattern, replacement in [
    (r'pid: \d+', 'pid'), (r'req: \d+/\d+', 'req'), (r'\[[A-Z][a-z]{2} [A-Z][a-z]{2} [^]]*\]', '[date]'),
    (r'in \d+ (m|micro)secs', 'in time'), (r'\d+ bytes', 'bytes'), (r'core \d+', 'core'),
    # of the head, whose framing is the loop's; the Python plugin counts the parts of a body
    (r'\d+ headers', 'headers'), (r'\d+ switches', 'switches'),
]]


def test_request_log(both):
    """uWSGI's own format."""
    from migration.conftest import mask
    for target in ('/environ', '/iterated', '/file', '/nowhere'):
        both.ask('GET', target, protocol='HTTP/1.0')
        both.ask('GET', target, front='uwsgi')
    both.wait_log(REQUEST.pattern, 8)
    both.same(lambda server: sorted(mask(line, MASKS) for line in server.log_lines(REQUEST.pattern, since_test=True)))
