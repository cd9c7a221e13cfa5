"""uWSGI's own uwsgidecorators.py, as Debian's package for CPython installs it, on PyPy."""

import re
import subprocess
from pathlib import Path

import pytest

from api.console import Raised
from harness import wait_until
from harness.fronts import ENGINES

INSTALLED = Path('/usr/lib/python3/dist-packages/uwsgidecorators.py')

DECORATED = '''
import threading
import uwsgi
import uwsgidecorators as decorators

def log(what):
    uwsgi.log('%s in worker %d.' % (what, uwsgi.worker_id()))

@decorators.rpc('greet')
def greet(name):
    return b'hello ' + name

@decorators.signal(100)
def signalled(number):
    log('signal %d' % number)

@decorators.signal(101, target='workers')
def all_signalled(number):
    log('signal %d' % number)

@decorators.timer(1, target='worker1')
def timed(number):
    log('timer %d' % number)

@decorators.rbtimer(1, signum=102, target='worker2')
def timed_too(number):
    log('rbtimer %d' % number)

@decorators.cron(-1, -1, -1, -1, -1)
def due(number):
    log('cron %d' % number)

@decorators.filemon('watched.txt')
def changed(number):
    log('filemon %d' % number)

@decorators.postfork
def started():
    log('postfork')

@decorators.postfork(2)
def second_started():
    log('postfork of one')

@decorators.thread
def background(*arguments):
    log('thread %r, daemon %s,' % (arguments, threading.current_thread().daemon))

@decorators.lock
def locked(value):
    return value, uwsgi.is_locked()

decorated = locals()
uwsgi.decorated = decorated
'''


@pytest.mark.parametrize('engine', ENGINES)
def test_decorators(start_console, engine):
    console = start_console({'processes': 2, 'pypy-exec': 'before.py', **ENGINES[engine]},
                            files={'before.py': DECORATED, 'watched.txt': ''})
    server = console.server
    assert sorted(server.log_lines('^postfork')) == ['postfork in worker 1.', 'postfork in worker 2.',
                                                     'postfork of one in worker 2.']
    assert console('uwsgi.call("greet", "you")') == b'hello you'
    # each returns the function, which can be called as before
    assert console('uwsgi.decorated["greet"](b"me")') == b'hello me'
    console('uwsgi.signal(100), uwsgi.signal(101)')
    server.wait_log(r'^signal 100 in worker \d\.$')
    server.wait_log(r'^signal 101 in worker 1\.$')
    server.wait_log(r'^signal 101 in worker 2\.$')
    # free numbers from 0 on
    server.wait_log(r'^timer 0 in worker 1\.$', 2)
    server.wait_log(r'^rbtimer 102 in worker 2\.$', 2)
    server.wait_log(r'^cron 1 in worker \d\.$')

    def touch():
        (server.directory / 'watched.txt').write_text('more')
        return server.log_lines(r'^filemon 2 in worker \d\.$')
    wait_until(touch, 'the file monitor')
    console('uwsgi.decorated["background"]("a", 1)')
    server.wait_log(r"^thread \('a', 1\), daemon True, in worker \d\.$")


@pytest.mark.memory
@pytest.mark.parametrize('decorator', ['rpc("again")', 'signal(99)', 'timer(3600, signum=99)', 'rbtimer(3600, signum=99)',
                                       'cron(0, 0, 1, 1, 0, signum=99)', 'filemon("/", signum=99)', 'lock', 'thread',
                                       'harakiri(60)', 'mulefunc', 'mulefunc(0)'])
def test_memory(start_console, decorator):
    """A function that was decorated again and again is given up, but for the last one."""
    console = start_console()
    console('''
import gc, weakref, uwsgidecorators
class Function:
    __name__ = 'function'
    def __call__(self, *given): return 'called'
alive = weakref.WeakSet()
def decorate(function):
    try:
        return uwsgidecorators.%s(function)
    except ValueError as error:
        # uWSGI has room for 64 timers and the like
        if 'no more than 64' not in str(error): raise
for _ in range(10000):
    function = Function()
    alive.add(function)
    decorated = decorate(function)
del function, decorated
''' % decorator)
    wait_until(lambda: console('gc.collect(); len(alive)') <= 1, 'at most the last function to be alive')


def test_lock(start_console):
    """The function has lock 0 while it runs, also one that raises."""
    console = start_console()
    assert console('from uwsgidecorators import lock; lock(lambda *values: (uwsgi.is_locked(), values))(1, 2)') == (
        True, (1, 2))
    with pytest.raises(Raised, match='^ZeroDivisionError'):
        console('lock(lambda: 1 / 0)()')
    assert console('uwsgi.is_locked()') is False


def test_found(start_console):
    """Debian's own PyPy finds the file by itself."""
    assert start_console()('import uwsgidecorators; uwsgidecorators.__file__') == str(INSTALLED)


def test_found_from_a_virtualenv(start_console, tmp_path):
    """There, the plugin finds it, but nothing else of its folder."""
    subprocess.check_call(['pypy3', '-m', 'venv', '--without-pip', str(tmp_path / 'venv')])
    console = start_console({'pypy-home': tmp_path / 'venv'})
    assert console('import uwsgidecorators; uwsgidecorators.__file__') == str(INSTALLED)
    with pytest.raises(Raised, match="^ModuleNotFoundError: No module named 'pytest'$"):
        console('import pytest')


def test_nothing_is_written(start_console):
    """The plugin compiles the file each time: its folder is not PyPy's to write into."""
    console = start_console(files={'there/decorators.py': INSTALLED}, env={'PYTHONDONTWRITEBYTECODE': None})
    console('''
import sys
from importlib.util import module_from_spec, spec_from_file_location
from uwsgi_pypy.decorators import Loader
spec = spec_from_file_location('decorators', 'there/decorators.py', loader=Loader('decorators', 'there/decorators.py'))
module = module_from_spec(spec)
spec.loader.exec_module(module)
''')
    assert console('sys.dont_write_bytecode, module.get_free_signal()') == (False, 0)
    assert [file.name for file in (console.server.directory / 'there').iterdir()] == ['decorators.py']


def test_own_file_first(start_console):
    """One that the user has put somewhere comes first."""
    console = start_console(files={'uwsgidecorators.py': 'OWN = True'})
    assert console('import uwsgidecorators; uwsgidecorators.OWN') is True


def test_without_a_master(start_console):
    """The module wants one and says so."""
    console = start_console({'master': None})
    with pytest.raises(Raised, match=re.escape('you have to enable the uWSGI master process to use this module')):
        console('import uwsgidecorators')
