"""The distribution's own uwsgidecorators: spoolers, mules, farms, post-fork functions and harakiri."""

import os
import signal
from pathlib import Path

import pytest

from harness import wait_until

DECORATORS = Path('/usr/lib/python3/dist-packages/uwsgidecorators.py')

HELLO = '''
import os, uwsgi
from uwsgidecorators import *

def application(environ, start_response):
    start_response('200 OK', [])
    return [repr(eval(environ['wsgi.input'].read().decode())).encode()]
'''


@pytest.fixture
def start_decorated(start_site, tmp_path):
    """start_decorated(source, options): an application that evaluates what it is sent; returns (server, ask)."""
    def start(source, options=None, **more):
        server = start_site(HELLO + source, {'spooler': tmp_path / 'spool', 'spooler-frequency': 1, **(options or {})},
                            files={'uwsgidecorators.py': DECORATORS}, **more)

        def ask(expression):
            return server.client().request('POST', '/', body=expression.encode()).body.decode()
        return server, ask
    return start


# -- spooler ---------------------------------------------------------------------------------------------------------

def test_spool(start_decorated, tmp_path):
    """The function runs in the spooler, once, with the values of the call as str."""
    server, ask = start_decorated('''
@spool
def work(task):
    print('WORK', task['name'], task['body'] if 'body' in task else None, bool(uwsgi.i_am_the_spooler()))
''')
    assert 'uwsgi_spoolfile_on_' in ask('work(name="snowman \u2603")')
    ask('work.spool({"name": "old"}, body="x" * 100)')
    server.wait_log('^WORK snowman \u2603 None True$')
    server.wait_log('^WORK old %s True$' % ('x' * 100))
    wait_until(lambda: not os.listdir(tmp_path / 'spool'), 'the spool to be empty')


def test_spool_with_arguments(start_decorated):
    """Any object that can be pickled; keys with a meaning stay outside."""
    server, ask = start_decorated('''
@spool(pass_arguments=True)
def work(*args, **kwargs):
    print('WORK', args, kwargs)
''')
    ask('work(1, [b"2", None], at=1, key={"a": 3.5})')
    server.wait_log(r"^WORK \(1, \[b'2', None\]\) \{'key': \{'a': 3.5\}\}$")


def test_spoolraw_and_spoolforever(start_decorated, tmp_path):
    """spoolraw: what the function returns counts; spoolforever: it runs again and again."""
    server, ask = start_decorated('''
runs = []
@spoolraw
def raw(task):
    runs.append(1)
    print('RAW', len(runs))
    return uwsgi.SPOOL_OK if len(runs) == 2 else uwsgi.SPOOL_RETRY

@spoolforever
def forever(task):
    print('FOREVER')
''')
    ask('raw(a="b")')
    server.wait_log('^RAW 2$')
    wait_until(lambda: not os.listdir(tmp_path / 'spool'), 'the spool to be empty')
    ask('forever(a="b")')
    server.wait_log('^FOREVER$', 2)
    assert len(os.listdir(tmp_path / 'spool')) == 1


def test_spool_that_fails(start_decorated, tmp_path):
    """Its task stays, and is tried again."""
    server, ask = start_decorated('''
@spool
def work(task):
    if not os.path.exists(task['go']):
        print('FAILS')
        raise ValueError('of the test')
    print('WORKS')
''')
    ask('work(go=%r)' % str(tmp_path / 'go'))
    server.wait_log('^FAILS$')
    (tmp_path / 'go').touch()
    server.wait_log('^WORKS$')
    server.expect_traceback(*['ValueError: of the test'] * len(server.log_lines('^FAILS$')))


def test_without_a_spooler(start_decorated):
    """The decorator says so, as on CPython."""
    server, ask = start_decorated('''
try:
    @spool
    def work(task):
        pass
except Exception as error:
    print('REFUSED', error)
''', {'spooler': None})
    server.wait_log('^REFUSED you have to enable the uWSGI spooler to use @_spool decorator$')


# -- mules and farms -------------------------------------------------------------------------------------------------

def test_mulefunc(start_decorated):
    """Calls run in a mule: any, or the one of the number."""
    server, ask = start_decorated('''
@mulefunc
def anywhere(*args, **kwargs):
    print('ANYWHERE', uwsgi.mule_id() > 0, args, kwargs)

@mulefunc(2)
def second(number):
    print('SECOND', uwsgi.mule_id(), number)
''', {'mules': 2})
    ask('anywhere(1, a=b"2"), [second(number) for number in range(3)]')
    server.wait_log(r"^ANYWHERE True \(1,\) \{'a': b'2'\}$")
    assert server.wait_log('^SECOND', 3) == ['SECOND 2 %d' % number for number in range(3)]


