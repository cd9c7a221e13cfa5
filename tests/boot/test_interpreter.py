"""What `pypy3 script.py` does and embedding leaves undone: applications find the interpreter they know."""

import os
import pwd
import signal
import tempfile
from pathlib import Path

import pytest

from harness import wait_until


def as_uwsgi_sees_it(code):
    """An application that answers repr(the value of `answer` after `code`)."""
    return '''
def application(environ, start_response):
    scope = {'environ': environ}
    exec(%r, scope)
    start_response('200 OK', [])
    return [repr(scope['answer']).encode()]
''' % code


# -- memory ---------------------------------------------------------------------------------------------------------

NURSERY = 'import gc, os; answer([gc.get_stats().nursery_size, os.environ["PYPY_GC_NURSERY"]])'


def test_nursery(evaluate):
    """4 MB whatever the CPU's cache is."""
    assert evaluate(NURSERY) == ['4.0MB', '4M']


def test_nursery_option(evaluate):
    assert evaluate(NURSERY, {'pypy-gc-nursery': '2M'}) == ['2.0MB', '2M']
    assert evaluate(NURSERY, {'pypy-gc-nursery': '8192K'})[0] == '8.0MB'


def test_nursery_of_the_environment(evaluate):
    """The user's own environment wins."""
    assert evaluate(NURSERY, {'pypy-gc-nursery': '2M'}, env={'PYPY_GC_NURSERY': '1M'}) == ['1.0MB', '1M']


# -- text -----------------------------------------------------------------------------------------------------------

NO_LOCALE = {'LANG': None, 'LC_ALL': None, 'LC_CTYPE': None}


@pytest.mark.parametrize('env', [{}, {'LANG': 'C'}, {'LC_ALL': 'C'}, {'LC_ALL': 'POSIX'}, {'LC_CTYPE': 'C'},
                                 {'LANG': 'xx_YY.UTF-8'}, {'LC_ALL': 'xx_YY.UTF-8'}, {'LANG': 'C.UTF-8'}], ids=str)
def test_file_names(make_server, env):
    """UTF-8 file names work in any locale, also in none and in one that is not installed."""
    server = make_server({'http-socket': True, 'pypy-exec': 'script.py'}, env={**NO_LOCALE, **env}, files={
        'script.py': '''
import os, sys
assert sys.getfilesystemencoding() == 'utf-8', sys.getfilesystemencoding()
with open('\\u00e9', 'w') as file:
    file.write('\\u20ac')
assert '\\u00e9' in os.listdir('.') and '\\u00e9'.encode() in os.listdir(b'.')
assert os.fsencode('\\udcff') == b'\\xff'
assert open('\\u00e9', encoding='utf-8').read() == '\\u20ac', 'open() without an encoding did not write UTF-8'
sys.exit(0)
'''})
    server.launch()
    assert server.wait_exit() == 0, server.log_tail()


def test_subprocesses_have_the_same_encoding(evaluate):
    """What was done for this process holds for the programs it starts."""
    code = ('import subprocess, sys; answer(subprocess.check_output('
            '[sys.executable, "-c", "import sys; print(sys.getfilesystemencoding())"], text=True))')
    assert evaluate(code, env={**NO_LOCALE, 'LANG': 'C'}) == 'utf-8\n'


RECORDER = """
import io, sys, threading
class Recorder(io.StringIO):
    written = []
    def write(self, text):
        self.written.append(text)
sys.stderr = Recorder()
def fail():
    raise ValueError('of the test')
"""


@pytest.mark.parametrize('code, heading', [
    ('try: fail()\nexcept ValueError: sys.excepthook(*sys.exc_info())', ''),
    ('try: fail()\nexcept ValueError: sys.__excepthook__(*sys.exc_info())', ''),
    ('thread = threading.Thread(target=fail, name="one")\nthread.start()\nthread.join()', 'Exception in thread one:\n'),
], ids=['main', 'kept', 'thread'])
def test_uncaught_exceptions(evaluate, code, heading):
    """One write for each traceback: in the log that processes share, no line of another gets into it."""
    text, *rest = evaluate(RECORDER + code + '\nanswer(Recorder.written)')
    assert ''.join(rest).strip() == '', 'a thread of Python 3.7 writes a newline after it'
    assert text.startswith(heading + 'Traceback (most recent call last):\n')
    assert text.rstrip().endswith('ValueError: of the test')


