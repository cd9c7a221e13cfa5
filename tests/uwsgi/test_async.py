"""--async with --pypy-greenlets: requests of one worker wait in the middle of anything while others run."""

import json
import re
import resource
import signal
import socket
from pathlib import Path

import pytest

from harness import Load, ServerSpec, WebSocket, assert_aborted, assert_internal_error, wait_until
from harness.processes import open_fds
from harness.websocket import TEXT

APP = Path(__file__).parent / 'apps' / 'async_site.py'
GREENLETS = {'async': 64, 'pypy-greenlets': True}
OPTIONS = {**GREENLETS, 'master': True, 'stats': True, 'log-format': 'uri=%(uri) number=%(number) again=%(again) '
           'core=%(core) status=%(status) size=%(rsize)'}

pytestmark = [pytest.mark.fronts('http'), pytest.mark.greenlets]


@pytest.fixture(scope='module')
def server_spec():
    return ServerSpec(app=APP, options=OPTIONS)


@pytest.fixture
def start_async(make_server):
    """start_async(options): a server of the test's own, with greenlets unless an option says otherwise."""
    def start(options=None, **more):
        options = {'http-socket': True, 'pypy-wsgi': 'app', 'master': True, **GREENLETS, **(options or {})}
        options = {option: value for option, value in options.items() if value is not None}
        return make_server(options, app=APP, **more).start()
    return start


def begin(client, *targets, method='GET', **more):
    """Connections with a request under way on each."""
    connections = [client.connect() for _ in targets]
    for connection, target in zip(connections, targets):
        connection.send_request(method, target, **more)
    return connections


def resident(pid):
    with open('/proc/%d/statm' % pid) as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def wait_note(client, *notes):
    """Waits until the application has noted all of this, in any order."""
    found = []

    def all_there():
        found.extend(json.loads(client.get('/notes').body))
        return not set(notes) - set(found)
    wait_until(all_there, lambda: 'the notes %r; there are %r' % (notes, found))


# -- many at the same time ----------------------------------------------------------------------------------------------

def test_a_thousand_sleep_at_the_same_time(start_async):
    """None answers before all are there; each answers its own client."""
    server = start_async({'async': 1000, 'listen': 1024, 'disable-logging': True})
    assert server.log_lines("served by uWSGI's own path: --async is used")
    assert not server.log_lines('DANGER')
    client = server.client()
    connections = begin(client, *('/meet/1000?%d' % number for number in range(1000)))
    for number, connection in enumerate(connections):
        assert connection.read_last().body == b'%d' % number
    assert client.get('/hello').body == b'hello'
    assert json.loads(client.get('/count').body)['greenlet'] < 20


@pytest.mark.fronts('http', 'uwsgi')
def test_what_belongs_to_a_request(client, server):
    """Environ, context variables, exception, connection, core, greenlet, log line: its own before and after."""
    connections = begin(client, *('/self/40?%d' % number for number in range(40)))
    answers = [json.loads(connection.read_last().body) for connection in connections]
    for number, (before, after) in enumerate(answers):
        assert before == after
        assert before[:2] == [str(number)] * 2 and before[5] == repr(str(number))
    for place in (2, 3, 4):
        assert len({before[place] for before, _ in answers}) == 40
    lines = server.wait_log('^uri=/self', 40)
    assert len(lines) == 40
    by_number = {re.search(r'uri=/self/40\?(\d+) ', line)[1]: line for line in lines}
    for number, (before, _) in enumerate(answers):
        line = by_number[str(number)]
        assert 'number=%d again=%d core=%d status=200' % (number, number, before[2]) in line
        assert 'size=%d' % len(json.dumps(answers[number])) in line


def test_answers_in_the_order_of_release(client):
    names = ['ordered-%d' % number for number in range(8)]
    connections = begin(client, *('/hold/' + name for name in names))
    wait_note(client, *('waits for ' + name for name in names))
    for number in (5, 2, 7, 0, 1, 6, 4, 3):
        client.get('/release/' + names[number])
        assert connections[number].read_last().body == names[number].encode()


def test_environ(client):
    assert json.loads(client.get('/settings').body) == {
        'greenlets': True, 'multithread': False, 'timeout': None,
        'keys': ['x-wsgiorg.fdevent.%s' % key for key in ('readable', 'timeout', 'writable')]}


# -- exceptions ---------------------------------------------------------------------------------------------------------

