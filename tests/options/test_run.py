"""What a process does instead of serving: --pyrun, --pyshell, --python-worker-override."""

import os

import pytest

SCRIPT = '''
import atexit, os, sys
import beside
import uwsgi
atexit.register(print, 'at exit')
print('ran', __name__, __file__, sys.argv, beside.name, uwsgi.worker_id(), sys.stdin.read())
'''


@pytest.mark.parametrize('option', ['pypy-run', 'pyrun', 'python', 'py'])
@pytest.mark.parametrize('master', [False, True], ids=['', 'master'])
def test_run(launch, tmp_path, option, master):
    """As `pypy3 SCRIPT`: its arguments, its directory, stdin, its exit functions; and with uWSGI's API."""
    (tmp_path / 'input').write_text('typed')
    (tmp_path / 'scripts').mkdir()
    (tmp_path / 'scripts/script.py').write_text(SCRIPT)
    (tmp_path / 'scripts/beside.py').write_text('name = "neighbour"')
    path = str(tmp_path / 'scripts/script.py')
    with open(tmp_path / 'input') as stdin:
        server = launch({option: path, 'pyargv': '-v x', 'master': master}, 0, stdin=stdin)
    assert server.log_lines('^ran ') == ["ran __main__ %s [%r, '-v', 'x'] neighbour 1 typed" % (path, path)]
    assert len(server.log_lines('^at exit$')) == 1


@pytest.mark.parametrize('code, expected, tracebacks', [
    ('import sys; sys.exit(3)', 3, []), ('import sys; sys.exit("bye")', 1, []), ('1 / 0', 1, ['ZeroDivisionError']),
    ('def f(:', 1, [])])
def test_exit_code_of_a_script(launch, code, expected, tracebacks):
    server = launch({'pyrun': 'script.py'}, expected, tracebacks, files={'script.py': code})
    assert ('bye' in code) == bool(server.log_lines('^bye$'))
    assert not server.log_lines('pypy_plugin.so/')


def test_no_script(launch):
    assert launch({'pyrun': 'nowhere.py'}, 1).log_lines('^--pyrun nowhere.py: No such file or directory$')


# -- a shell -----------------------------------------------------------------------------------------------------------

@pytest.fixture
def start_hijacked(make_server):
    """A server whose worker 1 does not wait for requests."""
    def start(options, spawned, **more):
        server = make_server({'http-socket': True, 'master': True, 'wsgi': 'app', **options}, app=APP, **more).launch()
        server.ignore_fds()
        server.wait_log('spawned uWSGI worker %d' % spawned)
        return server
    return start


@pytest.fixture
def stdin():
    """(the end that a server reads from, the end to write to)"""
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            pass


@pytest.mark.parametrize('option', ['pypy-shell', 'pyshell'])
def test_shell(start_hijacked, stdin, option):
    """Worker 1 reads statements; after exit() it is a new shell. The other worker serves."""
    server = start_hijacked({'processes': 2}, 2, args=['--' + option], stdin=stdin[0])
    os.write(stdin[1], b'import uwsgi\nprint("in worker", uwsgi.worker_id())\n1 / 0\nprint("and on")\nexit()\n')
    server.wait_log('in worker 1$')
    server.wait_log('and on$')
    server.wait_log('Respawned uWSGI worker 1')
    server.wait_log('InteractiveConsole', 2)
    assert server.client().get('/').body == b'2'


APP = '''
import uwsgi
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'%d' % uwsgi.worker_id()]
'''


@pytest.mark.parametrize('option', ['pypy-shell-oneshot', 'pyshell-oneshot'])
def test_shell_once(start_hijacked, stdin, option):
    """After the shell the worker serves."""
    server = start_hijacked({}, 1, args=['--' + option], stdin=stdin[0])
    os.write(stdin[1], b'print("hello from", "the shell")\n')
    server.wait_log('hello from the shell')
    os.close(stdin[1])
    server.wait_log('restoring worker 1')
    assert server.client().get('/').body == b'1'


def test_shell_with_code(start_hijacked, stdin):
    """It runs the code and then serves."""
    code = 'print("code ran in", __import__("uwsgi").worker_id())'
    server = start_hijacked({}, 1, args=['--pyshell-oneshot=' + code], stdin=stdin[0])
    server.wait_log('^code ran in 1$')
    server.wait_log('restoring worker 1')
    assert server.client().get('/').body == b'1'


# -- another loop ------------------------------------------------------------------------------------------------------

OVERRIDE = '''
import atexit, socket, uwsgi
atexit.register(print, 'override ended')
listener = socket.socket(fileno=3)
listener.setblocking(True)
while True:
    connection, _ = listener.accept()
    request = connection.recv(1000)
    connection.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nworker %d of ' % uwsgi.worker_id() + __name__.encode())
    connection.close()
    if b'/end' in request:
        break
'''


@pytest.mark.parametrize('option', ['pypy-worker-override', 'python-worker-override'])
def test_worker_override(start_hijacked, option):
    """The script serves; when it ends, the worker does, with its exit functions."""
    server = start_hijacked({option: 'loop.py'}, 1, files={'loop.py': OVERRIDE})
    server.allow_alarm('DAMN ! worker 1')   # uWSGI's word for any end it did not ask for
    assert server.client().get('/').body == b'worker 1 of __main__'
    assert server.client().get('/end').body == b'worker 1 of __main__'
    server.wait_log('^override ended$')
    server.wait_log('Respawned uWSGI worker 1')
    assert server.client().get('/').body == b'worker 1 of __main__'
