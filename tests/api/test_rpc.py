"""uwsgi.register_rpc(), rpc(), call(), rpc_list(): in one instance, and between two."""

import os
import re
import signal
import socket
import threading

import pytest

from api.console import APP, FOR_BOTH, Console, Raised
from harness import Server, wait_until
from harness.fronts import ENGINES
from harness.ports import release_port, reserve_port

# What the servers register before the fork.
FUNCTIONS = '''
import uwsgi

def hello():
    return "Hello World"

def show(*arguments):
    return repr(arguments)

def fill(size):
    return b'x' * int(size)

def fail():
    raise LookupError('not today')

def give_up():
    raise SystemExit(3)

def nested(name, *arguments):
    return b'<' + uwsgi.call(name, *arguments) + b'>'

RESULTS = {b'str': 'gr\\u00fcn', b'bytes': b'\\0\\xff', b'bytearray': bytearray(b'array'), b'memoryview': memoryview(b'view'),
           b'empty': b'', b'none': None, b'int': 7, b'list': [b'x']}

def give(kind):
    return RESULTS[kind]

def worker():
    return str(uwsgi.worker_id())

for function in (hello, show, fill, fail, give_up, nested, give, worker):
    assert uwsgi.register_rpc(function.__name__, function) is True
uwsgi.register_rpc('two', show, 2)
'''

BOTH = pytest.mark.parametrize('engine', ENGINES)


@pytest.fixture
def start(start_console):
    """start(options): a Console of a server that has FUNCTIONS."""
    def start(options=None, engine='stock', functions=FUNCTIONS, **more):
        options = {'pypy-exec': 'before.py', **ENGINES[engine], **(options or {})}
        return start_console(options, files={'before.py': functions, **more.pop('files', {})}, **more)
    return start


@pytest.fixture(scope='module')
def shared_console(tmp_path_factory):
    options = {'http-socket': True, 'pypy-wsgi': 'app', 'master': True, 'pypy-exec': 'before.py', 'rpc-max': 12}
    server = Server(tmp_path_factory.mktemp('rpc'), options, app=APP, files={'before.py': FUNCTIONS}).start()
    yield Console(server)
    server.kill()


@pytest.fixture
def local(shared_console):
    """The Console of a server with one worker, for what one call shows."""
    shared_console.server.begin_test()
    yield shared_console
    shared_console.server.end_test()


# -- in one instance --------------------------------------------------------------------------------

@pytest.mark.parametrize('call', [
    'uwsgi.call("hello")', 'uwsgi.call(b"hello")', 'uwsgi.call("hello@")',
    'uwsgi.rpc(None, "hello")', 'uwsgi.rpc("", "hello")', 'uwsgi.rpc(b"", b"hello")'])
def test_local(local, call):
    assert local(call) == b'Hello World'


def test_arguments(local):
    """str goes as UTF-8, bytes-like objects as they are; the function gets bytes."""
    assert local('uwsgi.call("show", "gr\\u00fcn", b"\\0\\xff", bytearray(b"a"), memoryview(b"v"), "")') == (
        b"(b'gr\\xc3\\xbcn', b'\\x00\\xff', b'a', b'v', b'')")
    assert local('uwsgi.call("show", *["x"] * 255)').count(b"b'x'") == 255
    assert local('len(uwsgi.call("show", "x" * 65535))') == 65535 + len("(b'',)")


@pytest.mark.parametrize('kind, result', [
    ('str', 'gr\u00fcn'.encode()), ('bytes', b'\0\xff'), ('bytearray', b'array'), ('memoryview', b'view'),
    ('empty', b''), ('none', None)])
def test_results(local, kind, result):
    assert local('uwsgi.call("give", %r)' % kind) == result


@pytest.mark.parametrize('kind, name', [('int', 'int'), ('list', 'list')])
def test_wrong_result(local, kind, name):
    """Something else is no result, and the log says so."""
    assert local('uwsgi.call("give", %r)' % kind) is None
    local.server.wait_log('RPC function give: its result must be str or bytes, not %s$' % name)


def test_no_bound_on_a_local_result(local):
    assert local('len(uwsgi.call("fill", "100000000"))') == 100000000


