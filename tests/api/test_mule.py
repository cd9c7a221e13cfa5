"""Mules, farms and their messages."""

import os
import signal

import pytest

from api.console import Raised
from harness import wait_until

# A hook in every mule that logs who got what.
LOG_MESSAGES = '''
import uwsgi
def log_message(message):
    print('GOT', uwsgi.mule_id(), message)
uwsgi.mule_msg_hook = log_message
'''


@pytest.fixture
def start_mules(start_console):
    """A console with mules that log their messages."""
    def start(options=None, **more):
        return start_console({'mules': 2, 'pypy-exec': 'hook.py', **(options or {})},
                             files={'hook.py': LOG_MESSAGES, **more.pop('files', {})}, **more)
    return start


def got(server, count=1):
    """Sorted (mule, message) of the messages that came."""
    lines = server.wait_log('^GOT ', count)
    return sorted((int(line.split(' ', 2)[1]), line.split(' ', 2)[2]) for line in lines)


# -- the hook --------------------------------------------------------------------------------------------------------

def test_messages(start_mules):
    """To a mule, to any of them; str and bytes; NULs, and no bytes that are not UTF-8, matter."""
    console = start_mules()
    assert console(r'uwsgi.mule_msg("\u2603", 1), uwsgi.mule_msg(b"\0\xff", 2), '
                   'uwsgi.mule_msg(bytearray(b"array"), target=2)') == (True, True, True)
    assert got(console.server, 3) == [
        (1, repr('\u2603'.encode())), (2, r"b'\x00\xff'"), (2, "b'array'")]
    assert console('uwsgi.mule_msg("any"), uwsgi.mule_msg("any", 0), uwsgi.mule_msg("any", None)') == (
        True, True, True)
    assert [message for _, message in got(console.server, 6)].count("b'any'") == 3


def test_order(start_mules):
    """A mule gets the messages of one sender in their order."""
    console = start_mules()
    assert console('all([uwsgi.mule_msg("%03d" % number, 1) for number in range(100)])') is True
    lines = console.server.wait_log('^GOT ', 100)
    assert lines == ["GOT 1 b'%03d'" % number for number in range(100)]


def test_from_every_process(start_site, tmp_path):
    """Workers, mules and spoolers can send."""
    server = start_site(LOG_MESSAGES + '''
def hook():
    kind = 'worker' if uwsgi.worker_id() else 'mule' if uwsgi.mule_id() else 'spooler'
    uwsgi.mule_msg(kind, 1)
uwsgi.post_fork_hook = hook
''', {'mules': 1, 'spooler': tmp_path / 'spool'})
    assert got(server, 3) == [(1, "b'%s'" % kind) for kind in ('mule', 'spooler', 'worker')]


def test_hook_that_raises(start_console):
    """It is logged; the mule lives and gets the next message."""
    console = start_console({'mules': 1, 'pypy-exec': 'hook.py'}, files={'hook.py': '''
import uwsgi
def hook(message):
    if message == b'fail':
        raise ValueError('of the test')
    print('GOT', message)
uwsgi.mule_msg_hook = hook
'''})
    console.server.expect_traceback('ValueError: of the test')
    console('uwsgi.mule_msg("fail"), uwsgi.mule_msg("next")')
    console.server.wait_log("^GOT b'next'$")
    assert not console.server.log_lines('crippled')


def test_without_a_hook(start_console):
    """uWSGI logs that there was a message."""
    console = start_console({'mules': 1})
    console('uwsgi.mule_msg("12345")')
    console.server.wait_log('mule 1 received a 5 bytes message')


def test_large_messages(start_mules):
    """The hook gets 65535 bytes as they are; of more uWSGI reads 65536 bytes, and that is logged."""
    console = start_mules({'pypy-eval': 'import uwsgi; uwsgi.mule_msg_hook = lambda message: print("GOT 1", '
                                        'len(message))', 'pypy-exec': None})
    console('uwsgi.mule_msg("x" * 65535, 1)')
    assert got(console.server) == [(1, '65535')]
    console('uwsgi.mule_msg("x" * 70000, 1)')
    console.server.wait_log('mule 1: a message of 65536 bytes or more: what is beyond is lost')


