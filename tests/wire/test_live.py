"""The wire corpus against a live server: what a case says is what its client gets, and what the application sees.

Each case runs in one segment and, where something follows the first request, with the rest sent after the first
answer; a few of each directory run byte by byte. After each case the application is asked which calls it had: exactly
those that the case lists, so that no hidden request can pass unseen.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness import ServerSpec

CORPUS = Path(__file__).parent / 'corpus'
DIRECTORIES = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())

APP = r'''
import json

calls = []


def application(environ, start_response):
    if environ['PATH_INFO'] == '/the-calls':
        body = json.dumps(calls)
        calls.clear()
    else:
        calls.append({
            'request': '%(REQUEST_METHOD)s %(REQUEST_URI)s %(SERVER_PROTOCOL)s' % environ,
            'body': environ['wsgi.input'].read().decode('latin-1'),
            'headers': {name: value for name, value in environ.items()
                        if name.startswith(('HTTP_', 'CONTENT_')) and isinstance(value, str)},
        })
        body = 'call'
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [body.encode()]
'''

# Where the loop is stricter than the parser that the case is about: the status that it answers instead.
DIFFERENCES = {
    'target/escape-broken': '400',   # PATH_INFO is decoded, and what that is cannot be told
}

# a head of 40 KB is one of those that are refused
SERVER = ServerSpec(app=APP, options={'pypy-http-head-max': 32768, 'disable-logging': True})

CONTINUE = b'HTTP/1.1 100 Continue\r\n\r\n'

pytestmark = pytest.mark.fronts('loop')


@dataclass
class Request:
    line: str
    fields: dict = field(default_factory=dict)
    headers: list = field(default_factory=list)


@dataclass
class Case:
    name: str
    requests: list
    end: str
    data: bytes


def unescape(text):
    """The bytes, as latin-1, that a value of a case stands for."""
    plain = {'r': '\r', 'n': '\n', '\\': '\\'}
    return re.sub(r'\\(?:x(..)|(.))', lambda m: chr(int(m[1], 16)) if m[1] else plain[m[2]], text)


def read_case(path):
    about, _, data = path.read_bytes().partition(b'---\n')
    case = Case(path.stem, [], '', data)
    for line in about.decode('ascii').splitlines():
        name, _, value = line.partition(':')
        value = unescape(value[1:])
        if name == 'request':
            case.requests.append(Request(value))
        elif name == 'header':
            case.requests[-1].headers.append(tuple(value.split(': ', 1)) if ': ' in value else (value.rstrip(':'), ''))
        elif name == 'end':
            case.end = value
        elif case.requests:
            case.requests[-1].fields[name] = value
    if '%s/%s' % (path.parent.name, path.stem) in DIFFERENCES:
        case.requests, case.end = [], DIFFERENCES['%s/%s' % (path.parent.name, path.stem)]
    return case


def cases_of(directory):
    return [read_case(path) for path in sorted((CORPUS / directory).glob('*.case'))]


def first_request_end(data):
    """Where the first request of these bytes ends; it is a sound one."""
    start = len(data) - len(data.lstrip(b'\r\n'))
    end = data.index(b'\r\n\r\n', start) + 4
    head = data[start:end]
    length = re.search(rb'(?i)\r\ncontent-length:[ \t]*(\d+)', head)
    if length:
        return end + int(length[1])
    if not re.search(rb'(?i)\r\ntransfer-encoding:', head):
        return end
    while True:
        size, line_end = int(re.match(rb'[0-9A-Fa-f]+', data[end:])[0], 16), data.index(b'\r\n', end) + 2
        if not size:
            break
        end = line_end + size + 2
    end = line_end
    while not data.startswith(b'\r\n', end):
        end = data.index(b'\r\n', end) + 2
    return end + 2


def send_whole(connection, case, check):
    connection.send(case.data)
    return [check(connection, request) for request in case.requests]


def send_rest_after_answer(connection, case, check):
    end = first_request_end(case.data)
    connection.send(case.data[:end])
    answers = [check(connection, case.requests[0])]
    connection.send(case.data[end:])
    return answers + [check(connection, request) for request in case.requests[1:]]


def send_bytes(connection, case, check):
    for i in range(len(case.data)):
        connection.send(case.data[i:i + 1])
    return [check(connection, request) for request in case.requests]


def may_wait_for_continue(request):
    return request.fields.get('expect') == 'yes'


class Failed(AssertionError):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def check_call(call, request):
    """What the application saw is what the case says that it sees."""
    seen = call['headers']
    method, target, version = request.line.split(' ')
    wanted = [request.line, '%s %s? %s' % (method, target, version)]   # an empty query is none
    if target.startswith('/?'):
        wanted.append('%s %s %s' % (method, target[1:], version))   # http://host?query
    expect(call['request'] in wanted, 'the application saw %r' % call['request'])
    expect(call['body'] == request.fields.get('body', ''), 'the application read %r' % call['body'])
    expect(seen.get('HTTP_HOST') == request.fields.get('host'), 'HTTP_HOST is %r' % seen.get('HTTP_HOST'))
    for name, value in request.headers:
        key = name.upper().replace('-', '_')
        key = key if key in ('CONTENT_TYPE', 'CONTENT_LENGTH') else 'HTTP_' + key
        if '_' in name:
            expect(value not in seen.get(key, ''), '%s passes for a name with dashes: %r' % (name, seen.get(key)))
        else:
            expect(value in seen.get(key, '(none)'), '%s is %r' % (key, seen.get(key)))


def check_end(connection, case, calls):
    """The connection after the answers; `calls` asks the application, so that the server has seen everything."""
    if case.end == 'open':
        called = calls()
        if not case.requests and b'\r\nexpect: 100-continue' in case.data.lower():
            connection.wait_for(CONTINUE)
            connection.reader.data = connection.reader.data.replace(CONTINUE, b'', 1)
        connection.sock.setblocking(False)
        try:
            more = connection.sock.recv(100)
        except BlockingIOError:
            more = None
        connection.sock.setblocking(True)
        expect(more is None and not connection.reader.data, 'the connection is not open and quiet: %r' % more)
        connection.half_close()
    elif case.end != 'close':
        answer = connection.read()
        expect(answer.status == int(case.end), 'refused with %s' % answer.status)
        expect(answer.complete and answer.header('Connection') == 'close', 'answer %r' % answer)
    connection.sock.settimeout(20)
    ended, rest = connection.wait_closed()
    expect(not rest, '%r followed' % rest)
    return called if case.end == 'open' else calls()


def run_case(client, case, send):
    def calls():
        return json.loads(client.get('/the-calls').body)

    def check(connection, request):
        method = request.line.partition(' ')[0]
        answer = connection.read(method)
        expect(answer.status == 200 and answer.complete, 'answer %r' % answer)
        expect(answer.body == (b'' if method == 'HEAD' else b'call'), 'answer %r' % answer)
        return answer

    calls()
    with client.connect() as connection:
        answers = send(connection, case, check)
        called = check_end(connection, case, calls)
    expect(len(called) == len(case.requests), 'calls of the application: %r' % called)
    for answer, call, request in zip(answers, called, case.requests):
        expect(not answer.interim or may_wait_for_continue(request), '%r without being asked' % answer.interim)
        check_call(call, request)
        keeps = request.fields['keep'] == 'yes'
        said = answer.header('Connection')
        if request.line.endswith('/1.1'):
            expect(said == (None if keeps else 'close'), 'Connection: %s' % said)
        else:
            expect(said == ('keep-alive' if keeps else 'close'), 'Connection: %s' % said)


def run_cases(client, cases, send):
    assert cases
    failures = []
    for case in cases:
        try:
            run_case(client, case, send)
        except AssertionError as error:
            failures.append('%s: %s' % (case.name, str(error)[:400]))
    assert not failures, '\n'.join(failures)


@pytest.mark.parametrize('directory', DIRECTORIES)
def test_in_one_segment(client, directory):
    run_cases(client, cases_of(directory), send_whole)


@pytest.mark.parametrize('directory', DIRECTORIES)
def test_byte_by_byte(client, directory):
    """The first short case of each kind of end."""
    chosen = {}
    for case in cases_of(directory):
        kind = (case.end, bool(case.requests))
        if len(case.data) < 600 or directory == 'limits' and len(case.data) < 5000:
            chosen.setdefault(kind, case)
    run_cases(client, chosen.values(), send_bytes)


def test_the_rest_after_the_first_answer(client):
    run_cases(client, [case for directory in DIRECTORIES for case in cases_of(directory)
                       if case.requests and first_request_end(case.data) < len(case.data)], send_rest_after_answer)