def test_raises(local):
    """What a function raises is logged where it runs; the caller gets None, the worker serves on."""
    local.server.expect_traceback('LookupError: not today', 'SystemExit: 3', 'KeyError: b\'nothing\'',
                                  'TypeError: hello() ')
    pid = local('import os; os.getpid()')
    assert local('uwsgi.call("fail"), uwsgi.call("give_up"), uwsgi.call("give", "nothing"), '
                 'uwsgi.call("hello", "too", "many")') == (None, None, None, None)
    assert local('os.getpid()') == pid


def test_argc(local):
    """A function that was registered with a number of arguments gets so many, or is not called."""
    assert local('uwsgi.call("two", "1", "2")') == b"(b'1', b'2')"
    assert local('uwsgi.call("two", "1")') is None
    local.server.wait_log('RPC function two takes 2 arguments and was called with 1$')


def test_unknown(local):
    assert local('uwsgi.call("nothing"), uwsgi.rpc(None, "nothing", "x")') == (None, None)


def test_nested(local):
    """A function may call others, and itself."""
    assert local('uwsgi.call("nested", "nested", "show", "x")') == b"<<(b'x',)>>"


@pytest.mark.parametrize('call, message', [
    ('register_rpc(1, print)', 'TypeError: RPC name must be str or bytes, not int'),
    ('register_rpc("", print)', 'ValueError: RPC name must not be empty'),
    ('register_rpc("a\\0b", print)', 'ValueError: RPC name must not have a NUL byte'),
    ('register_rpc("x" * 256, print)', 'ValueError: RPC name has 256 bytes; at most 255 are possible'),
    ('register_rpc("f", "print")', 'TypeError: RPC function must be callable, not str'),
    ('register_rpc("f", print, 256)', 'ValueError: argc is 256; it must be from 0 to 255'),
    ('register_rpc("f", print, "1")', 'TypeError: argc must be int, not str'),
    ('call("")', 'ValueError: RPC name must not be empty'),
    ('call(None)', 'TypeError: RPC name must be str or bytes, not NoneType'),
    ('call("hello", 1)', 'TypeError: RPC argument 1 must be str or bytes, not int'),
    ('call("hello", "", None)', 'TypeError: RPC argument 2 must be str or bytes, not NoneType'),
    ('call("hello", "x" * 65536)', 'ValueError: RPC argument 1 has 65536 bytes; at most 65535 are possible'),
    ('call("hello", *["x"] * 256)', 'ValueError: an RPC function takes at most 255 arguments, not 256'),
    ('rpc(1, "hello")', 'TypeError: node must be str or bytes, not int'),
    ('rpc("localhost:3031", "hello")', "ValueError: node 'localhost:3031' must be IPV4:PORT or the path of a unix "
                                       'socket; host names are not looked up'),
    ('call("hello@[::1]:3031")', "ValueError: node '[::1]:3031' must be IPV4:PORT or the path of a unix socket; host "
                                 'names are not looked up'),
    ('rpc("127.0.0.1:", "hello")', "ValueError: node '127.0.0.1:' needs a port from 1 to 65535"),
    ('rpc("127.0.0.1:65536", "hello")', "ValueError: node '127.0.0.1:65536' needs a port from 1 to 65535"),
    ('rpc("/" + "x" * 102, "hello")', 'ValueError: node has 103 bytes; at most 102 are possible'),
    ('rpc("@" + "x" * 102, "hello")', 'ValueError: node has 102 bytes; at most 101 are possible'),
    ('rpc(":1", "hello", *["x"] * 255)', 'ValueError: another instance takes at most 254 arguments, not 255'),
    ('rpc(":1", "hello", "x", "")', 'ValueError: RPC argument 2 is empty; to another instance that cannot be sent'),
    ('rpc(":1", "hello", "x" * 65527)',
     'ValueError: the call has 65536 bytes; at most 65535 can be sent to another instance'),
])
def test_refused(local, call, message):
    with pytest.raises(Raised, match='^%s$' % re.escape(message)):
        local('uwsgi.' + call)


def test_slots(local):
    """--rpc-max bounds the names; one that is there can be given to another function."""
    assert local('uwsgi.rpc_list()') == (b'hello', b'show', b'fill', b'fail', b'give_up', b'nested', b'give', b'worker',
                                         b'two')
    assert local('[uwsgi.register_rpc(name, print) for name in ("ten", "x" * 255, "twelve")]') == [True] * 3
    with pytest.raises(Raised, match='^ValueError: unable to register the RPC function thirteen: all 12 slots are '
                                     'taken; --rpc-max makes more$'):
        local('uwsgi.register_rpc("thirteen", print)')
    assert local('uwsgi.register_rpc("twelve", lambda: "other"), uwsgi.call("twelve")') == (True, b'other')
    assert local('uwsgi.call("thirteen")') is None
    assert local('uwsgi.rpc_list()')[-2:] == (b'x' * 255, b'twelve')


