"""Attributes of the module uwsgi, and the hooks after a request, after a fork and at exit."""

import os
import shutil
import signal
import subprocess

import pytest

from api.console import Raised
from harness import wait_until

LOOPS = pytest.mark.parametrize('loop', ['off', 'on'])


def test_version_and_instance(start_console):
    console = start_console({'processes': 2, 'threads': 3, 'buffer-size': 8192})
    binary = os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')
    # 2.0.19.1-debian: version_info is (2, 0, 19, 1, b'debian'), and a last number of 0 is not in the name
    version, _, custom = subprocess.check_output([binary, '--version']).strip().partition(b'-')
    assert console('uwsgi.version') == version + b'-' + custom
    numbers = tuple(map(int, version.split(b'.')))
    assert console('uwsgi.version_info') == (numbers + (0,))[:4] + (custom,)
    assert console('import os; uwsgi.hostname == os.uname().nodename.encode()') is True
    assert console('uwsgi.numproc, uwsgi.cores, uwsgi.buffer_size, uwsgi.has_threads') == (2, 3, 8192, 1)
    assert console('import time; 0 <= time.time() - uwsgi.started_on < 3600') is True
    assert console('uwsgi.loop, uwsgi.unbit, uwsgi.applications, uwsgi.is_a_reload') == (None, None, None, False)


def test_options(start_console, tmp_path):
    """str keys; bytes, True for a flag, a list for what was given more than once, in its order."""
    console = start_console({'set': ['fruit=apple', 'fruit=pear', 'tree=yew'], 'pidfile': tmp_path / 'pid'})
    assert console('uwsgi.opt["master"], uwsgi.opt["tree"], uwsgi.opt["fruit"], "spooler" in uwsgi.opt') == (
        True, b'yew', [b'apple', b'pear'], False)
    assert console('uwsgi.opt["set"]') == [b'fruit=apple', b'fruit=pear', b'tree=yew']
    assert console('all(type(key) is str for key in uwsgi.opt)') is True
    assert console('uwsgi.pidfile') == os.fsencode(tmp_path / 'pid')


def test_attributes_that_are_not_set(start_console):
    console = start_console()
    for name in ('mode', 'pidfile', 'spoolers', 'no_such_name'):
        with pytest.raises(Raised, match="AttributeError: module 'uwsgi' has no attribute '%s'" % name):
            console('uwsgi.' + name)
    assert console('hasattr(uwsgi, "mode")') is False


def test_mode(start_console):
    assert start_console({'mode': 'testing'})('uwsgi.mode') == b'testing'


def test_sockets(start_console):
    console = start_console({'uwsgi-socket': True})
    ports = [console.server.address(option)[1] for option in ('http-socket', 'uwsgi-socket')]
    assert console('''
import socket
def port(descriptor):
    with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as copy:
        return copy.getsockname()[1]
[port(descriptor) for descriptor in uwsgi.sockets]''') == ports


def test_magic_table(start_console):
    console = start_console()
    assert console('uwsgi.magic_table[b"h"] == uwsgi.hostname, uwsgi.magic_table[b"%"]') == (True, b'%')
    assert console('all(uwsgi.magic_table.values())') is True


@LOOPS
def test_is_a_reload(start_console, fixed_address, loop):
    console = start_console({'http-socket': fixed_address, 'pypy-loop': loop})
    assert console('uwsgi.is_a_reload') is False
    console.server.ignore_fds()
    assert console('uwsgi.reload()') is True
    console.server.wait_log('spawned uWSGI worker 1', 2)
    assert console('uwsgi.is_a_reload') is True


# -- the current request ---------------------------------------------------------------------------------------------

@LOOPS
def test_env(start_console, loop):
    """The environ of this thread's request; nothing of it is left afterwards."""
    console = start_console({'pypy-loop': loop, 'threads': 2})
    assert console('uwsgi.env["REQUEST_METHOD"], uwsgi.env["PATH_INFO"]') == ('POST', '/')
    assert console('''
import threading
answers = []
thread = threading.Thread(target=lambda: answers.append(hasattr(uwsgi, 'env')))
thread.start()
thread.join()
answers''') == [False]


START_RESPONSE = '''
import uwsgi
def application(environ, start_response):
    assert uwsgi.env is environ
    write = uwsgi.start_response('200 OK', [('X-By', 'uwsgi')])
    return [b'hello']
try:
    uwsgi.start_response('200 OK', [])
except RuntimeError as error:
    print('REFUSED', error)
'''


@LOOPS
def test_start_response(start_site, loop):
    server = start_site(START_RESPONSE, {'pypy-loop': loop})
    response = server.client().get('/')
    assert response.body == b'hello' and response.header('X-By') == 'uwsgi'
    server.wait_log('^REFUSED uwsgi.start_response.. works on the current request, and there is none$')


# -- hooks -----------------------------------------------------------------------------------------------------------

