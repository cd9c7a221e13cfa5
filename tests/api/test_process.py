"""Who a process is, and control of it and of the instance."""

import os

import pytest

from api.console import Raised

LOOPS = pytest.mark.parametrize('loop', ['off', 'on'])


def test_worker(start_console):
    console = start_console()
    assert console('uwsgi.worker_id(), uwsgi.mule_id(), uwsgi.i_am_the_spooler(), uwsgi.ready()') == (1, 0, None, True)
    assert console('uwsgi.masterpid()') == console.server.pid


def test_without_a_master(start_console):
    console = start_console({'master': None})
    assert console('uwsgi.masterpid(), uwsgi.worker_id()') == (0, 1)
    for call in ('reload()', 'stop()', 'set_user_harakiri(1)'):
        function = call.partition('(')[0]
        with pytest.raises(Raised, match='^RuntimeError: uwsgi.%s.. needs a master process; --master starts one$'
                           % function):
            console('uwsgi.' + call)


def test_not_ready_while_it_starts(start_site):
    start_site('''
import uwsgi
print('READY', uwsgi.ready())
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'hello']
''').wait_log('^READY None$')


@LOOPS
def test_stop(start_console, loop):
    console = start_console({'processes': 2, 'pypy-loop': loop})
    console.server.client().connect().send_request('POST', '/', body=b'uwsgi.stop()')
    assert console.server.wait_exit() == 0


def test_stop_as_a_handler(start_console):
    """A function without arguments ignores what it gets, so it can be the handler of a signal."""
    console = start_console()
    console('uwsgi.register_signal(17, "", uwsgi.stop); uwsgi.signal(17)')
    assert console.server.wait_exit() == 0


# -- this process ----------------------------------------------------------------------------------------------------

READ = '''
def read():
    with open('/proc/self/cmdline', 'rb') as file:
        return file.read().rstrip(b' \\0')
'''


def test_setprocname(start_console):
    """As `ps` shows it; str and bytes; a name that is too long is refused and changes nothing."""
    console = start_console()
    console(READ)
    read = 'read()'
    for name in ("'snowman \u2603'", "b'plain'"):
        assert console('uwsgi.setprocname(%s); %s' % (name, read)) == {
            "'": 'snowman \u2603'.encode(), 'b': b'plain'}[name[0]]
    with pytest.raises(Raised, match='^ValueError: name has 1000000 bytes; at most [0-9]+ are possible$'):
        console('uwsgi.setprocname("x" * 1000000)')
    with pytest.raises(Raised, match='^ValueError: name must not have a NUL byte$'):
        console('uwsgi.setprocname("a\\0b")')
    with pytest.raises(Raised, match='^TypeError: name must be str or bytes, not int$'):
        console('uwsgi.setprocname(1)')
    assert console(read) == b'plain'


def test_the_longest_name(start_console):
    """All of the room can be used, beside --procname-prefix and --procname-append."""
    console = start_console({'procname-prefix': 'before-', 'procname-append': '-after'})
    console(READ)
    console('from _uwsgi_pypy import lib; room = lib.upp_process_name_room()')
    assert console('uwsgi.setprocname("x" * room); '
                   'read() == b"before-" + b"x" * room + b"-after"')


def test_accepting(start_site):
    """A worker that says so counts as one that takes requests; elsewhere it is refused."""
    server = start_site('''
import uwsgi
def application(environ, start_response):
    start_response('200 OK', [])
    uwsgi.accepting(environ['QUERY_STRING'] == 'yes')
    return [b'done']
try:
    uwsgi.accepting()
except RuntimeError as error:
    print('REFUSED', error)
''', {'stats': True})
    server.wait_log('^REFUSED uwsgi.accepting.. is for workers$')
    for query, value in ('no', 0), ('yes', 1):
        server.client().get('/?' + query)
        server.wait_stats(lambda stats: stats['workers'][0]['accepting'] == value, 'accepting to be %d' % value)


@LOOPS
def test_user_harakiri(start_console, loop):
    """The master kills the worker in so many seconds; 0 takes it back, and so does the end of the request."""
    console = start_console({'pypy-loop': loop})
    server = console.server
    server.ignore_fds()
    server.allow_alarm('DAMN ! worker', 'HARAKIRI')
    first = console('import os; uwsgi.set_user_harakiri(1); uwsgi.set_user_harakiri(0); os.getpid()')
    assert console('uwsgi.set_user_harakiri(1); os.getpid()') == first
    connection = server.client().connect()
    connection.send_request('POST', '/', body=b'import time; uwsgi.set_user_harakiri(1); time.sleep(3600)')
    server.wait_log('HARAKIRI')
    server.wait_log('Respawned uWSGI worker 1')
    assert len(server.log_lines('HARAKIRI ON WORKER')) == 1
    assert console('import os; os.getpid()') != first


@pytest.mark.parametrize('value, message', [
    ('-1', 'ValueError: seconds is -1; it must be from 0 to 2147483647'),
    ('2 ** 31', 'ValueError: seconds is 2147483648; it must be from 0 to 2147483647'),
    ('"1"', 'TypeError: seconds must be int, not str'),
])
def test_user_harakiri_refused(start_console, value, message):
    with pytest.raises(Raised, match='^%s$' % message):
        start_console()('uwsgi.set_user_harakiri(%s)' % value)


# -- the current request ---------------------------------------------------------------------------------------------

@LOOPS
def test_disconnect(start_site, loop):
    """The client sees the end of the response; the application goes on."""
    server = start_site('''
import os, time, uwsgi
def application(environ, start_response):
    start_response('200 OK', [])
    yield b'x' * 1000000
    yield b'end'
    uwsgi.disconnect()
    uwsgi.disconnect()
    while not os.path.exists('go'):
        time.sleep(0.01)
    print('WENT ON')
''', {'pypy-loop': loop})
    for number in range(1, 3):
        response = server.client().get('/')
        assert response.complete and len(response.body) == 1000003
        server.write('go', '')
        server.wait_log('^WENT ON$', number)
        os.unlink(server.directory / 'go')


@LOOPS
def test_content_length(start_console, loop):
    console = start_console({'pypy-loop': loop})
    assert console('uwsgi.cl()') == len('uwsgi.cl()')


def test_outside_of_a_request(start_console):
    """Functions that need a request refuse to work without one."""
    console = start_console({'threads': 2})
    functions = ('cl', 'disconnect', 'log_this_request', 'request_id')
    answers = console('''
import threading
answers = []
def run():
    for call in (uwsgi.cl, uwsgi.disconnect, uwsgi.log_this_request, uwsgi.request_id,
                 lambda: uwsgi.get_logvar('a'), lambda: uwsgi.set_logvar('a', 'b')):
        try:
            answers.append(call())
        except RuntimeError as error:
            answers.append(str(error))
thread = threading.Thread(target=run)
thread.start()
thread.join()
answers''')
    assert answers == ['uwsgi.%s() works on the current request, and there is none' % name
                       for name in (*functions, 'get_logvar', 'set_logvar')]
