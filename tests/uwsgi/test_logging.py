"""The request log: formats with variables, conditions, several loggers, and what the application prints."""

import pytest

from harness import Load, wait_until

FORMAT = '%(method) %(uri) %(status) %(size) %(hsize) %(rsize) %(wid) %(pid) %(core) %(proto) %(addr) ms=%(msecs) us=%(micros)'


def test_logformat(start_site):
    """Each variable has this request's value."""
    server = start_site({'logformat': FORMAT + ' %(var.HTTP_X_NAME) %(headers) %(uagent)', 'master': True})
    pid = server.worker_pids()[0]
    server.client().get('/status/404?a=b', {'X-Name': 'value', 'User-Agent': 'tests'})
    line = server.wait_log(r'^GET /status/404\?a=b ')[0]
    words = line.split()
    assert words[2] == '404'
    assert int(words[3]) == int(words[4]) + int(words[5]) and words[5] == '10'
    assert words[6:11] == ['1', str(pid), '0', 'HTTP/1.1', '127.0.0.1']
    assert words[11].startswith('ms=') and words[11][3:].isdigit() and int(words[12][3:]) > 0
    assert words[13:] == ['value', '2', 'tests']


@pytest.mark.parametrize('path, size', [('/hello', 5), ('/text/102000', 102000), ('/download/app.py', None)])
def test_size_of_each_kind_of_response(start_site, path, size):
    server = start_site({'logformat': 'sent %(rsize)'})
    if size is None:
        size = (server.directory / 'app.py').stat().st_size
    assert len(server.client().get(path).body) == size
    server.wait_log('^sent %d$' % size)


def test_every_request_is_logged_once(start_site):
    """Good ones, errors and those cut off."""
    server = start_site({'logformat': 'LOGGED %(uri) %(status)', 'threads': 2})
    client = server.client()
    for path in ('/hello', '/raise', '/raise_late', '/status/204', '/nothing'):
        client.get(path)
    server.expect_traceback('ValueError: boom', 'ValueError: late boom')
    server.wait_log('LOGGED', 5)
    lines = server.log_lines('LOGGED')
    assert sorted(lines) == ['LOGGED /hello 200', 'LOGGED /nothing 404', 'LOGGED /raise 500', 'LOGGED /raise_late 200',
                             'LOGGED /status/204 204']


def test_log_only_some(start_site):
    """--disable-logging with --log-4xx and --log-5xx."""
    server = start_site({'disable-logging': True, 'log-4xx': True, 'log-5xx': True, 'logformat': 'LOGGED %(status)'})
    client = server.client()
    for path in ('/hello', '/status/404', '/status/302', '/status/503', '/hello'):
        client.get(path)
    server.wait_log('^LOGGED 503$')
    assert server.log_lines('LOGGED') == ['LOGGED 404', 'LOGGED 503']


def test_log_slow_and_big(start_site):
    server = start_site({'disable-logging': True, 'log-big': 100000, 'logformat': 'LOGGED %(uri)'})
    client = server.client()
    client.get('/hello')
    client.get('/text/204000')
    server.wait_log('^LOGGED /text')
    assert server.log_lines('LOGGED') == ['LOGGED /text/204000']


def test_request_log_apart_from_the_rest(make_site):
    """--req-logger takes the requests, --logger what uWSGI and the application say."""
    server = make_site({'plugin': 'logfile', 'req-logger': 'file:requests.log', 'logger': 'file:rest.log',
                        'master': True, 'http-socket': 'http.sock', 'logformat': 'LOGGED %(uri)'}).launch()

    def text(name):
        path = server.directory / name
        return path.read_text() if path.exists() else ''
    wait_until(lambda: 'spawned uWSGI worker 1 ' in text('rest.log'), 'the server to start')
    assert server.client().get('/hello').body == b'hello'
    assert server.client().get('/raise').status == 500
    wait_until(lambda: 'LOGGED /raise' in text('requests.log'), 'the request log')
    wait_until(lambda: 'ValueError: boom' in text('rest.log'), 'the traceback in the other log')
    assert 'LOGGED' not in text('rest.log') and 'boom' not in text('requests.log')


def test_output_of_the_application(start_site):
    """print, sys.stderr, wsgi.errors and logging: whole lines, in order, once."""
    app = '''
import logging, sys
logging.basicConfig(level=logging.INFO, format='SAID logging %(message)s')

def application(environ, start_response):
    print('SAID print é')
    sys.stderr.write('SAID stderr\\n')
    environ['wsgi.errors'].write('SAID errors\\n')
    logging.info('hello')
    start_response('200 OK', [])
    return [b'']
'''
    server = start_site(app=app)
    server.client().get('/')
    server.wait_log('SAID', 4)
    assert server.log_lines('SAID') == ['SAID print é', 'SAID stderr', 'SAID errors', 'SAID logging hello']


def test_long_lines_of_several_workers_stay_whole(start_site):
    """The log of four workers at once: no line is torn."""
    app = '''
import os, sys
LINE = 'LINE ' + 'x' * 3000 + ' END\\n'

def application(environ, start_response):
    for _ in range(20):
        sys.stderr.write(LINE)
    start_response('200 OK', [])
    return [b'']
'''
    server = start_site({'processes': 4, 'master': True, 'disable-logging': True}, app=app)
    with Load(server.client(), '/', threads=4) as load:
        load.wait_more(40)
    load.check()
    server.wait_log('LINE', 20 * load.count)
    assert set(server.log_lines('LINE|x{9}|END')) == {'LINE ' + 'x' * 3000 + ' END'}