@pytest.mark.memory
def test_memory(start):
    """A function that was replaced, or refused, is given up; those that are there survive the collector."""
    console = start({'rpc-max': 10})
    console('''
import gc, weakref
class Function:
    def __call__(self): return 'called'
alive = weakref.WeakSet()
for number in range(10000):
    function = Function()
    alive.add(function)
    uwsgi.register_rpc('last', function)
    try:
        uwsgi.register_rpc('refused %d' % number, function)
    except ValueError:
        pass
del function
''')
    wait_until(lambda: console('gc.collect(); len(alive)') == 1, 'only the last function to be alive')
    assert console('uwsgi.call("last"), uwsgi.call("hello")') == (b'called', b'Hello World')


@BOTH
def test_processes(start, engine):
    """Before the fork for all workers; after it for one, and no longer than it lives."""
    console = start({'processes': 2}, engine, FUNCTIONS + FOR_BOTH)
    console.server.ignore_fds()
    console.server.allow_alarm('DAMN ! worker 1')
    look = 'uwsgi.call("mine"), uwsgi.call("hello"), b"mine" in uwsgi.rpc_list(), __import__("os").getpid()'
    console.ask_both('uwsgi.worker_id() == 1 and (uwsgi.register_rpc("mine", lambda: "mine"), '
                     'uwsgi.register_rpc("hello", lambda: "mine"))')
    found = console.ask_both(look)
    assert found[1][:3] == (b'mine', b'mine', True)
    assert found[2][:3] == (None, b'Hello World', False)
    os.kill(found[1][3], signal.SIGKILL)
    console.server.wait_log('Respawned uWSGI worker 1 ')
    found = console.ask_both(look)
    assert found[1][:3] == found[2][:3] == (None, b'Hello World', False)


@BOTH
def test_threads(start, engine):
    """Calls from all threads of a worker at once do not mix up their results."""
    console = start({'threads': 4}, engine)
    answers = {}

    def ask(number):
        code = 'set(uwsgi.call("nested", "show", "%d" * 1000) for _ in range(200))' % number
        with console.server.client().connect() as connection:
            connection.send_request('POST', '/', body=code.encode())
            answers[number] = connection.read().body
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: b"value {b\"<(b'%s',)>\"}" % (b'%d' % number * 1000) for number in range(8)}


def test_elsewhere(start):
    """Calls from a thread, from a signal's handler and from a mule; only the mule cannot register."""
    console = start({'mule': True}, functions=FUNCTIONS + '''
def report(number):
    where = 'mule' if uwsgi.mule_id() else 'worker'
    uwsgi.log('%s: %r' % (where, uwsgi.call('show', where)))
    try:
        uwsgi.register_rpc('mine', report)
    except ValueError as error:
        uwsgi.log('refused: %s' % error)

uwsgi.register_signal(1, 'worker', report)
uwsgi.register_signal(2, 'mule', report)
''')
    console('uwsgi.signal(1), uwsgi.signal(2)')
    console.server.wait_log(r'''worker: b"\(b'worker',\)"''')
    console.server.wait_log(r'''mule: b"\(b'mule',\)"''')
    console.server.wait_log('refused: only the master and the workers can register RPC functions$')
    assert console('''
import threading
results = []
thread = threading.Thread(target=lambda: results.append(uwsgi.call('show', 'thread')))
thread.start()
thread.join()
results''') == [b"(b'thread',)"]


def test_before_the_fork(start):
    """A function can be called as soon as it is there."""
    console = start(functions=FUNCTIONS + '\nuwsgi.log("early: %r" % uwsgi.call("hello"))\n')
    assert console.server.log_lines("early: b'Hello World'$")


@BOTH
def test_route(start, engine):
    """uWSGI's own routes can call them."""
    console = start({'plugin': 'rpc', 'route': '^/hello/(.*) rpc:show $1'}, engine)
    assert console.client.get('/hello/you').body == b"(b'you',)"


