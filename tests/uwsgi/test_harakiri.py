"""--harakiri: a stuck worker is killed and replaced, and the log has the Python traceback of what it was doing."""

import re
from pathlib import Path

import pytest

from harness import wait_until

MASTER = {'master': True, 'harakiri': 1, 'stats': True}
STUCK = {'sleep': 'stuck_in_sleep', 'loop': 'stuck_in_loop', 'lock': 'stuck_on_lock'}


def stacks(server):
    """The lines of the stack dump in the log."""
    server.wait_log('end of Python stacks')
    lines = server.log_lines(since_test=True)
    begin = next(number for number, line in enumerate(lines) if '*** Python stacks of worker' in line)
    end = next(number for number, line in enumerate(lines) if 'end of Python stacks' in line)
    return lines[begin:end + 1]


def expect_kill(server):
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')


@pytest.mark.parametrize('how', list(STUCK))
def test_traceback_of_the_stuck_request(start_site, how):
    """Asleep, in a busy loop, or waiting for a lock: file, line, function and text are there; then a new worker serves."""
    server = start_site(MASTER)
    expect_kill(server)
    first = server.worker_pids()[0]
    response = server.client().get('/stuck/' + how)
    assert response.empty
    found = '\n'.join(stacks(server))
    assert re.search(r'File ".*app\.py", line \d+, in %s\n +\S' % STUCK[how], found), found
    assert re.search(r'File ".*app\.py", line \d+, in application\n', found), found
    assert 'pid: %d' % first in found and re.search('Thread MainThread ', found)
    server.wait_log('HARAKIRI ON WORKER 1')
    assert server.client().get('/hello').body == b'hello'
    assert int(server.client().get('/pid').body) != first
    assert server.wait_stats(lambda stats: stats['workers'][0]['harakiri_count'] == 1, 'the harakiri to be counted')


@pytest.mark.parametrize('how', list(STUCK))
def test_the_stuck_one_of_several_threads(start_site, how):
    """The dump names the thread; the threads that only wait are not mistaken for it."""
    server = start_site({**MASTER, 'threads': 3})
    expect_kill(server)
    assert server.client().get('/stuck/' + how).empty
    found = '\n'.join(stacks(server))
    assert len(re.findall(r'in %s\n' % STUCK[how], found)) == 1, found
    name = re.search(r'Thread (\S+) [^\n]*most recent call last:(?:(?!Thread ).)*in %s\n' % STUCK[how], found, re.S)
    assert name and re.fullmatch(r'MainThread|uWSGIWorker1Core[012]', name[1]), found
    wait_until(lambda: server.client().get('/hello').body == b'hello', 'a new worker')


def test_only_the_stuck_worker_dies(start_site):
    server = start_site({**MASTER, 'processes': 2})
    expect_kill(server)
    with server.client().connect() as stuck:
        stuck.send_request('GET', '/stuck/sleep')
        first = int(server.client().get('/pid').body)
        assert stuck.read().empty
    server.wait_log('Respawned uWSGI worker')
    assert first in server.worker_pids()
    assert len(server.log_lines('HARAKIRI ON WORKER')) == 1


def test_requests_within_the_limit_are_left_alone(start_site):
    """A request that takes its time, but less than the limit, and those after it."""
    server = start_site({**MASTER, 'harakiri': 60})
    with server.client().connect() as connection:
        connection.send_request('GET', '/hold/a')
        wait_until((server.directory / 'a.held').exists, 'the request')
        server.write('a.release', '')
        assert connection.read().status == 200
    assert not server.log_lines('HARAKIRI ON')


def test_harakiri_twice(start_site):
    """The replacement can show its stacks as well."""
    server = start_site(MASTER)
    expect_kill(server)
    for number in (1, 2):
        assert server.client().get('/stuck/loop').empty
        server.wait_log('end of Python stacks', number)
        server.wait_log('Respawned uWSGI worker', number)
    assert server.client().get('/hello').body == b'hello'


EVERY_THREAD = '''
import threading, time

def in_the_background():
    while True:
        time.sleep(0.01)

threading.Thread(target=in_the_background, daemon=True, name='background').start()

def compiled():
    number = 0
    while True:
        number = (number * 3 + 1) % 1000003

def patient():
    while True:
        time.sleep(0.01)

def application(environ, start_response):
    start_response('200 OK', [])
    if environ['PATH_INFO'] == '/patient':
        open('patient', 'w').close()
        patient()
    compiled()
'''


def test_stacks_of_every_thread(start_site):
    """Of the request in a compiled loop, of another request, and of a thread of the application."""
    server = start_site({**MASTER, 'harakiri': 2, 'threads': 2, 'lazy-apps': True}, app=EVERY_THREAD)
    expect_kill(server)
    with server.client().connect() as other:
        other.send_request('GET', '/patient')
        wait_until((server.directory / 'patient').exists, 'the other request')
        assert server.client().get('/compiled').empty
        found = '\n'.join(stacks(server))
    for name in ('compiled', 'patient', 'in_the_background'):
        assert re.search(r'app\.py", line \d+, in %s\n' % name, found), found
    assert 'Thread background ' in found
    wait_until(lambda: len(server.log_lines('spawned|Respawned')) > 1, 'a new worker')


OWN_HARAKIRI = '''
import uwsgi

def stuck_on_its_own():
    uwsgi.set_user_harakiri(1)
    while True:
        pass

def application(environ, start_response):
    if environ['PATH_INFO'] == '/stuck':
        stuck_on_its_own()
    start_response('200 OK', [])
    return [str(uwsgi.worker_id()).encode()]
'''


def threads_of(server):
    return len(list(Path('/proc/%d/task' % server.worker_pids()[0]).iterdir()))


def test_harakiri_that_a_request_sets_itself(start_site):
    """A worker without --harakiri has one thread, until a request may need somebody to tell what it was doing."""
    server = start_site({'master': True, 'stats': True}, app=OWN_HARAKIRI)
    expect_kill(server)
    assert server.client().get('/').status == 200
    assert threads_of(server) == 1
    assert server.client().get('/stuck').empty
    assert re.search(r'app\.py", line \d+, in stuck_on_its_own\n', '\n'.join(stacks(server)))
    server.wait_log('Respawned uWSGI worker')
    assert server.client().get('/').status == 200
    assert threads_of(server) == 1