AFTER = '''
import uwsgi
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'hello']
def after():
    print('AFTER', uwsgi.request_id(), hasattr(uwsgi, 'env'))
    %s
uwsgi.after_req_hook = after
'''


@LOOPS
@pytest.mark.parametrize('lazy', [None, True], ids=['', 'lazy'])
def test_after_req_hook(start_site, loop, lazy):
    """It runs after each request, once the client has its response."""
    server = start_site(AFTER % '', {'pypy-loop': loop, 'lazy-apps': lazy})
    for number in range(1, 4):
        assert server.client().get('/').body == b'hello'
        assert server.wait_log('^AFTER ', number)[-1] == 'AFTER %d False' % number


@LOOPS
def test_after_req_hook_of_a_dynamic_application(start_server, loop):
    """An application that a request has loaded sets it for that request, too."""
    server = start_server({'socket': True, 'master': True, 'pypy-loop': loop}, files={'dynamic.py': AFTER % ''})
    client = server.client('uwsgi')
    for number in range(1, 3):
        assert client.get('/', variables={'UWSGI_APPID': 'it', 'UWSGI_MODULE': 'dynamic'}).body == b'hello'
        assert server.wait_log('^AFTER ', number)[-1] == 'AFTER %d False' % number


@LOOPS
def test_after_req_hook_that_raises(start_site, loop):
    """It is logged, and the worker serves."""
    server = start_site(AFTER % 'raise ValueError("in the hook")', {'pypy-loop': loop})
    server.expect_traceback('ValueError: in the hook', 'ValueError: in the hook')
    for _ in range(2):
        assert server.client().get('/').body == b'hello'


@pytest.mark.memory
@pytest.mark.parametrize('name', ['after_req_hook', 'atexit', 'mule_msg_hook', 'post_fork_hook', 'spooler'])
def test_memory_of_hooks(start_console, name):
    """A hook that was replaced is given up."""
    console = start_console()
    console('''
import gc, weakref
class Hook:
    def __call__(self, *given): return uwsgi.SPOOL_OK
alive = weakref.WeakSet()
for _ in range(10000):
    uwsgi.%s = hook = Hook()
    alive.add(hook)
del hook
''' % name)
    wait_until(lambda: console('gc.collect(); len(alive)') == 1, 'only the last hook to be alive')


ATEXIT = '''
import atexit, os, uwsgi
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'hello']
def leave():
    print('LEFT', uwsgi.worker_id(), uwsgi.mule_id(), uwsgi.i_am_the_spooler())
uwsgi.atexit = leave
atexit.register(print, 'ATEXIT')
'''


def test_atexit_everywhere(start_site, tmp_path):
    """Workers, a mule that waits in uWSGI, one that waits in mule_get_msg(), and spoolers."""
    server = start_site(ATEXIT, {'processes': 2, 'mules': 1, 'spooler': tmp_path / 'spool'}, args=['--mule=mule.py'],
                        files={'mule.py': 'import uwsgi\nprint("WAITING", uwsgi.spooler_pid())\nuwsgi.mule_get_msg()'})
    # when the instance stops, uWSGI kills its spoolers with SIGKILL
    os.kill(int(server.wait_log('^WAITING')[0].split()[1]), signal.SIGTERM)
    server.wait_log('^LEFT 0 0 True$')
    server.stop(signal.SIGINT)
    assert sorted(server.log_lines('^LEFT ')) == [
        'LEFT 0 0 True', 'LEFT 0 1 None', 'LEFT 0 2 None', 'LEFT 1 0 None', 'LEFT 2 0 None']
    assert len(server.log_lines('^ATEXIT$')) == 5


def test_atexit_that_raises(start_site):
    """It is logged, and the functions of the module atexit run all the same."""
    server = start_site(ATEXIT.replace("print('LEFT',", "raise ValueError('in atexit',"))
    server.expect_traceback(r"ValueError: ('in atexit', 1, 0, None)")
    server.stop(signal.SIGINT)
    assert len(server.log_lines('^ATEXIT$')) == 1


def test_post_fork_hook_everywhere(start_site, tmp_path):
    """Also in processes that are started again."""
    server = start_site('''
import uwsgi
def hook():
    print('FORKED', uwsgi.worker_id(), uwsgi.mule_id(), uwsgi.i_am_the_spooler())
uwsgi.post_fork_hook = hook
def application(environ, start_response):
    start_response('200 OK', [])
    return [str(uwsgi.spooler_pid()).encode()]
''', {'mules': 1, 'spooler': tmp_path / 'spool'})
    assert sorted(server.wait_log('^FORKED ', 3)) == ['FORKED 0 0 True', 'FORKED 0 1 None', 'FORKED 1 0 None']
    os.kill(int(server.client().get('/').body), signal.SIGKILL)
    server.wait_log('^FORKED 0 0 True', 2)
