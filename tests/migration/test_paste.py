"""Pyramid from a paste.deploy file: a pipeline, settings, loggers."""

import pytest

SITE = 'paste'


@pytest.mark.parametrize('socket', ['http', 'uwsgi'])
@pytest.mark.parametrize('method, target, body, status', [
    ('GET', '/', b'', 200),
    ('HEAD', '/', b'', 200),
    ('GET', '/data/Zo%C3%AB?b=1&a=%C3%A4', b'', 200),
    ('POST', '/data/x', 'möre'.encode(), 200),
    ('GET', '/go', b'', 302),
    ('GET', '/file', b'', 200),
    ('GET', '/nowhere', b'', 404),
])
def test_requests(both, socket, method, target, body, status):
    response = both.ask(method, target, {}, body, socket)
    assert response.status == status and response.header('X-Stamp') == 'stamped'


def test_loggers(both):
    """What the application logs goes where the file says."""
    both.ask('GET', '/')
    both.wait_log('^paste: ')
    assert both.same(lambda server: server.log_lines('^paste: ', since_test=True)) == [
        'paste: INFO  [shop] index for GET']