def test_exceptions(client, server):
    """Each is logged once, with its own traceback, and is a 500; those beside it are well."""
    before = server.stats()['workers'][0]['exceptions']
    names = ['raised-%d' % number for number in range(6)]
    connections = begin(client, *('/%s/%s' % ('hold' if number % 2 else 'raise', name)
                                  for number, name in enumerate(names)))
    wait_note(client, *('waits for ' + name for name in names))
    client.get('/release/' + '/'.join(names))
    for number, connection in enumerate(connections):
        if number % 2:
            assert connection.read_last().body == names[number].encode()
        else:
            assert_internal_error(connection.read_last())
    server.expect_traceback(*('ValueError: boom raised-%d' % number for number in (0, 2, 4)))
    server.wait_stats(lambda stats: stats['workers'][0]['exceptions'] == before + 3, 'the exceptions to be counted')


def test_exception_in_the_middle_of_a_response(client, server):
    connection, = begin(client, '/break/half')
    connection.wait_for(b'begin')
    wait_note(client, 'waits for half')
    client.get('/release/half')
    assert_aborted(connection.read_last())
    server.expect_traceback('ValueError: broken half')


# -- responses and bodies -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize('path', ['/stream/parts', '/write/parts'])
def test_parts_of_a_response_arrive_as_they_are_made(client, path):
    connection, = begin(client, path)
    if path.startswith('/write'):
        connection.wait_for(b'begin,')
        wait_note(client, 'waits for parts')
        client.get('/release/parts')
        assert connection.read_last().body == b'begin,end'
        return
    for number in range(3):
        connection.wait_for(b'%d,' % number)
        wait_note(client, 'waits for parts-%d' % number)
        client.get('/release/parts-%d' % number)
    assert connection.read_last().body == b'0,1,2,end'
    wait_note(client, 'closed parts')


@pytest.mark.fronts('http', 'uwsgi')
def test_body_that_comes_slowly(client):
    """Others run while a body is waited for."""
    connection = client.connect()
    head = client.encode('POST', '/body/10', body=b'', headers={'Content-Length': '30'})
    connection.send(head + b'x' * 10)
    wait_note(client, 'read 10')
    for _ in range(2):
        assert client.get('/hello').body == b'hello'
        connection.send(b'x' * 10)
        wait_note(client, 'read 10')
    assert json.loads(connection.read_last().body) == [10, 10, 10]


def test_body_that_ends_early(client, server):
    """The client goes while its request waits for the body."""
    connection = client.connect()
    connection.send(client.encode('POST', '/body/10', body=b'', headers={'Content-Length': '30'}) + b'x' * 10)
    wait_note(client, 'read 10')
    connection.reset()
    server.wait_log('request body of POST /body/10')
    assert client.get('/hello').body == b'hello'


@pytest.mark.parametrize('path, size', [('/large/30000000', 30000000), ('/chunks/400', 400 * 65536)])
def test_client_that_reads_slowly(client, path, size):
    """Others run while a response waits for its client; nothing of it is lost."""
    connection, = begin(client, path)
    connection.wait_for(b'xxx')
    for _ in range(3):
        assert client.get('/hello').body == b'hello'
    response = connection.read_last()
    assert response.body == b'x' * size


def test_a_sleep_does_not_time_out_what_follows(client):
    connection, = begin(client, '/large_body/30000000')
    connection.wait_for(b'xxx')
    assert client.get('/hello').body == b'hello'
    assert len(connection.read_last().body) == 30000000


def test_file(client):
    assert client.get('/file').body == APP.read_bytes()
    assert client.head('/file').body == b''


@pytest.mark.parametrize('path', ['/hold/gone', '/stream/gone', '/write/gone'])
def test_client_that_goes_while_its_request_waits(client, server, path):
    connection, = begin(client, path)
    wait_note(client, 'waits for gone' if 'stream' not in path else 'waits for gone-0')
    connection.reset()
    assert client.get('/hello').body == b'hello'
    client.get('/release/gone' if 'stream' not in path else '/release/gone-0')
    server.wait_log('^uri=' + path)
    client.get('/notes')
    client.get('/hello')


# -- descriptors --------------------------------------------------------------------------------------------------------

def test_two_descriptors_ready_at_the_same_time(client):
    """uWSGI's loop closes the second one; here both stay what they are."""
    assert json.loads(client.get('/both_ready').body) == [[False, None, True], [True, None, True], True]


def test_descriptor_with_a_timeout(client):
    assert json.loads(client.get('/timeout').body) == [-1, True, True, None, -1]


