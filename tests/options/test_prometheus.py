"""--pypy-prometheus: any worker answers for all of them, in Prometheus' text format."""

import re
import subprocess

import pytest

from harness import ENGINES, wait_until
from harness.fronts import select_fronts

APP = r'''
import os, time

def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/raise':
        raise ValueError('wanted')
    if path == '/hold':
        open('held', 'w').close()
        while not os.path.exists('release'):
            time.sleep(0.01)
    start_response('404 Not Found' if path == '/missing' else '200 OK', [])
    return [b'from the application']
'''
SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? ([0-9.e+-]+|\+Inf)')
OPTIONS = {'pypy-prometheus': '/metrics', 'wsgi': 'app'}


def samples(response):
    """{name: {labels: value}} of a page."""
    assert response.status == 200 and response.complete and response.extra == b'', response
    assert response.header('Content-Type') == 'text/plain; version=0.0.4; charset=utf-8'
    found = {}
    for line in response.body.decode().splitlines():
        if not line.startswith('#'):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert (labels or '') not in found.setdefault(name, {}), line
            found[name][labels or ''] = float(value)
    return found


def total(page, name, label=''):
    return sum(value for labels, value in page[name].items() if label in labels)


@pytest.fixture(params=['on', 'off'])
def start(request, start_site):
    def run(options=None, **more):
        return start_site({**OPTIONS, 'pypy-loop': request.param, **(options or {})}, app=APP, **more)
    return run


@pytest.mark.parametrize('master', [True, None])
def test_all_workers(start, master):
    """Whichever answers: requests by status, times, and who is busy; promtool has nothing to say."""
    processes = 2 if master else 1
    server = start({'master': master, 'processes': processes, 'threads': 2})
    server.expect_traceback('ValueError: wanted')
    client = server.client()
    with client.connect() as held:
        held.send_request('GET', '/hold')
        wait_until((server.directory / 'held').exists, 'the request')
        for target in ('/', '/', '/missing', '/raise'):
            assert client.get(target).status
        page = wait_until(lambda: [page for page in [samples(client.get('/metrics'))]
                                   if page['uwsgi_workers']['state="busy"'] == 1
                                   and total(page, 'uwsgi_worker_responses_total', '"5xx"') == 1], 'the requests')[0]
        server.write('release', '')
        assert held.read().status == 200
    responses = 'uwsgi_worker_responses_total'
    assert total(page, responses, '"4xx"') == 1
    assert total(page, 'uwsgi_worker_exceptions_total') == 1
    assert total(page, 'uwsgi_worker_busy_threads') == 1
    assert page['uwsgi_listen_queue_limit_connections'][''] == 100
    duration = 'uwsgi_worker_request_duration_seconds'
    assert total(page, responses) == total(page, 'uwsgi_worker_requests_total') == total(page, duration + '_count')
    assert total(page, duration + '_bucket', '+Inf') == total(page, duration + '_count')
    for worker in range(1, processes + 1):
        label = 'worker="%d"' % worker
        assert page['uwsgi_worker_resident_memory_bytes'][label] > 1 << 20
        assert page['pypy_gc_heap_bytes'][label] > 1 << 20
        buckets = [value for labels, value in page[duration + '_bucket'].items() if label in labels]
        assert buckets == sorted(buckets)


def test_promtool(start):
    server = start({'master': True, 'processes': 2})
    text = server.client().get('/metrics').body
    promtool = subprocess.run(['promtool', 'check', 'metrics'], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    assert promtool.returncode == 0 and promtool.stdout == b'', promtool.stdout.decode()


def test_what_is_asked_how(start):
    """This path alone, by GET and HEAD; the query does not matter. Everything else is the application's."""
    client = start().client()
    assert 'uwsgi_workers' in samples(client.get('/metrics?a=b'))
    for target in ('/metrics/', '/metric', '/Metrics', '/metrics2', '/'):
        assert client.get(target).body == b'from the application'
    head = client.head('/metrics')
    assert head.status == 200 and head.body == b'' and int(head.header('Content-Length')) > 1000
    refused = client.post('/metrics', b'body')
    assert refused.status == 405 and refused.header('Allow') == 'GET, HEAD'


@pytest.mark.parametrize('engine', list(ENGINES))
def test_every_way_in(start_site, engine):
    """Over each protocol, with what makes uWSGI look at requests, with applications at mountpoints, and with none."""
    fronts = select_fronts(engine=engine)
    sockets = {front.option: True for front in fronts}
    for options in ({'static-map': '/static=.', 'add-header': 'X-Added: yes'},
                    {'mount': ['/a=app.py', '/metrics=app.py'], 'manage-script-name': True},
                    {'wsgi': None}):
        server = start_site({'http-socket': None, **OPTIONS, **sockets, **ENGINES[engine], **options}, app=APP)
        for front in fronts:
            assert 'uwsgi_workers' in samples(server.client(front).get('/metrics'))
        server.stop()


def test_connection_is_kept(start_site):
    server = start_site(OPTIONS, app=APP)
    with server.client('loop').connect() as connection:
        for target in ('/metrics', '/', '/metrics'):
            assert connection.get(target).status == 200
        assert connection.reader.ended is None


@pytest.mark.parametrize('path', ['metrics', '', '/metrics?x', '/a b'])
def test_refused(launch, path):
    server = launch({'http-socket': True, 'pypy-prometheus': path}, 1)
    assert server.log_lines('^--pypy-prometheus %s: give a path such as /metrics, decoded and without a query$'
                            % re.escape(path))
