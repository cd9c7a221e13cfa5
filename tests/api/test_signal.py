"""uwsgi.register_signal(), signal(), signal_wait() and what sends signals: timers, crontabs, file monitors."""

import re
import socket

import pytest

from api.console import FOR_BOTH, Raised
from harness import wait_until
from harness.fronts import ENGINES
from harness.ports import release_port, reserve_port

# What runs before the fork: a handler that logs who it runs in.
SEEN = '''
import uwsgi

def seen(number):
    where = 'worker %d' % uwsgi.worker_id() if uwsgi.worker_id() else 'mule %d' % uwsgi.mule_id()
    uwsgi.log('signal %d in %s.' % (number, where if where != 'mule 0' else 'spooler'))
'''

BOTH = pytest.mark.parametrize('engine', ENGINES)


@pytest.fixture
def start(start_console):
    """start(code, options): a Console of a server that runs SEEN and `code` before the fork."""
    def start(code='', options=None, engine='stock', **more):
        options = {'pypy-exec': 'before.py', **ENGINES[engine], **(options or {})}
        return start_console(options, files={'before.py': SEEN + code, **more.pop('files', {})}, **more)
    return start


def receivers(server, number):
    """Who got a signal in this test, sorted."""
    found = [re.search(r'signal %d in (.*)\.$' % number, line)
             for line in server.log_lines(r'signal %d in ' % number, since_test=True)]
    return sorted(match[1] for match in found)


TARGETS = {
    '': {('worker 1',), ('worker 2',)},
    'worker': {('worker 1',), ('worker 2',)},
    'worker0': {('worker 1',), ('worker 2',)},
    'worker1': {('worker 1',)},
    'worker2': {('worker 2',)},
    'workers': {('worker 1', 'worker 2')},
    'active-workers': {('worker 1', 'worker 2')},
    'mule': {('mule 1',), ('mule 2',)},
    'mule2': {('mule 2',)},
    'mules': {('mule 1', 'mule 2')},
    'farm_crew': {('mule 1',)},
    'farm1': {('mule 1',)},
    'spooler': {('spooler',)},
}


@BOTH
def test_targets(start, engine):
    """Each target's processes get the signal, and nobody else."""
    code = ''.join('uwsgi.register_signal(%d, %r, seen)\n' % item for item in enumerate([*TARGETS, 'subscribed']))
    console = start(code, {'processes': 2, 'mules': 2, 'farm': 'crew:1', 'spooler': '.'}, engine)
    # uWSGI routes this one to nobody; the others come after it
    console('uwsgi.signal(%d)' % len(TARGETS))
    for number, target in enumerate(TARGETS):
        console('uwsgi.signal(%d)' % number)
    for number, (target, expected) in enumerate(TARGETS.items()):
        count = len(next(iter(expected)))
        wait_until(lambda: len(receivers(console.server, number)) >= count, 'signal %d to %r' % (number, target))
    for number, (target, expected) in enumerate(TARGETS.items()):
        assert tuple(receivers(console.server, number)) in expected, target
    assert receivers(console.server, len(TARGETS)) == []


@pytest.mark.parametrize('target, why', [
    ('nobody', 'it must be worker, workers, active-workers, workerN, mule, mules, muleN, farm_NAME, farmN, spooler, '
               'subscribed or empty'),
    ('worker3', 'there are 2; --processes adds more'),
    ('worker-1', 'it must be .*'),
    ('worker99999999999999999999', 'it must be .*'),
    ('mule', 'there is no mule; --mule adds one'),
    ('mules', 'there is no mule; --mule adds one'),
    ('mule1', 'there are 0; --mules adds more'),
    ('farm1', 'there are 0; --farm adds more'),
    ('farm_crew', 'there is no such farm; --farm adds one'),
    ('spooler', 'there is no spooler; --spooler adds one'),
])
def test_missing_target(shared, target, why):
    """What would make uWSGI's master write to somewhere else, or end it, is refused."""
    with pytest.raises(Raised, match='^ValueError: signal target %r: %s$' % (target, why)):
        shared('uwsgi.register_signal(1, %r, print)' % target)


