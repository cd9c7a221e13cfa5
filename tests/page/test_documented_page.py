"""uWSGI's page "The PyPy plugin": its command lines as they are written, in its order.

Only the port, the place below which /opt is, and --plugin differ. docs/documented-page.md says which line of the page
is shown by which test.
"""

import os
import re
import select
import shutil
import subprocess

import pytest

from harness import wait_until
from harness.server import REPOSITORY, default_plugin
from harness.wait import TIMEOUT

MYAPP = '''
import sys

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('%s %s' % (sys.prefix, environ.get('custom.key'))).encode()]
'''


def uwsgi_binary():
    return os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')


def maps(server):
    with open('/proc/%d/maps' % server.pid) as file:
        return file.read()


# -- The PyPy home --------------------------------------------------------------------------------------------------

def test_home(start_server, opt, port):
    """uwsgi --http-socket :9090 --pypy-home /opt/pypy: it runs, and says that there is no application yet."""
    server = start_server({'http-socket': port, 'pypy-home': opt / 'pypy'})
    assert str(opt / 'pypy/libpypy-c.so') in maps(server)
    assert server.client().get('/').status == 500
    assert server.wait_log('no Python application found for GET /, check your startup logs for errors')


def test_another_home_without_a_rebuild(start_server, pypy, opt, port):
    """"This allows you to migrate to a different PyPy version on the fly": the same plugin, another home."""
    server = start_server({'http-socket': port, 'pypy-home': opt / 'pypy', 'pypy-wsgi': 'myapp'},
                          files={'myapp.py': MYAPP})
    assert server.client().get('/').body.split()[0] == str(opt / 'pypy').encode()
    server.stop()
    server = start_server({'http-socket': port, 'pypy-home': pypy[3], 'pypy-wsgi': 'myapp'}, files={'myapp.py': MYAPP})
    assert server.client().get('/').body.split()[0] == pypy[3].encode()


def test_home_and_lib(start_server, opt, port):
    """uwsgi --http-socket :9090 --pypy-home /opt/pypy --pypy-lib /opt/libs/libpypy-c.so"""
    server = start_server({'http-socket': port, 'pypy-home': opt / 'pypy', 'pypy-lib': opt / 'libs/libpypy-c.so',
                           'pypy-wsgi': 'myapp'}, files={'myapp.py': MYAPP})
    assert str(opt / 'libs/libpypy-c.so') in maps(server) and str(opt / 'pypy/libpypy-c.so') not in maps(server)
    assert server.client().get('/').body.split()[0] == str(opt / 'pypy').encode()


def test_note_on_the_current_directory(start_server, opt, port):
    """"Remember to prefix --pypy-lib with ./ if you want to point to a .so file in your current directory!" """
    server = start_server({'http-socket': port, 'chdir': opt / 'libs', 'pypy-home': opt / 'pypy',
                           'pypy-lib': './libpypy-c.so'})
    assert str(opt / 'libs/libpypy-c.so') in maps(server)


# -- The PyPy setup file --------------------------------------------------------------------------------------------

def printed_setup_file():
    done = subprocess.run([uwsgi_binary(), '--plugin', default_plugin(), '--print-sym', 'uwsgi_pypy_setup'],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stdout) == (0, '')   # uWSGI writes it to stderr
    return done.stderr


def test_print_sym():
    """uwsgi --print-sym uwsgi_pypy_setup: the embedded file, byte for byte."""
    assert printed_setup_file().rstrip('\n') == (REPOSITORY / 'python/pypy_setup.py').read_text().rstrip('\n')


def test_setup_file(start_server, opt, port, tmp_path):
    """--pypy-setup /home/foobar/foo.py, with what --print-sym printed."""
    foo = tmp_path / 'home/foobar/foo.py'
    foo.parent.mkdir(parents=True)
    foo.write_text(printed_setup_file())
    server = start_server({'http-socket': port, 'pypy-home': opt / 'pypy', 'pypy-lib': opt / 'libs/libpypy-c.so',
                           'pypy-setup': foo, 'pypy-wsgi': 'myapp'}, files={'myapp.py': MYAPP})
    assert server.client().get('/').body == b'%s None' % bytes(opt / 'pypy')