def test_descriptors_that_cannot_be_waited_for(client):
    assert json.loads(client.get('/cannot').body) == ['uwsgi.wait_fd_read(): unable to wait for descriptor N'] * 3
    assert client.get('/hello').body == b'hello'


def test_one_descriptor_of_several_requests(client):
    pair = 'common'
    connections = begin(client, *['/share/' + pair] * 4)
    found = []

    def all_wait():
        found.extend(json.loads(client.get('/notes').body))
        return found.count('shares') == 4
    wait_until(all_wait, 'four requests to wait')
    client.get('/release/' + '/'.join([pair] * 4))
    assert [connection.read_last().body for connection in connections] == [b'x'] * 4
    client.get('/forget/' + pair)


def test_exchange_with_another_server(client, server):
    assert client.get('/connect/%s:%d' % server.address('http-socket')).body == b'hello'


def test_websocket(client):
    """What asynchronous chats do: wait for the client and for somebody else at once."""
    with WebSocket(client, '/websocket/chat') as socket:
        for text in ('one', 'two'):
            assert socket.exchange(text.encode()) == text.encode()
            client.get('/release/chat')
            assert socket.read()[1] == b'released'
        socket.send(TEXT, b'end')
        assert socket.connection.wait_closed()


# -- stacks and greenlets -----------------------------------------------------------------------------------------------

def test_greenlets_of_the_application(client):
    connection, = begin(client, '/own_greenlets/own')
    for _ in range(3):
        wait_note(client, 'waits for own')
        assert client.get('/hello').body == b'hello'
        client.get('/release/own')
    assert json.loads(connection.read_last().body) == ['first', 'from inner', 'second', 'over']


def test_switch_to_the_main_greenlet(client):
    assert client.get('/to_main').body == b'back'


def test_deep_stacks(client):
    """Requests far down and far up the stack take turns."""
    connection, = begin(client, '/deep/500')
    wait_note(client, 'waits for deep')
    assert json.loads(client.get('/settings').body)['greenlets']
    client.get('/release/deep')
    assert connection.read_last().body == b'500'


def test_not_in_a_request(client, server):
    found = json.loads(client.get('/elsewhere').body)
    assert len(found) == 4
    for text in found:
        assert 'works on the current request, and there is none' in text


def test_stacks_of_waiting_requests(start_async):
    """The tracebacker shows where requests wait, not only what runs."""
    server = start_async({'py-tracebacker': 'tb'})
    client = server.client()
    connection, = begin(client, '/hold/shown')
    wait_note(client, 'waits for shown')
    with socket.socket(socket.AF_UNIX) as connection_of_tracebacker:
        connection_of_tracebacker.connect(str(server.directory / 'tb1'))
        text = b''.join(iter(lambda: connection_of_tracebacker.recv(65536), b'')).decode()
    assert re.search(r'thread_id = uWSGIWorker1Core\d+ filename = \S+app\.py lineno = \d+ function = wait_for', text), text
    client.get('/release/shown')
    assert connection.read_last().status == 200


# -- the worker ---------------------------------------------------------------------------------------------------------

def test_memory_stays(start_async):
    """Requests that were suspended leave nothing behind."""
    server = start_async({'disable-logging': True})
    client = server.client()

    def round_of(count):
        for _ in range(count):
            for connection in begin(client, *['/self/20?1'] * 20):
                assert connection.read_last().status == 200
        return resident(server.worker_pids()[0])
    before = round_of(150)
    after = round_of(300)
    assert after - before < 24 << 20, (before, after)
    found = json.loads(client.get('/count').body)
    assert found['greenlet'] < 20 and found['Exchange'] < 20 and found['Input'] < 20


def test_graceful_reload_lets_requests_end(start_async, fixed_address):
    server = start_async({'http-socket': fixed_address, 'socket-timeout': 1})
    server.ignore_fds()
    client = server.client()
    first = client.get('/pid').body
    connections = begin(client, '/until/one', '/until/two')
    wait_note(client, 'until one', 'until two')
    # somebody who has said nothing yet does not keep the worker
    before = set(open_fds(int(first)))
    silent = client.connect()
    silent.send(b'GET /')
    wait_until(lambda: set(open_fds(int(first))) - before, 'the worker to accept it')
    server.reload()
    server.wait_log('Gracefully killing worker 1')
    silent.wait_closed()
    for name, connection in zip(('one', 'two'), connections):
        assert len(server.log_lines('spawned uWSGI worker 1 ')) == 1
        server.write(name, '')
        assert connection.read_last().body == first
    server.wait_log('spawned uWSGI worker 1 ', 2)
    assert client.get('/pid').body != first
    assert not server.log_lines('NO MERCY')