@pytest.mark.parametrize('call, message', [
    ('register_signal("1", "", print)', 'TypeError: signal number must be int, not str'),
    ('register_signal(256, "", print)', 'ValueError: signal number is 256; it must be from 0 to 255'),
    ('register_signal(-1, "", print)', 'ValueError: signal number is -1; it must be from 0 to 255'),
    ('register_signal(1, None, print)', 'TypeError: signal target must be str or bytes, not NoneType'),
    ('register_signal(1, "farm_" + "x" * 59, print)',
     'ValueError: signal target has 64 bytes; at most 63 are possible'),
    ('register_signal(1, "a\\0b", print)', 'ValueError: signal target must not have a NUL byte'),
    ('register_signal(1, "", 7)', 'TypeError: signal handler must be callable, not int'),
    ('signal(999)', 'ValueError: signal number is 999; it must be from 0 to 255'),
    ('signal(1, 2)', 'TypeError: node must be str or bytes, not int'),
    ('signal(1, "")', 'ValueError: node must not be empty'),
    ('signal_registered(256)', 'ValueError: signal number is 256; it must be from 0 to 255'),
    ('signal_wait(256)', 'ValueError: signal number is 256; it must be from 0 to 255'),
    ('add_timer(1, 0)', 'ValueError: seconds is 0; it must be from 1 to 2147483647'),
    ('add_timer(1, 1.5)', 'TypeError: seconds must be int, not float'),
    ('add_rb_timer(1, 1, -1)', 'ValueError: iterations is -1; it must be from 0 to 2147483647'),
    ('add_cron(1, 60, -1, -1, -1, -1)', 'ValueError: minute is 60; it must be from -2147483647 to 59'),
    ('add_cron(1, -1, -1, 0, -1, -1)', 'ValueError: day is 0; it must be from 1 to 31, or negative'),
    ('add_cron(1, -1, -1, -1, "*", -1)', 'TypeError: month must be int, not str'),
    ('add_file_monitor(1, "x" * 255)', 'ValueError: path has 255 bytes; at most 254 are possible'),
    ('add_file_monitor(1, "")', 'ValueError: path must not be empty'),
])
def test_refused(shared, call, message):
    with pytest.raises(Raised, match='^%s$' % re.escape(message)):
        shared('uwsgi.' + call)


@BOTH
def test_registered(start, engine):
    """Before the fork for all processes and once; after it for one worker, again and again."""
    console = start(FOR_BOTH + '''
import gc
uwsgi.register_signal(0, '', seen)
uwsgi.register_signal(255, b'worker', lambda number: seen(number))
gc.collect()
try:
    uwsgi.register_signal(0, '', seen)
except ValueError as error:
    uwsgi.log('refused: %s' % error)
''', {'processes': 2}, engine)
    assert console.server.log_lines('refused: signal 0 is registered already; only a worker can do that again, for '
                                    'itself$')
    assert console('[uwsgi.signal_registered(n) for n in (0, 7, 255)]') == [True, None, True]
    assert console('uwsgi.signal(255)') is None
    console.server.wait_log('signal 255 in worker')
    console.ask_both('uwsgi.worker_id() == 1 and (uwsgi.register_signal(0, "", print), '
                     'uwsgi.register_signal(7, "", print))')
    found = console.ask_both('uwsgi.signal_registered(0), uwsgi.signal_registered(7)')
    assert found == {1: (True, True), 2: (True, None)}