def test_changed_setup_file(start_server, port, tmp_path):
    """"you can change the way the plugin works without rebuilding uWSGI" """
    foo = tmp_path / 'foo.py'
    foo.write_text(printed_setup_file() + '''
from uwsgi_pypy import environ
make_template = environ.make_template
environ.make_template = lambda: {**make_template(), 'custom.key': 'customised'}
''')
    server = start_server({'http-socket': port, 'pypy-setup': foo, 'pypy-wsgi': 'myapp'}, files={'myapp.py': MYAPP})
    assert server.client().get('/').body.endswith(b' customised')


# -- WSGI support ---------------------------------------------------------------------------------------------------

def test_wsgi_module(start_server, opt, port):
    """uwsgi --http-socket :9090 --pypy-home /opt/pypy --pypy-wsgi myapp"""
    server = start_server({'http-socket': port, 'pypy-home': opt / 'pypy', 'pypy-wsgi': 'myapp'},
                          files={'myapp.py': MYAPP})
    response = server.client().get('/')
    assert response.status == 200 and response.body.startswith(bytes(opt))


def test_wsgi_file(start_server, opt, port, tmp_path):
    """uwsgi --http-socket :9090 --pypy-home /opt/pypy --pypy-wsgi-file /var/www/myapp/myapp.wsgi"""
    myapp = tmp_path / 'var/www/myapp/myapp.wsgi'
    myapp.parent.mkdir(parents=True)
    myapp.write_text(MYAPP)
    server = start_server({'http-socket': port, 'pypy-home': opt / 'pypy', 'pypy-wsgi-file': myapp})
    assert server.client().get('/').status == 200


# -- IPython trick --------------------------------------------------------------------------------------------------