def test_threads_that_exit(evaluate):
    """sys.exit() ends a thread without a word."""
    assert evaluate(RECORDER + 'thread = threading.Thread(target=sys.exit)\nthread.start()\nthread.join()\n'
                    'answer(Recorder.written)') == []


@pytest.mark.parametrize('stream', ['stdout', 'stderr'])
def test_streams(evaluate, stream):
    """Line-buffered, so that lines do not mix; any character can be written."""
    assert evaluate('import sys; stream = sys.%s; answer([stream.line_buffering, stream.errors, stream.encoding, '
                    'stream is sys.__%s__, stream.fileno(), stream.name, stream.write_through])' % (stream, stream)
                    ) == [True, 'backslashreplace', 'utf-8', True, {'stdout': 1, 'stderr': 2}[stream],
                          '<%s>' % stream, False]


def test_what_cannot_be_encoded(make_server):
    server = make_server({'http-socket': True, 'pypy-eval': 'print("a \\udcff \\u20ac z"); raise SystemExit'})
    server.launch()
    assert server.wait_exit() == 0
    assert server.log_lines('^a \\\\udcff \u20ac z$')


def test_a_line_is_one_write(start_server):
    """What one thread writes as a line is not mixed with the lines of others."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app'}, app='''
import sys, threading
def talk(letter):
    for _ in range(200):
        sys.stderr.write(letter * 30 + '\\n')

def application(environ, start_response):
    threads = [threading.Thread(target=talk, args=(letter,)) for letter in 'abcd']
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    start_response('200 OK', [])
    return [b'ok']
''')
    assert server.client().get('/').status == 200
    assert sorted(server.log_lines('^[abcd]+$')) == [letter * 30 for letter in 'abcd' for _ in range(200)]


def test_print_without_a_newline_is_not_lost(start_server):
    """What is left of a line goes out when the server ends."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app'}, app='''
import sys
def application(environ, start_response):
    print('half a line', end='')
    start_response('200 OK', [])
    return []
''')
    assert server.client().get('/').status == 200
    server.stop()
    assert server.log_lines('half a line')


# -- sys ------------------------------------------------------------------------------------------------------------

def test_executable(start_server):
    """sys.executable is a PyPy that runs: multiprocessing and subprocess need it."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app'}, app=as_uwsgi_sees_it('''