@BOTH
def test_handlers_of_a_dead_worker(start, engine):
    """A worker that takes a dead one's place has the handlers from before the fork, and only these."""
    console = start('uwsgi.register_signal(1, "", seen)', {}, engine)
    console.server.ignore_fds()
    pid = console('import os; uwsgi.register_signal(1, "", print), uwsgi.register_signal(2, "", print); os.getpid()')
    assert console('uwsgi.signal_registered(2)')
    console('import threading; threading.Timer(0.1, os.kill, (os.getpid(), 9)).start()')
    console.server.allow_alarm('DAMN ! worker 1')
    wait_until(lambda: console.server.worker_pids() not in ([], [pid]), 'the next worker')
    assert console('uwsgi.signal_registered(1), uwsgi.signal_registered(2)') == (True, None)
    console('uwsgi.signal(1)')
    console.server.wait_log('signal 1 in worker 1')


@BOTH
def test_handler_raises(start, engine):
    """It is logged, uWSGI is told, and the worker serves on; so it is with one that no process has."""
    console = start('uwsgi.register_signal(3, "worker1", lambda number: number / 0)', {}, engine)
    console.server.expect_traceback('ZeroDivisionError: division by zero')
    pid = console('import os; os.getpid()')
    console('uwsgi.signal(3)')
    console.server.wait_log('error managing signal 3 on worker 1')
    console('uwsgi.signal(4)')
    console.server.wait_log('error managing signal 4 on worker 1')
    assert console('os.getpid()') == pid


@BOTH
def test_threads(start, engine):
    """With threads each signal is handled once, whichever threads send and take them."""
    console = start('uwsgi.register_signal(7, "", seen)', {'threads': 4}, engine)
    code = '[uwsgi.signal(7) for _ in range(50)] and None'
    connections = [console.client.connect() for _ in range(4)]
    for connection in connections:
        connection.send_request('POST', '/', body=code.encode())
    for connection in connections:
        assert connection.read().body == b'value None'
    console.server.wait_log('signal 7 in worker 1', 200)
    assert console('uwsgi.signal_registered(7)')
    assert len(receivers(console.server, 7)) == 200


@pytest.mark.memory
def test_memory(start_console):
    """A handler that was replaced is given up."""
    console = start_console()
    console('''
import gc, weakref
class Handler:
    def __call__(self, number): pass
alive = weakref.WeakSet()
for _ in range(10000):
    handler = Handler()
    alive.add(handler)
    uwsgi.register_signal(9, 'worker', handler)
del handler
''')
    wait_until(lambda: console('gc.collect(); len(alive)') == 1, 'only the last handler to be alive')


# -- waiting ----------------------------------------------------------------------------------------

# Signals for each of two workers, and for both.
WAITER = '''
uwsgi.register_signal(1, 'worker1', seen)
uwsgi.register_signal(2, 'worker2', seen)
uwsgi.register_signal(8, 'workers', seen)
'''


def start_waiting(console, call):
    """A connection whose worker waits for a signal, and the number of that worker."""
    connection = console.server.client().connect()
    code = 'uwsgi.log("waiting in worker %%d." %% uwsgi.worker_id()); %s, uwsgi.signal_received()' % call
    connection.send_request('POST', '/', body=code.encode())
    line = console.server.wait_log('waiting in worker')[-1]
    return connection, int(re.search(r'worker (\d)\.', line)[1])


@BOTH
def test_wait(start, engine):
    """signal_wait() runs the handler and tells which signal it was; with a number it waits for that one."""
    console = start(WAITER, {'processes': 2}, engine)
    connection, worker = start_waiting(console, 'uwsgi.signal_wait()')
    console('uwsgi.signal(%d)' % worker)
    assert connection.read().body == b"value (b'', %d)" % worker
    assert receivers(console.server, worker) == ['worker %d' % worker]
    assert console('uwsgi.signal_received()') == 0


@BOTH
def test_wait_for_one(start, engine):
    console = start(WAITER, {'processes': 2}, engine)
    connection, worker = start_waiting(console, 'uwsgi.signal_wait(8)')
    console('uwsgi.signal(%d)' % worker)
    console.server.wait_log('signal %d in worker' % worker)
    console('uwsgi.signal(8)')
    assert connection.read().body == b"value (b'', 8)"
    console.server.wait_log('signal 8 in worker', 2)


