"""fork(): workers, mules and spoolers get an interpreter as whole as os.fork() would give them."""

import os
import re
import signal

import pytest

from harness import wait_until

HELLO = '''
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'hello']
'''

# A thread of the master that always holds the GIL, the lock of imports or one of logging.
BUSY = '''
import importlib, io, logging, sys, threading
logging.basicConfig(stream=io.StringIO())
def busy():
    while True:
        logging.getLogger('busy').warning('line')
        logging.root.handlers[0].stream = io.StringIO()
        importlib.import_module('colorsys')
        sys.modules.pop('colorsys', None)
        sum(range(1000))
threading.Thread(target=busy, daemon=True).start()
'''

# In every new process: such locks can be taken, and a thread runs.
ALIVE = '''
import importlib, logging, os, sys, threading, uwsgi
from _uwsgi_pypy import lib
logging.getLogger('alive').warning('line')
importlib.import_module('chunk')
thread = threading.Thread(target=sum, args=([1, 2],))
thread.start()
thread.join()
kind = 'worker' if uwsgi.worker_id() else 'mule' if uwsgi.mule_id() else 'spooler' if lib.upp_spooler() else 'nothing'
print('ALIVE %s %d' % (kind, os.getpid()))
'''


def values(server, word):
    """What follows this word in the log, as a list."""
    return [line[len(word) + 1:] for line in server.log_lines('^%s ' % word)]


def wait_values(server, word, count):
    wait_until(lambda: len(values(server, word)) >= count, lambda: '%d lines of %s\n%s' % (
        count, word, server.log_tail()))
    return values(server, word)


# -- what differs between processes ---------------------------------------------------------------------------------

def test_random_numbers_differ(start_server):
    """The generator was seeded in the master: every worker seeds its own."""
    server = start_server({
        'http-socket': True, 'master': True, 'processes': 4, 'pypy-eval': 'import random, tempfile, uuid',
        'pypy-eval-post-fork': 'print("DRAW", random.random(), uuid.uuid4(), next(tempfile._get_candidate_names()))'})
    draws = [line.split() for line in wait_values(server, 'DRAW', 4)]
    assert all(len(set(column)) == 4 for column in zip(*draws)), draws


def test_random_numbers_differ_after_a_respawn(start_server):
    server = start_server({'http-socket': True, 'master': True, 'pypy-eval': 'import random',
                           'pypy-eval-post-fork': 'print("DRAW", random.random())'})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker 1')
    wait_values(server, 'DRAW', 1)
    os.kill(server.worker_pids()[0], signal.SIGKILL)
    assert len(set(wait_values(server, 'DRAW', 2))) == 2


# -- os.register_at_fork --------------------------------------------------------------------------------------------

HOOKS = '''
import os
for name in ('first', 'second'):
    os.register_at_fork(
        before=lambda name=name: print('BEFORE', name, os.getpid()),
        after_in_parent=lambda name=name: print('PARENT', name, os.getpid()),
        after_in_child=lambda name=name: print('CHILD', name, os.getpid()))
'''


def test_fork_hooks_run(start_server):
    """Around each fork of uWSGI: `before` last registered first, the others in their order."""
    server = start_server({'http-socket': True, 'master': True, 'processes': 2, 'pypy-exec': 'hooks.py'},
                          files={'hooks.py': HOOKS})
    master = str(server.pid)
    wait_values(server, 'CHILD', 4)
    assert wait_values(server, 'BEFORE', 4) == ['second ' + master, 'first ' + master] * 2
    assert wait_values(server, 'PARENT', 4) == ['first ' + master, 'second ' + master] * 2
    for pid in map(str, server.worker_pids()):
        assert [line for line in values(server, 'CHILD') if line.endswith(' ' + pid)] == ['first ' + pid, 'second ' + pid]


def test_fork_hooks_run_once_for_a_fork_of_python(evaluate):
    """os.fork() runs them itself; they are not run a second time."""
    assert evaluate('''
import os
ran = []
os.register_at_fork(before=lambda: ran.append('before'), after_in_parent=lambda: ran.append('parent'),
                    after_in_child=lambda: ran.append('child'))
reader, writer = os.pipe()
pid = os.fork()
if not pid:
    os.write(writer, repr(ran).encode())
    os._exit(0)
os.waitpid(pid, 0)
answer([os.read(reader, 100).decode(), ran])
''') == ["['before', 'child']", ['before', 'parent']]