import subprocess, sys
answer = subprocess.check_output([sys.executable, '-c', 'import sys; print(sys.version)'], text=True)
assert answer == sys.version + '\\n', answer
'''))
    assert b'PyPy' in server.client().get('/').body


def test_argv(evaluate):
    assert evaluate('import sys; answer(sys.argv)') == ['uwsgi']


def test_main(evaluate):
    """`__main__` is a module, and what --pypy-eval runs in."""
    assert evaluate('import sys; answer([__name__, sys.modules["__main__"].__dict__ is globals(), '
                    '"__file__" in globals(), callable(__builtins__.print)])') == ['__main__', True, False, True]


def test_path_order(evaluate, tmp_path):
    """The current directory, --pypy-pp in its order, PYTHONPATH, then PyPy's own."""
    for name in ('b', 'a', 'c', 'd', 'e'):
        (tmp_path / name).mkdir()
    path = evaluate('import os, sys; answer([sys.path, os.path.dirname(os.__file__)])', {
        'pypy-pp': [tmp_path / 'b', tmp_path / 'a'], 'pypy-python-path': tmp_path / 'c',
        'pypy-pythonpath': tmp_path / 'd',
    }, env={'PYTHONPATH': '%s:%s' % (tmp_path / 'e', tmp_path / 'a')})
    own = [entry for entry in path[0] if 'lib_pypy' not in entry]   # which PyPy 3.7 has in front of its library
    assert own[:7] == ['.'] + [str(tmp_path / name) for name in 'bacde'] + [path[1]]


def test_path_with_a_pattern(evaluate, tmp_path):
    """--pypy-pp takes a glob; a pattern without a match stays as it is."""
    for name in ('two', 'other', 'one'):
        (tmp_path / 'eggs' / name).mkdir(parents=True)
    path = evaluate('import sys; answer(sys.path)', {'pypy-pp': [tmp_path / 'eggs/o*', tmp_path / 'none*']})
    assert path[1:4] == [str(tmp_path / name) for name in ('eggs/one', 'eggs/other', 'none*')]


def test_pythonpath(start_server, tmp_path):
    """An application is found by PYTHONPATH."""
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere' / 'found.py').write_text(as_uwsgi_sees_it('answer = "found"'))
    server = start_server({'http-socket': True, 'pypy-wsgi': 'found'}, env={'PYTHONPATH': str(tmp_path / 'elsewhere')})
    assert server.client().get('/').body == b"'found'"


def test_environment_of_uwsgi_reaches_python(evaluate):
    """--env works as with any plugin."""
    assert evaluate('import os; answer(os.environ["GREETING"])', {'env': 'GREETING=hello'}) == 'hello'


# -- what nobody asked for ------------------------------------------------------------------------------------------

def test_nothing_of_the_build_is_needed(evaluate, tmp_path):
    """No compiler in PATH, and cffi's Python half is never imported."""
    (tmp_path / 'bin').mkdir()
    assert evaluate('import shutil, sys; answer([shutil.which("gcc"), shutil.which("cc"), '
                    '[name for name in sys.modules if name in ("cffi", "pycparser", "distutils")]])',
                    env={'PATH': str(tmp_path / 'bin')}) == [None, None, []]


def tree(directory):
    return sorted(os.path.join(root, name) for root, folders, files in os.walk(directory) for name in folders + files)


def test_nothing_is_written(start_server, tmp_path):
    """Serving leaves nothing in the working directory, and nothing beside the plugin."""
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'apps').mkdir()
    (tmp_path / 'apps' / 'served.py').write_text(as_uwsgi_sees_it('answer = 1'))
    server = start_server({'http-socket': True, 'master': True, 'chdir': tmp_path / 'empty', 'pypy-wsgi': 'served',
                           'pypy-pp': tmp_path / 'apps'})
    plugins = set(os.listdir(os.path.dirname(server.plugin)))
    assert server.client().get('/').body == b'1'
    server.stop()
    assert tree(tmp_path / 'empty') == []
    assert not {name for name in set(os.listdir(os.path.dirname(server.plugin))) - plugins if 'pypy' in name}


def test_user_without_rights(start_server):
    """Nobody, in a directory that nobody can write, can serve."""
    if os.getuid():
        pytest.skip('needs root, to become nobody')
    with tempfile.TemporaryDirectory() as directory:   # tmp_path is below a directory of root's alone
        os.chmod(directory, 0o755)
        Path(directory, 'served.py').write_text(as_uwsgi_sees_it('import os; answer = os.getuid()'))
        server = start_server({'http-socket': True, 'chdir': '/', 'uid': 'nobody', 'pypy-wsgi': 'served',
                               'pypy-pp': directory})
        assert server.client().get('/').body == b'%d' % pwd.getpwnam('nobody').pw_uid


def test_stdin_is_a_directory(start_server, tmp_path):
    """As under some supervisors: PyPy alone would end at once."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        server = start_server({'http-socket': True, 'pypy-wsgi': 'app'}, app=as_uwsgi_sees_it('answer = 1'),
                              stdin=descriptor)
        assert server.client().get('/').body == b'1'
    finally:
        os.close(descriptor)


def test_signals_are_uwsgis(start_server):
    """No handler of Python's is in the way: SIGINT ends the server, SIGPIPE does not raise."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app'}, app=as_uwsgi_sees_it(
        'import signal; answer = signal.getsignal(signal.SIGINT) is signal.default_int_handler'))
    assert server.client().get('/').body == b'False'
    assert server.stop() == 0


# -- the standard library's own processes ---------------------------------------------------------------------------

@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_multiprocessing(start_server, method):
    """From a request, by each way to start a process."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app', 'pypy-pp': '.'}, app='''
import multiprocessing
import work

def application(environ, start_response):
    with multiprocessing.get_context('%s').Pool(2) as pool:
        result = pool.map(work.double, range(10))
    start_response('200 OK', [])
    return [repr(result).encode()]
''' % method, files={'work.py': 'def double(n):\n    return 2 * n\n'})
    server.allow_fds('^pipe:')   # multiprocessing leaves them to the garbage collector
    assert server.client().get('/').body == repr([2 * n for n in range(10)]).encode()


@pytest.mark.parametrize('pool', ['Thread', 'Process'])
def test_concurrent_futures(start_server, pool):
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app', 'pypy-pp': '.'}, app='''
from concurrent.futures import %sPoolExecutor as Pool, process
import sys, work

