"""A Django project: virtualenv, static-map, harakiri, cheaper, spooler, touch-reload, stats, logformat."""

import os
import re
from pathlib import Path

import pytest

from harness import wait_until

SITE = 'django'

MULTIPART = (b'--xxx\r\nContent-Disposition: form-data; name="name"\r\n\r\nZo\xc3\xab\r\n'
             b'--xxx\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n%s\r\n--xxx--\r\n'
             % (b'\0\r\n\xff' * 60_000))
FORM = {'Cookie': 'csrftoken=' + 'x' * 64, 'X-CSRFToken': 'x' * 64,
        'Content-Type': 'multipart/form-data; boundary=xxx'}


@pytest.mark.parametrize('socket', ['http', 'uwsgi'])
@pytest.mark.parametrize('protocol', ['HTTP/1.0', 'HTTP/1.1'])
@pytest.mark.parametrize('method, target, headers, body, status', [
    ('GET', '/', {}, b'', 200),
    ('GET', '/nowhere', {'Accept-Language': 'de'}, b'', 404),
    ('GET', '/stream', {'Accept-Encoding': 'gzip'}, b'', 200),
    ('HEAD', '/', {}, b'', 200),
    ('POST', '/', FORM, MULTIPART, 200),
    ('POST', '/', FORM, b'', 400),
    ('POST', '/', {'Content-Type': 'application/x-www-form-urlencoded'}, b'name=x', 403),
    ('GET', '/greet/Zo%C3%AB%20%2B/', {'Cookie': 'a=1; b="2"'}, b'', 200),
    ('GET', '/greet/a%2Fb', {}, b'', 404),
    ('GET', '/greet/you?x=%C3%A4&x', {}, b'', 301),
    ('GET', '/old', {'X-Forwarded-For': '10.1.2.3'}, b'', 302),
    ('GET', '/visits', {}, b'', 200),
    ('GET', '/stream', {}, b'', 200),
    ('GET', '/file', {'User-Agent': 'a "quoted" one', 'Referer': 'http://x/'}, b'', 200),
    ('HEAD', '/file', {}, b'', 200),
    ('GET', '/meta?a=b', {'Accept': '*/*', 'X-Own': 'ä'.encode()}, b'', 200),
    ('DELETE', '/greet/you/', {}, b'', 403),
    ('GET', '/empty', {}, b'', 204),
    ('GET', '/nowhere', {}, b'', 404),
    ('GET', '/static/style.css', {}, b'', 200),
    ('HEAD', '/static/style.css', {}, b'', 200),
    ('GET', '/static/style.css', {'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT'}, b'', 304),
    ('GET', '/static/../mysite/settings.py', {}, b'', 404),
    ('GET', '/static/none.css', {}, b'', 404),
], ids=lambda value: None if isinstance(value, (dict, bytes)) else str(value))
def test_requests(both, socket, protocol, method, target, headers, body, status):
    response = both.ask(method, target, headers, body, socket, protocol=protocol)
    assert response.status == status


def test_conditional(both):
    """The entity tag of a page, which both make alike."""
    tag = both.ask('GET', '/stream').header('ETag') or both.ask('GET', '/greet/x/').header('ETag')
    assert tag
    assert both.ask('GET', '/greet/x/', {'If-None-Match': tag}).status == 304


def test_request_log(both):
    """Each of them has a line in both logs, in the form of logformat."""
    for number in range(3):
        both.ask('GET', '/greet/%d/' % number, {'X-Forwarded-For': '10.1.2.3', 'User-Agent': 'tester', 'Referer': 'r'})
    both.ask('POST', '/', {'Content-Type': 'application/x-www-form-urlencoded'}, b'name=x', 'uwsgi')
    both.ask('GET', '/static/style.css')
    both.wait_log('^request: ', 5)
    lines = both.same(lambda server: sorted(server.log_lines('^request: ', since_test=True)))
    assert lines[-4].startswith('request: 10.1.2.3 - - "GET /greet/0/ HTTP/1.1" 200 ')


def test_spooler(both):
    assert both.ask('GET', '/later').status == 202
    for server in both.servers:
        wait_until((server.directory / 'noted').exists, 'the spooler')
    assert both.same(lambda server: (server.directory / 'noted').read_text()).endswith(': True')


def names(value):
    """The shape of a JSON document."""
    if isinstance(value, dict):
        return {key: names(item) for key, item in value.items()}
    if isinstance(value, list):
        return [names(item) for item in value[:1]]
    return type(value).__name__


def test_stats(both):
    both.ask('GET', '/greet/x/')
    shape = both.same(lambda server: names(server.stats()))
    assert shape['workers'][0]['requests'] == 'int'


def test_processes(both):
    """Named as --auto-procname says."""
    def names_of(server):
        found = {Path('/proc/%d/cmdline' % pid).read_bytes().rstrip(b'\0') for pid in server.members()}
        return {re.sub(rb' \d+$', b'', name) for name in found if name.startswith(b'mysite-')}
    assert {b'mysite-uWSGI master', b'mysite-uWSGI worker', b'mysite-uWSGI spooler'} <= both.same(names_of)


def test_harakiri(both):
    """A stuck request is cut off, its worker replaced."""
    for site in both:
        site.server.allow_alarm('DAMN ! worker')
        assert site.client('http').get('/stuck').empty
        site.server.wait_log('HARAKIRI ON WORKER')
        site.server.wait_log('Respawned uWSGI worker')
    assert both.ask('GET', '/greet/again/').status == 200


def test_touch_reload(both):
    for server in both.servers:
        os.utime(server.directory / 'reload', (2 ** 31, 2 ** 31))
    both.wait_log('spawned uWSGI worker 1')
    assert both.ask('GET', '/greet/again/').status == 200