@BOTH
@pytest.mark.parametrize('threads', [1, 2])
def test_wait_ends_with_the_worker(start, engine, threads):
    """A reload does not wait for a signal that may never come."""
    # a socket that is the same after the reload
    console = start('', {'threads': threads, 'http-socket': 'site.sock'}, engine)
    console.server.ignore_fds()
    connection, _ = start_waiting(console, 'uwsgi.signal_wait()')
    console.server.reload()
    assert connection.read().body == b"value (b'', -1)"
    console.server.wait_log('spawned uWSGI worker 1 ', 2)
    assert console('uwsgi.worker_id()') == 1


def test_outside_of_a_request(start):
    """What needs a request says so; and before the workers run there is nobody to send a signal."""
    console = start('''
def attempt(function, *arguments):
    try:
        function(*arguments)
    except RuntimeError as error:
        uwsgi.log('refused: %s.' % error)

attempt(uwsgi.signal, 1)
attempt(uwsgi.signal_wait)
attempt(uwsgi.signal_received)
uwsgi.register_signal(1, '', lambda number: attempt(uwsgi.signal_wait))
''')
    refused = [line.partition('refused: ')[2] for line in console.server.log_lines('refused: ')]
    assert refused == ['signals can be sent once the workers are started.', 'uwsgi.signal_wait() needs a request.',
                       'uwsgi.signal_received() needs a request.']
    console('uwsgi.signal(1)')
    console.server.wait_log(r'refused: uwsgi.signal_wait\(\) needs a request', 2)


def test_without_a_master(start_console):
    console = start_console({'master': None})
    for call, message in (
            ('register_signal(1, "", print)', 'ValueError: signals need a master; --master starts one'),
            ('signal(1)', 'RuntimeError: signals need a master; --master starts one'),
            ('signal_wait()', 'RuntimeError: signals need a master; --master starts one'),
            ('add_timer(1, 1)', 'ValueError: timers need a master; --master starts one'),
            ('add_rb_timer(1, 1)', 'ValueError: timers need a master; --master starts one'),
            ('add_file_monitor(1, "/")', 'ValueError: file monitors need a master; --master starts one'),
            ('add_cron(1, -1, -1, -1, -1, -1)', 'ValueError: crontabs need a master; --master starts one')):
        with pytest.raises(Raised, match='^%s$' % message):
            console('uwsgi.' + call)
    assert console('uwsgi.signal_registered(1)') is None


def test_in_a_mule(start):
    """A mule sends signals, but registers none."""
    console = start('''
def in_mule(number):
    uwsgi.signal(2)
    try:
        uwsgi.register_signal(3, '', print)
    except ValueError as error:
        uwsgi.log('refused: %s' % error)

uwsgi.register_signal(1, 'mule', in_mule)
uwsgi.register_signal(2, 'worker', seen)
''', {'mule': True})
    console('uwsgi.signal(1)')
    console.server.wait_log('signal 2 in worker 1')
    console.server.wait_log('refused: only the master and the workers can register signals')


# -- other instances --------------------------------------------------------------------------------

@BOTH
def test_remote(start, start_console, engine):
    """A signal to another instance; one that does not take it, and one that is not there."""
    taker = start('uwsgi.register_signal(5, "", seen)', {'http-socket': None, 'socket': True, 'plugin': 'signal'}, engine)
    refuser = start_console({'http-socket': None, 'socket': True, 'plugin': 'signal', 'master': None, **ENGINES[engine]})
    refuser.server.allow_alarm('uwsgi_signal_send')
    sender = start_console()
    assert sender('uwsgi.signal(5, "%s:%d")' % taker.server.address('socket')) is None
    taker.server.wait_log('signal 5 in worker 1')
    node = '%s:%d' % refuser.server.address('socket')
    with pytest.raises(Raised, match='^ValueError: node %s rejected signal 5$' % node):
        sender('uwsgi.signal(5, %r)' % node)


