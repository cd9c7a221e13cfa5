"""--logger python[:NAME]: what uWSGI logs goes to Python's logging, in the master."""

import os
import re
import signal

import pytest

from harness import wait_until

# it is about the master
pytestmark = pytest.mark.parametrize('engine', ['loop'])

APP = '''
import logging, sys

handler = logging.FileHandler('python.log')
handler.setFormatter(logging.Formatter('[%(name)s %(levelname)s] %(message)s'))
logging.getLogger().addHandler(handler)
HANDLERS

def application(environ, start_response):
    line = environ['QUERY_STRING']
    sys.stderr.buffer.write(b'SAID %s \\xff %%s \\xc3\\xa9\\n' % line.encode())
    sys.stderr.flush()
    start_response('200 OK', [])
    return [b'hello']
'''


class Site:
    def __init__(self, server):
        self.server = server.launch()
        self.path = server.directory / 'python.log'
        self.wait('spawned uWSGI worker 1 ')

    def text(self):
        return self.path.read_text() if self.path.exists() else ''

    def lines(self, text):
        return [line for line in self.text().splitlines() if text in line]

    def wait(self, text, count=1):
        wait_until(lambda: len(self.lines(text)) >= count, '%d lines with %s in python.log' % (count, text))

    def pids(self):
        return [int(pid) for pid in re.findall(r'spawned uWSGI worker \d+ \(pid: (\d+)', self.text())]

    def first_log(self, text):
        return self.server.log_lines(text)


@pytest.fixture
def start(make_site):
    def run(options=None, handlers=''):
        options = {'logger': 'python:of uwsgi', 'http-socket': 'http.sock', 'logformat': 'LOGGED %(uri)', **(options or {})}
        return Site(make_site(options, app=APP.replace('HANDLERS', handlers)))
    return run


@pytest.mark.parametrize('options', [{}, {'log-master': True}, {'threaded-logger': True}, {'processes': 2, 'thunder-lock': True}])
def test_messages(start, options):
    """Each is a record: its name and level, the text without its newline, whatever characters and % are in it; and only there."""
    site = start(options)
    for number in range(3):
        assert site.server.client().get('/?%d' % number).body == b'hello'
        # a request is logged after its response: another thread may serve the next one before
        site.wait('LOGGED', number + 1)
    site.wait('SAID', 3)
    assert site.lines('SAID') == ['[of uwsgi ERROR] SAID %d \\xff %%s é' % number for number in range(3)]
    assert site.lines('LOGGED') == ['[of uwsgi ERROR] LOGGED /?%d' % number for number in range(3)]
    assert '' not in site.text().splitlines()
    assert not site.first_log('SAID|LOGGED')


def test_without_a_name(start):
    site = start({'logger': 'python'})
    assert site.lines('spawned uWSGI worker 1 ')[0].startswith('[root ERROR] spawned')


def test_requests_only(make_site):
    """--req-logger python; the rest goes where it went."""
    server = make_site({'req-logger': 'python:requests', 'master': True, 'logformat': 'LOGGED %(uri)'},
                       app=APP.replace('HANDLERS', '')).start()
    server.client().get('/?1')
    path = server.directory / 'python.log'
    wait_until(lambda: 'LOGGED' in path.read_text(), 'the request')
    server.wait_log('SAID')
    assert path.read_text() == '[requests ERROR] LOGGED /?1\n' and not server.log_lines('LOGGED')


def test_no_circle(start):
    """A handler that writes to the standard streams, in each way, writes to the log that uWSGI was started with, once."""
    site = start(handlers='''
import os
class Loud(logging.StreamHandler):
    def emit(self, record):
        super().emit(record)
        if 'SAID' in record.getMessage():
            print('PRINTED', end='')
            os.write(1, b'WRITTEN\\n')
logging.getLogger().addHandler(Loud())
''')
    site.server.client().get('/?1')
    site.wait('SAID')
    site.wait('LOGGED')
    assert len(site.lines('SAID')) == 1 and not site.lines('PRINTED') and not site.lines('WRITTEN')
    site.server.wait_log('PRINTED')
    assert len(site.first_log('SAID')) == len(site.first_log('WRITTEN')) == 1


def test_handler_that_fails(start):
    """What logging says of it is seen, and the next message is taken."""
    site = start(handlers='''
class Wrong(logging.StreamHandler):
    def format(self, record):
        if 'SAID WRONG' in record.getMessage():
            raise ValueError('the handler failed')
        return 'fine'
logging.getLogger().addHandler(Wrong())
''')
    site.server.expect_traceback('ValueError: the handler failed')
    for text in ('WRONG', 'right'):
        site.server.client().get('/?' + text)
    site.wait('SAID right')
    site.server.wait_log('ValueError: the handler failed')
    assert len(site.lines('SAID WRONG')) == 1


def test_logging_that_fails(start):
    """A filter that raises; its message is in the first log."""
    site = start(handlers='''
def refuse(record):
    if 'SAID WRONG' in record.getMessage():
        raise SystemExit('the filter failed')
    return True
logging.getLogger('of uwsgi').addFilter(refuse)
''')
    site.server.expect_traceback('SystemExit: the filter failed')
    for text in ('WRONG', 'right'):
        site.server.client().get('/?' + text)
    site.wait('SAID right')
    site.server.wait_log('SAID WRONG')
    site.server.wait_log('SystemExit: the filter failed')
    assert not site.lines('SAID WRONG')


def test_application_in_the_workers(make_site):
    """With --lazy-apps nothing sets up logging in the master: its last resort writes to the first log."""
    server = make_site({'logger': 'python', 'http-socket': 'http.sock', 'lazy-apps': True}, app=APP.replace('HANDLERS', '')).launch()
    server.wait_log('spawned uWSGI worker 1 ')
    server.client().get('/?1')
    server.wait_log('SAID 1')


def test_end(start):
    """What is logged after the exit functions is in the first log; nothing is lost."""
    site = start(handlers="import atexit; atexit.register(print, 'FUNCTION')")
    site.server.stop()
    assert site.lines('goodbye') or site.first_log('goodbye')


def test_refused_start(make_site):
    """An option that ends the start before there is a Python."""
    server = make_site({'logger': 'python', 'pypy-gc-nursery': 'much'}).launch()
    server.wait_log('--pypy-gc-nursery much: give a size')


@pytest.mark.parametrize('options', [{}, {'threaded-logger': True}])
def test_worker_that_dies(start, options):
    """The next one is whole, and its messages are records, too."""
    site = start(options)
    pid, = site.pids()
    os.kill(pid, signal.SIGKILL)
    site.wait('Respawned uWSGI worker 1')
    assert site.server.client().get('/?again').body == b'hello'
    site.wait('SAID again')