def application(environ, start_response):
    with Pool(2) as pool:
        result = list(pool.map(work.double, range(10)))
    if sys.version_info < (3, 9):   # which wakes it up at the worker's exit, closed or not (bpo-39104, pypy issue 3317)
        getattr(process, '_threads_wakeups', {}).clear()
    start_response('200 OK', [])
    return [repr(result).encode()]
''' % pool, files={'work.py': 'def double(n):\n    return 2 * n\n'})
    server.allow_fds('^pipe:')   # multiprocessing leaves them to the garbage collector
    assert server.client().get('/').body == repr([2 * n for n in range(10)]).encode()


# -- the end --------------------------------------------------------------------------------------------------------

EXIT = '''
import atexit, os, uwsgi
def note(what):
    with open('notes', 'a') as file:
        file.write('%s %d\\n' % (what, os.getpid()))
atexit.register(note, 'registered')
uwsgi.atexit = lambda: note('hook')

def application(environ, start_response):
    start_response('200 OK', [])
    return [b'%d' % os.getpid()]
'''


def notes(server):
    try:
        return (server.directory / 'notes').read_text().split('\n')[:-1]
    except FileNotFoundError:
        return []


@pytest.mark.parametrize('options', [{}, {'master': True}, {'master': True, 'threads': 4},
                                     {'master': True, 'lazy-apps': True}], ids=str)
def test_atexit_on_stop(start_server, options):
    """uwsgi.atexit, then the functions of atexit, once in each worker."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', **options}, app=EXIT)
    pid = server.client().get('/').body.decode()
    server.stop()
    assert [note for note in notes(server) if note.endswith(' ' + pid)] == ['hook ' + pid, 'registered ' + pid]


@pytest.mark.parametrize('options', [{}, {'master': True, 'threads': 2}, {'pypy-loop': 'off'}], ids=str)
def test_exception_at_exit(start_server, options):
    """It is in the log, once, and hinders none of the other functions."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', **options}, app=EXIT + '''
def fail(what):
    raise ValueError(what)
atexit.register(fail, 'registered first')
atexit.register(note, 'between')
atexit.register(fail, 'registered last')
uwsgi.atexit = lambda: fail('hook')
''')
    pid = server.client().get('/').body.decode()
    server.wait_log('GET / ')   # on uWSGI's own path a request that still runs is broken off, and the process with it
    expected = ['ValueError: hook', 'ValueError: registered first', 'ValueError: registered last']
    is_3_11 = server.log_lines(r'\(Python 3\.1')   # says it in one line, without a traceback
    server.expect_traceback(*expected[:1 if is_3_11 else 3])
    server.allow_alarm('Exception ignored in atexit callback')
    server.stop()
    assert [len(server.log_lines('^' + line)) for line in expected] == [1, 1, 1]
    assert [note for note in notes(server) if note.endswith(' ' + pid)] == ['between ' + pid, 'registered ' + pid]


def test_atexit_after_max_requests(start_server):
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app', 'max-requests': 2,
                           'min-worker-lifetime': 0}, app=EXIT)
    server.ignore_fds()
    pid = server.client().get('/').body.decode()
    assert server.client().get('/').body.decode() == pid
    wait_until(lambda: 'registered ' + pid in notes(server), 'the exit functions of worker ' + pid)
    server.wait_log('Respawned uWSGI worker 1 ')
    assert server.client().get('/').body.decode() != pid   # uWSGI may miss a stop in the middle of a respawn


def test_atexit_on_reload(start_server):
    server = start_server({'http-socket': 'app.sock', 'master': True, 'pypy-wsgi': 'app'}, app=EXIT)
    server.ignore_fds()
    pid = server.client().get('/').body.decode()
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: 'registered ' + pid in notes(server), 'the exit functions of worker ' + pid)
    server.wait_log('spawned uWSGI worker 1 ', 2)
    assert server.client().get('/').status == 200


def test_atexit_that_raises(start_server):
    """It is logged, and the others still run."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app'}, app=EXIT + '''
def fail():
    raise ValueError('at the end')
atexit.register(fail)
''')
    pid = server.client().get('/').body.decode()
    server.stop()
    assert 'registered ' + pid in notes(server)
    assert server.log_lines('^ValueError: at the end$')
    # PyPy 3.11 says it in one line, without a traceback
    server.allow_alarm('Exception ignored in atexit callback')
    server.expect_traceback(*['ValueError: at the end'] * len(server.log_lines('^Traceback ')))