class Terminal:
    """A pseudo-terminal with a program in it."""

    ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07|[\x0f\r]')

    def __init__(self, command, directory, env):
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(command, cwd=directory, env=env, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        os.close(slave)
        self.data = b''
        self.seen = 0

    def text(self):
        return self.ESCAPES.sub('', self.data.decode('utf-8', 'replace'))

    def expect(self, pattern):
        """Waits for this after what was expected before."""
        while True:
            found = re.compile(pattern).search(self.text(), self.seen)
            if found:
                self.seen = found.end()
                return found
            ready = select.select([self.master], [], [], TIMEOUT)[0]
            assert ready, 'waited in vain for %r:\n%s' % (pattern, self.text())
            try:
                self.data += os.read(self.master, 65536)
            except OSError:
                raise AssertionError('the program ended before %r:\n%s' % (pattern, self.text())) from None

    def send(self, line):
        os.write(self.master, line.encode() + b'\r')

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def test_ipython(pypy, port, tmp_path):
    """uwsgi --socket :3031 --pypy-home /opt/pypy --pypy-eval "import IPython; IPython.embed()" --honour-stdin"""
    if subprocess.call(['pypy3', '-c', 'import IPython'], stderr=subprocess.DEVNULL):
        pytest.skip('IPython is not installed')
    env = {**os.environ, 'HOME': str(tmp_path), 'IPYTHONDIR': str(tmp_path), 'TERM': 'xterm',
           'PROMPT_TOOLKIT_NO_CPR': '1', 'COLUMNS': '200', 'LINES': '50'}
    terminal = Terminal([uwsgi_binary(), '--plugin', default_plugin(), '--socket', port, '--pypy-home', pypy[3],
                         '--pypy-eval', 'import IPython; IPython.embed()', '--honour-stdin'], tmp_path, env)
    try:
        terminal.expect(r'In \[1\]:')
        terminal.send('1+1')
        terminal.expect(r'Out\[1\]: 2')
        terminal.expect(r'In \[2\]:')
        terminal.send('import sys; sys.implementation.name')
        terminal.expect(r"Out\[2\]: 'pypy'")
        terminal.expect(r'In \[3\]:')
        terminal.send('exit')
        terminal.expect('spawned uWSGI worker 1')
    finally:
        terminal.close()


# -- Options --------------------------------------------------------------------------------------------------------

@pytest.fixture
def ended(make_server):
    """ended(options, code, traceback=None): starts, waits for the end; returns the log as one text."""
    def run(options, code, traceback=None, **more):
        server = make_server({'http-socket': True, **options}, **more)
        if traceback:
            server.expect_traceback(traceback)
        server.launch()
        assert server.wait_exit() == code, server.log_tail()
        return '\n'.join(server.log_lines())
    return run


def test_options_are_listed():
    """Every option of the page is in `uwsgi --help`."""
    text = subprocess.check_output([uwsgi_binary(), '--plugin', default_plugin(), '--help'], text=True)
    names = ['lib', 'setup', 'home', 'wsgi', 'wsgi-file', 'eval', 'eval-post-fork', 'exec', 'exec-post-fork', 'pp',
             'python-path', 'pythonpath']
    assert [name for name in names if not re.search(r'^ +--pypy-%s +\w' % name, text, re.MULTILINE)] == []


def test_eval_and_exec_before_fork(start_server, port):
    """Once, in the process that forks, in `__main__`, in the order of the command line."""
    server = start_server({'http-socket': port, 'master': True, 'processes': 2, 'pypy-wsgi': 'myapp'},
                          args=['--pypy-eval', 'import os; seen = ["eval"]', '--pypy-exec', 'script.py',
                                '--pypy-eval', 'seen.append("eval again"); print("SEEN", os.getpid(), seen)'],
                          files={'myapp.py': MYAPP, 'script.py': 'seen.append(__name__ + " " + __file__)\n'})
    expected = "SEEN %d ['eval', '__main__ script.py', 'eval again']" % server.pid
    assert server.log_lines('^SEEN ') == [expected]


def test_main_is_what_was_run(start_server, port):
    """An application sees the names of --pypy-eval in the module `__main__`."""
    server = start_server({'http-socket': port, 'pypy-wsgi': 'myapp', 'pypy-eval': 'greeting = b"from main"'}, files={
        'myapp.py': '''
import __main__
def application(environ, start_response):
    start_response('200 OK', [])
    return [__main__.greeting]
'''})
    assert server.client().get('/').body == b'from main'


def test_eval_and_exec_after_each_fork(start_server, port):
    """In every worker, and again in the one that replaces it."""
    server = start_server({'http-socket': port, 'master': True, 'processes': 2, 'pypy-wsgi': 'myapp',
                           'max-requests': 1, 'min-worker-lifetime': 0},
                          args=['--pypy-eval-post-fork', 'import os; seen = ["eval"]',
                                '--pypy-exec-post-fork', 'script.py'],
                          files={'myapp.py': MYAPP, 'script.py': 'print("SEEN", os.getpid(), seen, __name__)\n'})
    server.ignore_fds()
    assert server.client().get('/').status == 200

    def pids():
        return {int(line.split()[1]) for line in server.log_lines(r"^SEEN \d+ \['eval'\] __main__$")}
    wait_until(lambda: len(pids()) == 3, lambda: 'three processes\n' + server.log_tail())
    assert set(server.worker_pids()) <= pids() and server.pid not in pids()


@pytest.mark.parametrize('option', ['pypy-pp', 'pypy-python-path', 'pypy-pythonpath'])
def test_python_path(start_server, port, tmp_path, option):
    """Each of the three names adds an item; given again, one more."""
    for name in ('one', 'two'):
        (tmp_path / name).mkdir()
    (tmp_path / 'one/helper.py').write_text('word = b"helped"\n')
    (tmp_path / 'two/myapp.py').write_text('''
import helper
def application(environ, start_response):
    start_response('200 OK', [])
    return [helper.word]
''')
    server = start_server({'http-socket': port, option: [tmp_path / 'one', tmp_path / 'two'], 'pypy-wsgi': 'myapp'})
    assert server.client().get('/').body == b'helped'


FAILS = 'def fail():\n    return 1 / 0\n\nfail()\n'


def test_eval_that_raises(ended):
    """It stops the start: one traceback, with the line and the text of the code."""
    log = ended({'pypy-eval': FAILS}, 1, 'ZeroDivisionError: division by zero')
    assert 'line 4, in <module>\n    fail()\n' in log and 'line 2, in fail\n    return 1 / 0\n' in log
    assert '--pypy-eval failed, see above; not starting' in log


def test_exec_that_raises(ended):
    """The same, with the name of the file."""
    log = ended({'pypy-exec': 'script.py'}, 1, 'ZeroDivisionError: division by zero', files={'script.py': FAILS})
    assert 'File "script.py", line 4, in <module>\n    fail()\n' in log
    assert 'File "script.py", line 2, in fail\n    return 1 / 0\n' in log
    assert '--pypy-exec script.py failed, see above; not starting' in log


def test_eval_with_a_syntax_error(ended):
    """What is wrong, and no frame of the plugin."""
    log = ended({'pypy-eval': 'x = 1\ndef f(:\n'}, 1)
    assert '--pypy-eval:\n  File "<pypy-eval 1>", line 2\n    def f(:\n' in log
    assert '\nSyntaxError: ' in log and 'pypy_plugin.so/' not in log


def test_exec_with_a_syntax_error(ended):
    log = ended({'pypy-exec': 'script.py'}, 1, files={'script.py': 'x = 1\ndef f(:\n'})
    assert '--pypy-exec script.py:\n  File "script.py", line 2\n    def f(:\n' in log
    assert '\nSyntaxError: ' in log and 'pypy_plugin.so/' not in log


def test_exec_of_a_file_that_does_not_exist(ended):
    """One line."""
    log = ended({'pypy-exec': 'nowhere.py'}, 1)
    assert '\n--pypy-exec nowhere.py: No such file or directory\n' in log and 'pypy_plugin.so/' not in log


@pytest.mark.parametrize('call, code', [('sys.exit(3)', 3), ('sys.exit()', 0), ('sys.exit("bye")', 1),
                                        ('raise SystemExit(4)', 4)])
def test_exit_in_eval(ended, call, code):
    """sys.exit() ends uWSGI with this code, without a traceback."""
    log = ended({'pypy-eval': 'import sys; ' + call}, code)
    assert ('bye' in log.split('\n')) == ('bye' in call)


@pytest.mark.parametrize('option', ['pypy-eval-post-fork', 'pypy-exec-post-fork'])
def test_failure_after_the_fork(start_server, port, option):
    """It is logged once, and the worker lives."""
    code = {'pypy-eval-post-fork': FAILS, 'pypy-exec-post-fork': 'script.py'}[option]
    server = start_server({'http-socket': port, 'master': True, option: code, 'pypy-wsgi': 'myapp'},
                          files={'myapp.py': MYAPP, 'script.py': FAILS})
    server.expect_traceback('ZeroDivisionError: division by zero')
    server.wait_log('^--%s failed, see above$' % option)
    pids = server.worker_pids()
    assert server.client().get('/').status == 200 and server.worker_pids() == pids


def test_exit_after_the_fork(start_server, port):
    """sys.exit() there ends nothing either."""
    server = start_server({'http-socket': port, 'master': True, 'pypy-wsgi': 'myapp',
                           'pypy-eval-post-fork': 'import sys; sys.exit(3)'}, files={'myapp.py': MYAPP})
    server.expect_traceback('SystemExit: 3')
    assert server.client().get('/').status == 200


# -- Notes ----------------------------------------------------------------------------------------------------------

def test_note_on_need_app(ended, make_server):
    """The page: "things like --need-app will not work ... This will be fixed soon". It is."""
    log = ended({'pypy-wsgi': 'myapp', 'need-app': True, 'master': True}, 22, 'ValueError: no',
                files={'myapp.py': 'raise ValueError("no")\n'})
    assert '/myapp.py", line 1, in <module>\n    raise ValueError("no")\n' in log


def test_note_on_dynamic_mode(start_server, port):
    """The page: 'The server will report "dynamic mode" on startup'. No more, and --need-app is content."""
    server = start_server({'http-socket': port, 'pypy-wsgi': 'myapp', 'need-app': True}, files={'myapp.py': MYAPP})
    assert server.log_lines("^WSGI app 0 .mountpoint=''. ready in ")
    assert not server.log_lines('dynamic mode')
    assert server.client().get('/').status == 200