def test_fork_hook_that_raises(start_server):
    """It is logged, as os.fork() would, and the worker serves."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app', 'pypy-exec': 'hooks.py'}, app=HELLO,
                          files={'hooks.py': '''
import os
def fail():
    raise ValueError('in the hook')
os.register_at_fork(after_in_child=fail)
'''})
    server.expect_traceback('ValueError: in the hook')
    assert server.client().get('/').body == b'hello'


# -- a busy thread in the master ------------------------------------------------------------------------------------

def test_no_child_deadlocks(start_server):
    """50 respawns, while a Python thread in the master is never idle."""
    processes, rounds = 10, 5
    server = start_server({'http-socket': True, 'master': True, 'processes': processes, 'pypy-wsgi': 'app',
                           'forkbomb-delay': 0, 'pypy-exec': 'busy.py', 'pypy-eval-post-fork': ALIVE},
                          app=HELLO, files={'busy.py': BUSY})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker')
    for round_number in range(1, rounds + 1):
        # those that say so: the master may not have logged yet whom it has forked
        for worker in wait_values(server, 'ALIVE', processes * round_number)[-processes:]:
            os.kill(int(worker.split()[-1]), signal.SIGKILL)
    alive = wait_values(server, 'ALIVE', processes * (rounds + 1))
    assert len(set(alive)) == processes * (rounds + 1)
    assert server.client().get('/').body == b'hello'


def test_no_child_of_python_deadlocks(evaluate):
    """os.fork() and subprocess in the master, beside such a thread."""
    assert evaluate(BUSY + '''
import os, subprocess
def fork():
    pid = os.fork()
    if not pid:
        logging.getLogger('alive').warning('line')
        os._exit(7)
    return os.waitpid(pid, 0)[1] >> 8
answer([fork() for _ in range(20)] + [subprocess.call(['sh', '-c', 'exit 7']) for _ in range(20)])
''') == [7] * 40


def test_processes_of_a_request(start_server):
    """Every way to start a process, in an application with threads."""
    server = start_server({'http-socket': True, 'master': True, 'threads': 4, 'pypy-wsgi': 'app'}, app='''
import ctypes, os, subprocess
def fork():
    pid = os.fork()
    if not pid:
        os._exit(7)
    return os.waitpid(pid, 0)[1] >> 8

def fork_with_a_terminal():
    pid, descriptor = os.forkpty()
    if not pid:
        os._exit(5)
    code = os.waitpid(pid, 0)[1] >> 8
    os.close(descriptor)
    return code

def fork_in_c():
    pid = ctypes.CDLL(None).fork()
    if not pid:
        os._exit(6)
    return os.waitpid(pid, 0)[1] >> 8

def application(environ, start_response):
    results = [fork_with_a_terminal(), fork_in_c(), fork(), subprocess.call(['sh', '-c', 'exit 8']),
               subprocess.call(['sh', '-c', 'exit 9'], preexec_fn=os.getpid), os.system('exit 10') >> 8,
               os.spawnlp(os.P_WAIT, 'sh', 'sh', '-c', 'exit 11')]
    start_response('200 OK', [])
    return [repr(results).encode()]
''')
    for _ in range(8):
        assert server.client().get('/').body == b'[5, 6, 7, 8, 9, 10, 11]'


def test_workers_are_forked_after_a_process_of_python(start_server):
    """What a fork of Python's leaves behind does not spoil the next one of uWSGI."""
    server = start_server({'http-socket': True, 'master': True, 'processes': 2, 'pypy-wsgi': 'app', 'pypy-exec': 'run.py',
                           'pypy-eval-post-fork': ALIVE},
                          app=HELLO, files={'run.py': '''
import os, random, subprocess
subprocess.check_call(['true'])
pid = os.fork()
if not pid:
    os._exit(0)
os.waitpid(pid, 0)
try:
    subprocess.check_call(['/does/not/exist'])
except FileNotFoundError:
    pass
'''})
    wait_values(server, 'ALIVE', 2)
    assert server.client().get('/').body == b'hello'


def test_main_thread_of_a_worker(start_server):
    """The thread that serves is Python's main thread after the fork: signal and asyncio want that."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app', 'pypy-exec': 'busy.py'}, app='''
import asyncio, signal, threading
def application(environ, start_response):
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    result = [threading.current_thread() is threading.main_thread(), threading.active_count(),
              asyncio.run(asyncio.sleep(0, 'slept'))]
    start_response('200 OK', [])
    return [repr(result).encode()]
''', files={'busy.py': BUSY})
    assert server.client().get('/').body == b"[True, 1, 'slept']"


READS = '''
import array, fcntl, os, termios, threading, time
reading, writing = os.pipe()
os.write(writing, b'a')

def read():
    file = open(reading, 'rb')
    file.read()    # and has the lock of the file meanwhile

threading.Thread(target=read, daemon=True).start()
left = array.array('i', [1])
while left[0]:
    fcntl.ioctl(reading, termios.FIONREAD, left)
    time.sleep(0.01)
'''


def test_a_thread_of_the_master_that_reads(start_server):
    """What it has locked at the fork is no garbage in the workers, where to close it would wait for ever."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-exec': 'reads.py', 'pypy-wsgi': 'app'},
                          files={'reads.py': READS}, app='''
import gc, threading
def application(environ, start_response):
    # takes the place of the parent's thread, by which PyPy knows what is in use there
    thread = threading.Thread(target=print)
    thread.start()
    thread.join()
    for _ in range(3):
        gc.collect()
    start_response('200 OK', [])
    return [b'collected']
''')
    assert server.client().get('/').body == b'collected'