def test_queue_is_full(start_site):
    """mule_msg() never waits: False, and a log line that names the option for it."""
    server = start_site('''
import uwsgi
def application(environ, start_response):
    start_response('200 OK', [])
    sent = 0
    while uwsgi.mule_msg('x' * 1000):
        sent += 1
    return [b'%d' % sent]
''', args=['--mule=mule.py'], files={'mule.py': 'import time\ntime.sleep(3600)'})
    assert int(server.client().get('/').body) > 0
    server.wait_log('MULE MSG QUEUE IS FULL.*--mule-msg-size')


@pytest.mark.parametrize('call, message', [
    ('mule_msg("x", 3)', 'ValueError: mule is 3; it must be from 0 to 2'),
    ('mule_msg("x", -1)', 'ValueError: mule is -1; it must be from 0 to 2'),
    ('mule_msg("x", 1.5)', 'TypeError: mule must be int, not float'),
    ('mule_msg("x", "farm")', 'RuntimeError: there is no farm; --farm NAME:MULE,MULE makes one'),
    ('mule_msg(1)', 'TypeError: message must be str or bytes, not int'),
    ('farm_msg("farm", "x")', 'RuntimeError: there is no farm; --farm NAME:MULE,MULE makes one'),
    ('mule_get_msg()', r'ValueError: uwsgi.mule_get_msg\(\) is for mules'),
    ('farm_get_msg()', r'ValueError: uwsgi.farm_get_msg\(\) is for mules'),
    ('in_farm(1)', 'TypeError: farm must be str or bytes, not int'),
])
def test_refused(start_console, call, message):
    with pytest.raises(Raised, match='^%s$' % message):
        start_console({'mules': 2})('uwsgi.' + call)


def test_without_mules(start_console):
    console = start_console()
    with pytest.raises(Raised, match='^RuntimeError: there is no mule; --mule or --mules N adds them$'):
        console('uwsgi.mule_msg("x")')
    assert console('uwsgi.in_farm()') is None


# -- farms -----------------------------------------------------------------------------------------------------------

def test_farms(start_mules):
    """One mule of the farm gets a message to it."""
    console = start_mules({'mules': 3, 'farm': ['first:1,2', 'second:3']})
    for target in ('"first"', 'b"first"'):
        assert console('uwsgi.mule_msg("one", %s), uwsgi.farm_msg(%s, "two")' % (target, target)) == (True, None)
    console('uwsgi.farm_msg("second", b"three")')
    messages = got(console.server, 5)
    assert {mule for mule, message in messages if message != "b'three'"} <= {1, 2} and (3, "b'three'") in messages
    for call in ('farm_msg("third", "x")', 'mule_msg("x", "third")'):
        with pytest.raises(Raised, match="^ValueError: there is no farm 'third'$"):
            console('uwsgi.' + call)


def test_in_farm(start_site):
    server = start_site('''
import uwsgi
def hook():
    print('FARMS', uwsgi.mule_id(), uwsgi.in_farm(), uwsgi.in_farm(None), uwsgi.in_farm('first'),
          uwsgi.in_farm(b'second'), uwsgi.in_farm('third'))
uwsgi.post_fork_hook = hook
''', {'mules': 3, 'farm': ['first:1,2', 'second:2']})
    assert sorted(server.wait_log('^FARMS', 4)) == [
        'FARMS 0 None None None None None', 'FARMS 1 True True True None None', 'FARMS 2 True True True True None',
        'FARMS 3 None None None None None']


# -- programs of mules -----------------------------------------------------------------------------------------------

def test_program(start_console):
    """--mule=FILE.py runs as __main__, with messages by mule_get_msg()."""
    console = start_console(args=['--mule=mule.py'], files={'mule.py': '''
import sys, uwsgi
class Thing:
    pass
print('PROGRAM', __name__, __file__, sys.modules['__main__'].Thing is Thing, uwsgi.mule_id())
while True:
    print('GOT', uwsgi.mule_id(), uwsgi.mule_get_msg())
'''})
    assert console.server.wait_log('^PROGRAM') == ['PROGRAM __main__ mule.py True 1']
    console('uwsgi.mule_msg("a"), uwsgi.mule_msg(b"", 1), uwsgi.mule_msg("b", 1)')
    assert [message for _, message in got(console.server, 3)] == ["b''", "b'a'", "b'b'"]