def test_reload_under_load(start_async, fixed_address):
    server = start_async({'http-socket': fixed_address, 'processes': 2, 'disable-logging': True})
    server.ignore_fds()
    with Load(server.client(), '/large_body/1000', threads=6) as load:
        for number in range(1, 3):
            load.wait_more(6)
            server.reload()
            server.wait_log('spawned uWSGI worker 2 ', number + 1)
        load.wait_more(12)
    load.check()
    assert not server.log_lines('NO MERCY')


def test_max_requests_does_not_cut_off_others(start_async):
    """The request that is one too many ends the worker when the last one under way is over."""
    server = start_async({'max-requests': 5, 'min-worker-lifetime': 0})
    server.ignore_fds()
    client = server.client()
    connections = begin(client, *['/large_body/1000'] * 12)
    assert [len(connection.read_last().body) for connection in connections] == [1000] * 12
    server.wait_log('The work of process')
    server.wait_log('Respawned uWSGI worker 1')
    wait_until(lambda: client.get('/hello').body == b'hello', 'the new worker')
    assert len(server.log_lines('The work of process')) == 1


def test_stop_with_requests_under_way(start_async):
    server = start_async()
    client = server.client()
    waiting, = begin(client, '/hold/never')
    wait_note(client, 'waits for never')
    assert server.stop(signal.SIGINT) == 0
    assert waiting.wait_closed()[1] == b''


def test_harakiri_of_a_request_that_waits(start_async):
    """Requests that come and end meanwhile do not take it away."""
    server = start_async({'harakiri': 2})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')
    client = server.client()
    begin(client, '/reads_while_stuck')
    wait_note(client, 'stuck')

    def killed():
        try:
            client.get('/hello')
        except (OSError, AssertionError):
            pass
        return server.log_lines('HARAKIRI ON WORKER 1')
    wait_until(killed, 'harakiri')
    server.wait_log('/reads_while_stuck')


def test_harakiri_leaves_those_alone_who_are_in_time(start_async):
    """Each second a request begins and ends, for longer than harakiri allows to one."""
    server = start_async({'harakiri': 2})
    client = server.client()
    for _ in range(4):
        connections = begin(client, *['/large_body/10'] * 3)
        assert [connection.read_last().body for connection in connections] == [b'x' * 10] * 3
    assert not server.log_lines('HARAKIRI')


def test_heads_that_do_not_come(start_async):
    """Their cores are free again after --socket-timeout, and nothing is made of what did come."""
    server = start_async({'socket-timeout': 1, 'async': 4, 'socket': True})
    silent = [server.client('http').connect() for _ in range(2)] + [server.client('uwsgi').connect() for _ in range(2)]
    for connection in silent:
        connection.send(b'GET /hello HT' if connection.front.http else b'\0\x20\0\0\x03\0RE')
    for connection in silent:
        connection.wait_closed()
    connections = begin(server.client('http'), *['/meet/4?1'] * 4)
    assert [connection.read_last().body for connection in connections] == [b'1'] * 4


def test_http11_socket_closes(start_async):
    """uWSGI's async loop does not look at a connection that was kept open: so it says that it closes."""
    server = start_async({'http-socket': None, 'http11-socket': True})
    client = server.client()
    for _ in range(3):
        with client.connect() as connection:
            response = connection.get('/hello')
            assert response.body == b'hello' and response.header('Connection') == 'close'
            assert connection.wait_closed() == ('eof', b'')


@pytest.mark.parametrize('options', [{'lazy-apps': True}, {'processes': 2}, {'loop': 'async'}, {'master': None}],
                         ids=lambda options: next(iter(options)))
def test_other_ways_to_start(start_async, options):
    server = start_async(options)
    client = server.client()
    connections = begin(client, *['/timeout'] * 6)
    assert [json.loads(connection.read_last().body)[:2] for connection in connections] == [[-1, True]] * 6


def test_routes(start_async):
    """uWSGI's routes run in the request's greenlet, too, and what they do stays with the request."""
    server = start_async({'route': ['^/self addheader:X-Route: yes', '^/gone return:404']})
    client = server.client()
    assert client.get('/gone').status == 404
    for connection in begin(client, *['/self/5?1'] * 5):
        assert connection.read_last().header('X-Route') == 'yes'