# -- between two instances --------------------------------------------------------------------------

@pytest.fixture(scope='module', params=ENGINES)
def pair_servers(request, tmp_path_factory):
    options = {'pypy-wsgi': 'app', 'master': True, 'pypy-exec': 'before.py', **ENGINES[request.param]}
    files = {'before.py': FUNCTIONS}
    callee = Server(tmp_path_factory.mktemp('callee'),
                    {'socket': True, 'uwsgi-socket': 'callee.sock', 'plugin': 'rpc', 'buffer-size': 65535, **options},
                    app=APP, files=files)
    caller = Server(tmp_path_factory.mktemp('caller'), {'http-socket': True, **options}, app=APP, files=files)
    callee.start()
    yield Console(caller.start()), callee
    caller.kill()
    callee.kill()


@pytest.fixture
def pair(pair_servers):
    """The Console of one instance, with the address of another in NODE, and the server of that one."""
    console, callee = pair_servers
    console.server.begin_test()
    callee.begin_test()
    console('NODE = "%s:%d"' % callee.address('socket'))
    yield console, callee
    console.server.end_test()
    callee.end_test()


def test_remote(pair):
    console, callee = pair
    assert console('uwsgi.rpc(NODE, "hello")') == b'Hello World'
    assert console('uwsgi.rpc(NODE.encode(), b"show", "gr\\u00fcn", b"\\0\\xff")') == b"(b'gr\\xc3\\xbcn', b'\\x00\\xff')"
    assert console('uwsgi.call("show@" + NODE, "x")') == b"(b'x',)"
    assert console('uwsgi.call(b"show@" + NODE.encode(), "x")') == b"(b'x',)"
    assert console('uwsgi.rpc(%r, "show", "x")' % str(callee.directory / 'callee.sock')) == b"(b'x',)"


def test_remote_bounds(pair):
    """All that fits into a packet arrives; a result may be larger."""
    console, _ = pair
    assert console('uwsgi.rpc(NODE, "show", *["x"] * 254)').count(b"b'x'") == 254
    assert console('len(uwsgi.rpc(NODE, "show", "x" * 65527))') == 65527 + len("(b'',)")
    for size in (65535, 65536, 1000000, 50000000):
        assert console('len(uwsgi.rpc(NODE, "fill", "%d"))' % size) == size


def test_remote_nothing(pair):
    """None, for whatever reason; an empty result is none, either: uWSGI's protocol has no other way to say it."""
    console, callee = pair
    callee.expect_traceback('LookupError: not today', 'SystemExit: 3')
    assert console('[uwsgi.rpc(NODE, *call) for call in (("nothing",), ("fail",), ("give_up",), ("give", "none"), '
                   '("give", "int"), ("give", "empty"))]') == [None] * 6
    assert console('uwsgi.rpc(NODE, "hello")') == b'Hello World'
    callee.wait_log('RPC function give: its result must be str or bytes, not int$')


def test_remote_is_dead(start_console):
    """Nobody listens, nobody answers, or the answer ends half way: None after --socket-timeout at the latest."""
    console = start_console({'socket-timeout': 1})
    assert console('uwsgi.rpc("/nowhere.sock", "hello")') is None
    port = reserve_port()
    try:
        assert console('uwsgi.rpc("127.0.0.1:%d", "hello")' % port) is None
    finally:
        release_port(port)
    with socket.create_server(('127.0.0.1', 0)) as node:
        assert console('uwsgi.call("hello@127.0.0.1:%d")' % node.getsockname()[1]) is None

        def answer_half():
            while True:
                try:
                    connection = node.accept()[0]
                except OSError:
                    return
                with connection:
                    connection.sendall(b'\xad\x10\0\0half')
                    connection.recv(100)
        thread = threading.Thread(target=answer_half, daemon=True)
        thread.start()
        assert console('uwsgi.call("hello@127.0.0.1:%d")' % node.getsockname()[1]) is None


@BOTH
def test_calls_itself(start, engine):
    """A worker that waits for its own answer gives up after --socket-timeout."""
    console = start({'http-socket': 'site.sock', 'socket': True, 'plugin': 'rpc', 'socket-timeout': 1}, engine)
    node = '%s:%d' % console.server.bound_address(1)
    assert console('uwsgi.rpc(%r, "hello")' % node) is None
    assert console('uwsgi.call("hello")') == b'Hello World'