def test_remote_is_dead(start_console):
    """Nobody listens, or nobody answers: an error after --socket-timeout at the latest."""
    console = start_console({'socket-timeout': 1})
    port = reserve_port()
    try:
        with pytest.raises(Raised, match='^OSError: unable to deliver signal 5 to node :%d$' % port):
            console('uwsgi.signal(5, ":%d")' % port)
    finally:
        release_port(port)
    with socket.create_server(('127.0.0.1', 0)) as silent:
        node = '127.0.0.1:%d' % silent.getsockname()[1]
        with pytest.raises(Raised, match='^OSError: unable to deliver signal 5 to node %s$' % node):
            console('uwsgi.signal(5, %r)' % node)


# -- timers, crontabs, file monitors ----------------------------------------------------------------

@BOTH
def test_timers(start, engine):
    """Both kinds fire again and again; one with iterations so many times, whatever fires beside it."""
    console = start('''
for number in range(1, 5):
    uwsgi.register_signal(number, 'worker1', seen)
uwsgi.add_timer(1, 1)
uwsgi.add_rb_timer(2, 1)
uwsgi.add_rb_timer(3, 1, 2)
assert uwsgi.add_cron(4, -1, -1, -1, -1, -1) is True
''', {}, engine)
    console.server.wait_log('signal 1 in worker 1', 2)
    console.server.wait_log('signal 2 in worker 1', 5)
    assert len(receivers(console.server, 3)) == 2
    # a crontab of all -1 is due at the master's first look
    console.server.wait_log('signal 4 in worker 1')


@BOTH
def test_timer_of_a_worker(start, engine):
    """A worker can start them, too."""
    console = start('uwsgi.register_signal(1, "", seen); uwsgi.register_signal(2, "", seen)', {}, engine)
    assert console('uwsgi.add_timer(1, 1), uwsgi.add_cron(2, -1, -1, -1, -1, -1)') == (None, True)
    console.server.wait_log('signal 1 in worker 1')
    console.server.wait_log('signal 2 in worker 1')


@BOTH
def test_file_monitor(start, engine):
    """A file that is written, and a directory that gets one."""
    console = start('''
uwsgi.register_signal(1, '', seen)
uwsgi.register_signal(2, '', seen)
uwsgi.add_file_monitor(1, 'watched.txt')
uwsgi.add_file_monitor(2, b'folder')
''', {}, engine, files={'watched.txt': '', 'folder/first.txt': ''})
    # the master starts to watch a moment after the workers run
    watched, folder = console.server.directory / 'watched.txt', console.server.directory / 'folder'

    def touch():
        watched.write_text('more')
        return receivers(console.server, 1)
    wait_until(touch, 'signal 1')
    (folder / 'second.txt').write_text('')
    console.server.wait_log('signal 2 in worker 1')


def test_full(start_console):
    """uWSGI has 64 of each kind."""
    console = start_console()
    for call, message in (
            ('add_file_monitor(1, "/proc")', 'ValueError: no more than 64 file monitors are possible'),
            ('add_timer(1, 1000)', 'ValueError: no more than 64 timers are possible'),
            ('add_rb_timer(1, 1000)', 'ValueError: no more than 64 rb_timers are possible'),
            ('add_cron(1, 0, 0, 31, 2, -1)', 'ValueError: no more than 64 crontabs are possible')):
        console('[uwsgi.%s for _ in range(64)] and None' % call)
        with pytest.raises(Raised, match='^%s$' % message):
            console('uwsgi.' + call)


# -- what many tests share --------------------------------------------------------------------------

@pytest.fixture(scope='module')
def shared_console(tmp_path_factory):
    from api.console import APP, Console
    from harness import Server
    server = Server(tmp_path_factory.mktemp('signal'), {'http-socket': True, 'pypy-wsgi': 'app', 'master': True,
                                                        'processes': 2}, app=APP).start()
    yield Console(server)
    server.kill()


@pytest.fixture
def shared(shared_console):
    """The Console of a server that refuses."""
    shared_console.server.begin_test()
    yield shared_console
    shared_console.server.end_test()