@pytest.mark.parametrize('what', ['program:run', 'package.program:run', 'program.py:run', './program.py:run'])
def test_function(start_console, what):
    """--mule=MODULE:FUNCTION and FILE.py:FUNCTION call it."""
    source = 'import uwsgi\ndef run():\n    while True:\n        print("GOT", uwsgi.mule_id(), uwsgi.mule_get_msg())'
    console = start_console(args=['--mule=' + what], files={'program.py': source, 'package/program.py': source})
    console('uwsgi.mule_msg("a")')
    assert got(console.server) == [(1, "b'a'")]


@pytest.mark.parametrize('source, last', [
    ('import uwsgi\nraise ValueError("of the test")', 'ValueError: of the test'),
    ('1 +', 'SyntaxError: invalid syntax'),
])
def test_program_that_fails(start_console, source, last):
    """Its traceback is in the log, and uWSGI starts it again."""
    console = start_console(args=['--mule=mule.py'], files={'mule.py': source})
    server = console.server
    server.wait_log('the program mule.py of mule 1 failed, see above')
    server.write('mule.py', 'print("MENDED")\nimport uwsgi\nuwsgi.mule_get_msg()')
    server.wait_log('^MENDED$')
    server.expect_traceback(*[last] * len(server.log_lines('the program mule.py of mule 1 failed')))
    assert console('uwsgi.worker_id()') == 1


def test_program_that_is_missing(start_console):
    console = start_console(args=['--mule=no_such_module:run'])
    console.server.wait_log('the program no_such_module:run of mule 1 failed, see above')
    console.server.stop()
    server = console.server
    server.expect_traceback(*["ModuleNotFoundError: No module named 'no_such_module'"]
                            * len(server.log_lines('^ModuleNotFoundError')))


def test_program_that_ends(start_console):
    """A program that ends, also by sys.exit(), is started again without any traceback."""
    console = start_console(args=['--mule=mule.py'], files={'mule.py': 'import sys\nprint("RAN")\nsys.exit("so far")'})
    console.server.wait_log('^RAN$', 2)
    console.server.wait_log('^so far$')


def test_mule_is_replaced(start_mules):
    """A mule that was killed comes back and gets its messages."""
    console = start_mules()
    server = console.server
    console('uwsgi.mule_msg("before", 1)')
    got(server)
    pid = int(server.log_lines('spawned uWSGI mule 1')[0].split('pid: ')[1].rstrip(')'))
    os.kill(pid, signal.SIGKILL)
    server.wait_log('spawned uWSGI mule 1', 2)
    console('uwsgi.mule_msg("after", 1)')
    assert (1, "b'after'") in got(server, 2)


# -- mule_get_msg() and farm_get_msg() -------------------------------------------------------------------------------

def test_get_msg_options(start_console):
    """timeout in seconds, after which b'' comes; buffer_size; farms."""
    console = start_console({'farm': 'farm:1'}, args=['--mule=mule.py'], files={'mule.py': '''
import uwsgi
def show(**options):
    try:
        message = uwsgi.mule_get_msg(**options)
        # what is longer than a write may have a line of another process in the middle
        print('ANSWER', message if len(message) < 100 else (len(message), set(message)))
    except (TypeError, ValueError) as error:
        print('ANSWER', type(error).__name__, error)
show(timeout=0)
show(timeout=0.01)
for options in ({'timeout': '1'}, {'timeout': 1e99}, {'buffer_size': 0}, {'buffer_size': '1'}):
    show(**options)
print('READY')
show(buffer_size=3)
show(buffer_size=3)
show(buffer_size=100000)
show(farms=False)
show()
print('FARM', uwsgi.farm_get_msg())
uwsgi.mule_get_msg()
'''})
    server = console.server
    server.wait_log('^READY$')
    console('uwsgi.mule_msg("abc", 1), uwsgi.mule_msg("abcd", 1), uwsgi.mule_msg("x" * 90000, 1)')
    console('uwsgi.farm_msg("farm", "farm 1"), uwsgi.mule_msg("last", 1), uwsgi.farm_msg("farm", "farm 2")')
    server.wait_log("^FARM b'farm 2'$")
    answers = [line[len('ANSWER '):] for line in server.log_lines('^ANSWER')]
    assert answers == [
        "b''", "b''", 'TypeError timeout must be a number, not str', 'ValueError timeout is 1e+99; it must be at most '
        '2147483', 'ValueError buffer_size is 0; it must be from 1 to 1073741824',
        'TypeError buffer_size must be int, not str',
        "b'abc'", 'ValueError a message of 4 bytes came; buffer_size is 3', repr((90000, set(b'x'))), "b'last'", "b'farm 1'"]