def test_mule_and_muleloop(start_decorated):
    """@mule is the mule's program, @muleloop is called over and over."""
    server, ask = start_decorated('''
@mule(1)
def program():
    print('PROGRAM', uwsgi.mule_id())
    uwsgi.mule_get_msg()

@muleloop(2)
def once():
    print('LOOP', uwsgi.mule_id(), uwsgi.mule_get_msg())
''', {'mules': 2})
    server.wait_log('^PROGRAM 1$')
    ask('[uwsgi.mule_msg(text, 2) for text in "ab"]')
    assert server.wait_log('^LOOP', 2) == ["LOOP 2 b'a'", "LOOP 2 b'b'"]


def test_mule_that_fails(start_decorated, tmp_path):
    """Its traceback is in the log, the mule ends, and is started again; exit functions run."""
    server, ask = start_decorated('''
import atexit
@mule(1)
def program():
    if not os.path.exists('go'):
        atexit.register(print, 'LEFT')
        raise ValueError('of the test')
    print('WORKS', uwsgi.mule_id())
    uwsgi.mule_get_msg()
''', {'mules': 1})
    server.wait_log('^LEFT$')
    server.write('go', '')
    server.wait_log('^WORKS 1$')
    server.expect_traceback(*['ValueError: of the test'] * len(server.log_lines('^LEFT$')))


def test_mulemsg_loop(start_decorated):
    server, ask = start_decorated('''
@mulemsg(1)
def handle(message):
    print('HANDLED', uwsgi.mule_id(), message)
''', {'mules': 1})
    ask('uwsgi.mule_msg("one", 1), uwsgi.mule_msg("two")')
    assert sorted(server.wait_log('^HANDLED', 2)) == ["HANDLED 1 b'one'", "HANDLED 1 b'two'"]


@pytest.mark.parametrize('name', ['"first"', ''], ids=['named', 'any'])
def test_farm_loop(start_decorated, name):
    """The mules of the farm take its messages; without a name, those of any."""
    server, ask = start_decorated('''
@farm(%s)
def handle(message):
    print('HANDLED', uwsgi.mule_id() in (1, 2), message)
''' % name, {'mules': 3, 'farm': 'first:1,2'})
    ask('[uwsgi.farm_msg("first", text) for text in "abc"]')
    assert sorted(server.wait_log('^HANDLED', 3)) == ["HANDLED True b'%s'" % text for text in 'abc']


# -- processes -------------------------------------------------------------------------------------------------------

def test_postfork(start_decorated):
    """In every worker, mule and spooler; with a number in that worker only."""
    server, ask = start_decorated('''
def who():
    return 'worker' if uwsgi.worker_id() else 'mule' if uwsgi.mule_id() else 'spooler'

@postfork
def everywhere():
    print('FORKED', who())

@postfork(2)
def second():
    print('SECOND', uwsgi.worker_id())
''', {'processes': 2, 'mules': 1})
    assert sorted(server.wait_log('^FORKED', 4)) == [
        'FORKED mule', 'FORKED spooler', 'FORKED worker', 'FORKED worker']
    assert server.wait_log('^SECOND') == ['SECOND 2']


def test_harakiri(start_decorated):
    """A function that takes longer than it may has its worker killed; one that does not, not."""
    server, ask = start_decorated('''
@harakiri(1)
def wait(seconds):
    import time
    time.sleep(seconds)
    return 'done'
''')
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker', 'HARAKIRI')
    assert ask('wait(0)') == "'done'"
    server.client().connect().send_request('POST', '/', body=b'wait(3600)')
    server.wait_log('Respawned uWSGI worker 1')
    assert ask('wait(0)') == "'done'"


@pytest.mark.parametrize('number', [signal.SIGKILL], ids=['kill'])
def test_mulefunc_of_a_mule_that_was_killed(start_decorated, number):
    """Calls that came meanwhile are not lost."""
    server, ask = start_decorated('''
@mulefunc(1)
def work(number):
    print('WORK', os.getpid(), number)
''', {'mules': 1})
    ask('work(1)')
    first = int(server.wait_log('^WORK')[0].split()[1])
    os.kill(first, number)
    ask('work(2)')
    assert server.wait_log('^WORK', 2)[1].endswith(' 2')
