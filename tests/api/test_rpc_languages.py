"""RPC and signals between PyPy, Lua and Java in one instance, with Debian's plugins for these."""

import glob
import subprocess
from pathlib import Path

import pytest

from api.console import APP, Console
from harness import Server
from harness.fronts import ENGINES

APPS = Path(__file__).parent / 'apps'
JAVAC = '/usr/lib/jvm/java-*-openjdk-*/bin/javac'
UWSGI_JAR = '/usr/share/java/uwsgi.jar'

FUNCTIONS = '''
import uwsgi

def hello(*names):
    return 'hello ' + b' and '.join(names).decode()

def fail():
    raise LookupError('not in Python')

uwsgi.register_rpc('hello', hello)
uwsgi.register_rpc('fail', fail)
'''


@pytest.fixture(scope='module')
def classes(tmp_path_factory):
    """The folder with the compiled Tasks.java."""
    folder = tmp_path_factory.mktemp('classes')
    javac = sorted(glob.glob(JAVAC))[-1]
    subprocess.run([javac, '--release', '17', '-cp', UWSGI_JAR, '-d', folder, APPS / 'Tasks.java'], check=True)
    return folder


@pytest.fixture(scope='module', params=ENGINES)
def tower_console(request, classes, tmp_path_factory):
    # two workers: Lua calls over a socket, and somebody has to answer
    options = {'http-socket': True, 'socket': True, 'pypy-wsgi': 'app', 'pypy-exec': 'before.py', 'master': True,
               'processes': 2, 'plugin': ['rpc', 'lua', 'jvm'], 'lua-load': 'tasks.lua',
               'jvm-classpath': [UWSGI_JAR, classes], 'jvm-main-class': 'Tasks', **ENGINES[request.param]}
    server = Server(tmp_path_factory.mktemp('tower'), options, app=APP,
                    files={'before.py': FUNCTIONS, 'tasks.lua': APPS / 'tasks.lua'}).start()
    # what the virtual machine of Java opens when it needs it
    server.ignore_fds()
    yield Console(server)
    server.kill()


@pytest.fixture
def tower(tower_console):
    """The Console of a server in which three languages have functions."""
    tower_console.server.begin_test()
    tower_console.server.ignore_fds()
    yield tower_console
    tower_console.server.end_test()


def test_names(tower):
    assert set(tower('uwsgi.rpc_list()')) == {b'hello', b'fail', b'lua_upper', b'lua_fail', b'lua_ask', b'lua_take',
                                              b'java_reverse', b'java_ask', b'java_fail'}


def test_python_calls_java(tower):
    assert tower('uwsgi.call("java_reverse", "gr\\u00fcn")') == 'n\u00fcrg'.encode()


def test_java_calls_python(tower):
    """Inside a call from Python to Java: each waits for the other."""
    assert tower('uwsgi.call("java_ask", "", "hello", "you", "all")') == b'java got hello you and all'


def test_python_calls_lua(tower):
    assert tower('uwsgi.call("lua_upper", "text\\0text")') == b'TEXT\0TEXT'


def test_lua_calls_python(tower):
    host, port = tower.server.bound_address(1)
    assert tower('uwsgi.call("lua_ask", %r, "%d", "hello", "you", "all")' % (host, port)) == b'lua got hello you and all'


def test_java_calls_lua(tower):
    assert tower('uwsgi.call("java_ask", "", "lua_upper", "text")') == b'java got TEXT'


def test_failures(tower):
    """What one language raises is nothing to another one; all go on."""
    tower.server.expect_traceback('LookupError: not in Python', 'LookupError: not in Python')
    host, port = tower.server.bound_address(1)
    assert tower('uwsgi.call("java_ask", "", "fail")') == b'java got null'
    assert tower('uwsgi.call("lua_ask", %r, "%d", "fail")' % (host, port)) == b'lua got nil'
    assert tower('uwsgi.call("java_fail"), uwsgi.call("lua_fail")') == (None, None)
    assert tower('uwsgi.call("java_reverse", "abc"), uwsgi.call("lua_upper", "abc")') == (b'cba', b'ABC')


def test_name_taken(tower):
    """A name that Python called and another language took over calls that one, until Python takes it back."""
    assert tower('''
found = [[uwsgi.call('hello', 'you'), uwsgi.call(b'hello', 'you'), uwsgi.rpc(None, 'hello', 'you')]]
uwsgi.call('lua_take', 'hello')
found.append([uwsgi.call('hello', 'you'), uwsgi.call(b'hello', 'you'), uwsgi.rpc(None, 'hello', 'you')])
uwsgi.register_rpc('hello', lambda *names: 'hello ' + b' and '.join(names).decode())
found.append([uwsgi.call('hello', 'you'), uwsgi.call(b'hello', 'you'), uwsgi.rpc(None, 'hello', 'you')])
found''') == [[b'hello you'] * 3, [b'lua says you'] * 3, [b'hello you'] * 3]


def test_signals(tower):
    """Python sends, the handlers are Java's and Lua's."""
    tower('uwsgi.signal(17), uwsgi.signal(18)')
    tower.server.wait_log('java has signal 17$')
    tower.server.wait_log('lua has signal 18$')