def test_farm_get_msg_without_a_farm(start_console):
    console = start_console({'farm': 'farm:2'}, args=['--mule=mule.py'] * 2, files={'mule.py': '''
import uwsgi
try:
    print('GOT', uwsgi.mule_id(), uwsgi.farm_get_msg())
except ValueError as error:
    print('GOT', uwsgi.mule_id(), error)
uwsgi.mule_get_msg()
'''})
    console('uwsgi.farm_msg("farm", "x")')
    assert got(console.server, 2) == [(1, 'mule 1 is in no farm'), (2, "b'x'")]


def test_signals_run_while_waiting(start_console):
    """The handler of a uWSGI signal runs in a mule that waits for a message, and the wait goes on."""
    console = start_console({'pypy-exec': 'before.py'}, args=['--mule=mule.py'], files={
        'before.py': 'import uwsgi\nuwsgi.register_signal(9, "mule1", lambda number: print("HANDLED", uwsgi.mule_id()))',
        'mule.py': 'import uwsgi\nprint("READY")\nprint("GOT", 1, uwsgi.mule_get_msg())\nuwsgi.mule_get_msg()'})
    server = console.server
    server.wait_log('^READY$')
    for count in range(1, 3):
        console('uwsgi.signal(9)')
        server.wait_log('^HANDLED 1$', count)
    console('uwsgi.mule_msg("still here")')
    assert got(server) == [(1, "b'still here'")]


def test_python_signals_run_while_waiting(start_console):
    """A handler of Python's own module signal runs in a mule that waits."""
    console = start_console(args=['--mule=mule.py'], files={'mule.py': '''
import os, signal, uwsgi
signal.signal(signal.SIGUSR2, lambda *arguments: print('HANDLED'))
print('READY', os.getpid())
print('GOT', 1, uwsgi.mule_get_msg())
uwsgi.mule_get_msg()
'''})
    server = console.server
    os.kill(int(server.wait_log('^READY')[0].split()[1]), signal.SIGUSR2)
    server.wait_log('^HANDLED$')
    console('uwsgi.mule_msg("still here")')
    assert got(server) == [(1, "b'still here'")]


def test_user_harakiri_of_a_mule(start_console):
    console = start_console(args=['--mule=mule.py'], files={'mule.py': '''
import os, time, uwsgi
if not os.path.exists('once'):
    open('once', 'w').close()
    uwsgi.set_user_harakiri(1)
    time.sleep(3600)
print('AGAIN')
uwsgi.mule_get_msg()
'''})
    console.server.wait_log('HARAKIRI ON MULE 1')
    console.server.wait_log('^AGAIN$')


def test_threads_of_a_mule(start_console):
    """Python threads run while the mule waits for a message."""
    console = start_console(args=['--mule=mule.py'], files={'mule.py': '''
import queue, threading, uwsgi
messages = queue.Queue()
def work():
    while True:
        print('GOT', uwsgi.mule_id(), messages.get())
threading.Thread(target=work, daemon=True).start()
while True:
    messages.put(uwsgi.mule_get_msg())
'''})
    console('[uwsgi.mule_msg("%d" % number) for number in range(3)]')
    assert got(console.server, 3) == [(1, "b'%d'" % number) for number in range(3)]


@pytest.mark.memory
def test_memory_stays_flat(start_console):
    """100,000 messages leave nothing behind."""
    console = start_console({'mules': 1, 'pypy-exec': 'hook.py'}, files={'hook.py': '''
import gc, uwsgi
seen = 0
def hook(message):
    global seen
    seen += 1
    if seen in (20000, 100000):
        gc.collect()
        print('GOT', 1, uwsgi.mem()[0])
uwsgi.mule_msg_hook = hook
'''})
    wait_until(lambda: console('''
sent = 0
while sent < 1000 and uwsgi.mule_msg('x' * 1000, 1):
    sent += 1
sent''') and len(console.server.log_lines('^GOT')) == 2, '100,000 messages')
    first, last = [int(line.split()[2]) for line in console.server.log_lines('^GOT')]
    assert last - first < 8 << 20