# -- mules, spoolers ------------------------------------------------------------------------------------------------

WHO = ('import os, uwsgi; from _uwsgi_pypy import lib; '
       'print("%s", "worker" if uwsgi.worker_id() else "mule %%d" %% uwsgi.mule_id() if uwsgi.mule_id() '
       'else "spooler" if lib.upp_spooler() else "nothing")')


def test_every_kind_of_process(start_server, tmp_path):
    """--pypy-eval-post-fork and uwsgi.post_fork_hook run in workers, mules and spoolers, beside a busy thread."""
    (tmp_path / 'spool').mkdir()
    server = start_server({
        'http-socket': True, 'master': True, 'processes': 2, 'mules': 2, 'spooler': tmp_path / 'spool',
        'pypy-exec': 'busy.py', 'pypy-eval-post-fork': [ALIVE, WHO % 'EVAL'], 'pypy-wsgi': 'app',
    }, files={'busy.py': BUSY}, app=HELLO + '''
import uwsgi
def hook():
    exec(%r)
uwsgi.post_fork_hook = hook
''' % (WHO % 'HOOK'))
    expected = ['mule 1', 'mule 2', 'spooler', 'worker', 'worker']
    assert sorted(wait_values(server, 'EVAL', 5)) == expected
    assert sorted(wait_values(server, 'HOOK', 5)) == expected
    assert len(wait_values(server, 'ALIVE', 5)) == 5
    assert server.client().get('/').body == b'hello'


def test_mules_beside_a_thread_that_imports(start_server):
    """Mules and spoolers import what a thread of the master is importing at the moment of their fork."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-exec': 'busy.py'}, args=['--mule=mule.py'] * 3,
                          files={'busy.py': BUSY, 'mule.py': ALIVE + '''
import colorsys
assert colorsys.rgb_to_hls
'''})
    # each ends after its line, and is forked anew
    assert len(set(wait_values(server, 'ALIVE', 40))) >= 40


def test_post_fork_hook_that_raises(start_server):
    """It is logged and the worker lives."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app'}, app=HELLO + '''
import uwsgi
def hook():
    raise ValueError('in the hook')
uwsgi.post_fork_hook = hook
''')
    server.expect_traceback('ValueError: in the hook')
    assert server.client().get('/').body == b'hello'


def test_post_fork_without_a_master(start_server):
    """The only process is worker 1: the code after the fork runs in it."""
    server = start_server({'http-socket': True, 'pypy-eval-post-fork': WHO % 'EVAL', 'pypy-wsgi': 'app'}, app=HELLO)
    assert wait_values(server, 'EVAL', 1) == ['worker']


# -- lazy applications ----------------------------------------------------------------------------------------------

def test_lazy_apps(start_server):
    """--lazy-apps: every worker loads its own; without it they share what the master loaded."""
    app = HELLO + 'import os\nprint("LOADED", os.getpid())\n'
    options = {'http-socket': True, 'master': True, 'processes': 2, 'pypy-wsgi': 'app'}
    lazy = start_server({**options, 'lazy-apps': True}, app=app)
    assert sorted(map(int, wait_values(lazy, 'LOADED', 2))) == sorted(lazy.worker_pids())
    eager = start_server(options, app=app)
    assert values(eager, 'LOADED') == [str(eager.pid)]


def test_lazy_apps_respawn_beside_a_busy_thread(start_server):
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app', 'lazy-apps': True,
                           'forkbomb-delay': 0, 'pypy-exec': 'busy.py'}, app=HELLO, files={'busy.py': BUSY})
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker 1')
    assert server.client().get('/').body == b'hello'
    os.kill(server.worker_pids()[0], signal.SIGKILL)
    server.wait_log('WSGI app 0 ', 2)
    assert server.client().get('/').body == b'hello'


# -- the start log --------------------------------------------------------------------------------------------------

def test_start_log(start_server):
    """The application is in uWSGI's own list: no "dynamic mode", as the documented note has it."""
    server = start_server({'http-socket': True, 'master': True, 'processes': 2, 'pypy-wsgi': 'app'}, app=HELLO)
    lines = server.log_lines(r"^WSGI app 0 \(mountpoint=''\) ready in [0-9.]+ seconds on PyPy [0-9.]+ "
                             r'\(Python 3\.[0-9]+\) pid: %d \(default app\)$' % server.pid)
    assert len(lines) == 1
    assert not [line for line in server.log_lines() if re.search('dynamic mode|no app loaded', line)]
