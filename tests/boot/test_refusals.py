"""What would go wrong later ends the start, with a sentence that names the cause and the way out."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.server import REPOSITORY, default_plugin

APP = '''
import sys
def application(environ, start_response):
    start_response('200 OK', [])
    return [sys.version.encode()]
'''


# -- CPython in the same process ------------------------------------------------------------------------------------

def test_cpython_loaded_before(refused):
    """Mixing libpython with libpypy is explicitly forbidden (the documented note)."""
    log = refused({'pypy-wsgi': 'app'}, app=APP, plugin='python3', args=['--plugin', default_plugin()])
    assert "CPython's library is loaded in this process; it cannot be mixed with PyPy" in log
    assert 'use either --plugin python3 or --plugin pypy' in log
    assert 'WSGI app' not in log


def test_cpython_loaded_after(start_server):
    """uWSGI has one plugin for WSGI and takes the last one: all is CPython's, no PyPy is loaded beside it."""
    server = start_server({'http-socket': True, 'wsgi-file': 'app.py'}, app=APP, args=['--plugin', 'python3'])
    assert b'PyPy' not in server.client().get('/').body
    assert 'libpypy' not in Path('/proc/%d/maps' % server.pid).read_text()


def test_cpython_loaded_after_with_our_options(refused):
    """Then --pypy-... options are nobody's, and uWSGI says so."""
    assert "unrecognized option '--pypy-wsgi'" in refused(
        {}, app=APP, args=['--plugin', 'python3', '--pypy-wsgi', 'app'])


# -- another uWSGI --------------------------------------------------------------------------------------------------

def plugin_for(directory, **changes):
    """The plugin as it would be for another uWSGI: with one of its files compiled anew with these #defines changed."""
    text = (REPOSITORY / 'build/gen/upp_host.h').read_text()
    for name, value in changes.items():
        text, count = re.subn(r'(#define UPP_HOST_%s) .*' % name, r'\1 ' + value, text)
        assert count == 1
    (directory / 'upp_host.h').write_text(text)
    flags = ['-std=gnu11', '-D_GNU_SOURCE=', '-fPIC', '-fvisibility=hidden', '-w']
    subprocess.check_call(['gcc', *flags, '-I%s' % directory, '-Isrc', '-Ibuild/gen', '@build/gen/host.flags', '-c', '-o',
                           str(directory / 'host_check.o'), 'src/host_check.c'], cwd=REPOSITORY)
    libraries = subprocess.check_output(['make', '-s', '--eval', 'libraries:; @echo $(LLHTTP_LIBS)', 'libraries'],
                                        cwd=REPOSITORY, text=True).split()
    others = [str(path) for path in (REPOSITORY / 'build/obj').rglob('*.o') if path.name != 'host_check.o']
    subprocess.check_call(['gcc', '-shared', '-Wl,-z,noexecstack', '-o', str(directory / 'pypy_plugin.so'),
                           str(directory / 'host_check.o'), *others, *libraries])
    return str(directory / 'pypy_plugin.so')


def running_version():
    return subprocess.check_output([uwsgi_binary(), '--version'], text=True).strip()


# It links the objects of the ordinary build.
ORDINARY_BUILD = pytest.mark.skipif('UPP_PLUGIN' in os.environ, reason='a plugin of another build is tested')


@ORDINARY_BUILD
@pytest.mark.parametrize('change', [{'DOT_H_LENGTH': '1234'}, {'DOT_H_HASH': '0x1234ULL'}], ids=str)
def test_built_for_another_uwsgi(refused, tmp_path, change):
    """The header that the plugin was compiled with is not the running uWSGI's."""
    log = refused({'pypy-wsgi': 'app'}, app=APP, plugin=plugin_for(tmp_path, VERSION='"1.2.3-other"', **change))
    assert 'the pypy plugin was built for uWSGI 1.2.3-other and this is uWSGI %s: build it again with this uWSGI ' \
           '(make, or uwsgi --build-plugin)' % running_version() in log


@ORDINARY_BUILD
def test_built_for_the_same_version_with_other_flags(refused, tmp_path):
    """Two builds of one version can differ; the sentence says how."""
    log = refused({'pypy-wsgi': 'app'}, app=APP, plugin=plugin_for(tmp_path, DOT_H_LENGTH='1234'))
    assert 'was built for uWSGI %s and this is uWSGI %s with other build flags: build it again' % (
        (running_version(),) * 2) in log


def uwsgi_binary():
    return os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')


# -- stacks ---------------------------------------------------------------------------------------------------------

def test_small_thread_stacks(refused):
    """In less than 1 MB deep recursion would be a segmentation fault."""
    log = refused({'threads': 2, 'threads-stacksize': 512})
    assert '--threads-stacksize 512: PyPy needs at least 1024 (KB) of stack in each thread; raise it' in log


def test_small_stack_limit_with_threads(refused, tmp_path, monkeypatch):
    """Threads inherit `ulimit -s`."""
    limited_uwsgi(tmp_path, monkeypatch)
    log = refused({'threads': 2})
    assert 'the stack limit of this process (ulimit -s) is 512 KB' in log
    assert 'raise the limit or set --threads-stacksize' in log


def test_small_stack_limit_with_large_thread_stacks(start_server, tmp_path, monkeypatch):
    """What the sentence tells to do is enough."""
    limited_uwsgi(tmp_path, monkeypatch)
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', 'threads': 2, 'threads-stacksize': 1024}, app=APP)
    assert b'PyPy' in server.client().get('/').body


def limited_uwsgi(tmp_path, monkeypatch):
    wrapper = tmp_path / 'uwsgi-with-a-small-stack'
    wrapper.write_text('#!/bin/sh\nulimit -Ss 512\nexec %s "$@"\n' % uwsgi_binary())
    wrapper.chmod(0o755)
    monkeypatch.setenv('UPP_UWSGI', str(wrapper))


DEEP = '''
def down(n):
    return down(n + 1)

def application(environ, start_response):
    start_response('200 OK', [])
    try:
        down(0)
    except RecursionError:
        return [b'RecursionError']
'''


def test_deep_recursion_in_the_smallest_stack(start_server):
    """What is not refused works: a RecursionError, in every thread."""
    server = start_server({'http-socket': True, 'pypy-wsgi': 'app', 'threads': 4, 'threads-stacksize': 1024}, app=DEEP)
    for _ in range(8):
        assert server.client().get('/').body == b'RecursionError'


def test_ugreen(refused):
    """ucontext stacks break PyPy."""
    if not Path('/usr/lib/uwsgi/plugins/ugreen_plugin.so').exists():
        pytest.skip('there is no ugreen plugin')
    log = refused({'plugin': 'ugreen', 'ugreen': True, 'async': 2})
    assert '--ugreen does not work with PyPy' in log and 'use --pypy-greenlets instead' in log


# -- many requests at the same time -----------------------------------------------------------------------------------

@pytest.mark.parametrize('options', [
    {'gevent': 100}, {'gevent-monkey-patch': True}, {'gevent-early-monkey-patch': True},
    {'gevent-wait-for-hub': True}, {'asyncio': 100}, {'tornado': 100}, {'greenlet': True},
    {'loop': 'gevent'}, {'loop': 'asyncio', 'async': 10}], ids=lambda options: '-'.join(map(str, options)))
def test_loops_of_cpython(refused, options):
    log = refused({**options, 'pypy-wsgi': 'app'}, app=APP)
    name = next(iter(options))
    value = ' ' + options[name] if name == 'loop' else ''
    assert ('--%s%s needs CPython and does not work with PyPy; for many requests at the same time use --async N '
            '--pypy-greenlets, or --threads N, instead' % (name, value)) in log


def test_unknown_loop(refused):
    log = refused({'loop': 'nosuch', 'pypy-wsgi': 'app'}, app=APP)
    assert '--loop nosuch: there is no such loop engine; leave the option out' in log


@pytest.mark.parametrize('options', [{}, {'async': 1}], ids=['none', 'one'])
def test_greenlets_without_async(refused, options):
    log = refused({**options, 'pypy-greenlets': True, 'pypy-wsgi': 'app'}, app=APP)
    assert '--pypy-greenlets switches between the requests that --async N has under way; give --async a number' in log


def test_async_with_threads(refused):
    log = refused({'async': 10, 'threads': 4, 'pypy-wsgi': 'app'}, app=APP)
    assert '--async 10 and --threads 4 exclude each other' in log


def test_another_greenlet(refused):
    """One that was made for CPython cannot be imported."""
    log = refused({'async': 10, 'pypy-greenlets': True, 'pypy-wsgi': 'app', 'pypy-pp': 'lib'}, app=APP,
                  files={'lib/greenlet/__init__.py': 'from ._greenlet import getcurrent, greenlet\n'})
    assert "--pypy-greenlets needs PyPy's own module greenlet, which cannot be imported (No module named " in log



# -- the setup file -------------------------------------------------------------------------------------------------

def setup_file(make, text, **more):
    return make({'pypy-setup': 'setup.py'}, files={'setup.py': text}, **more)


def test_setup_file_of_another_contract(refused):
    """A setup file made for another plugin is refused before it can go wrong in stranger ways."""
    log = setup_file(refused, 'from _uwsgi_pypy import lib\nlib.upp_contract(99)\nraise ValueError("too late")\n')
    assert 'the setup file setup.py was made for contract 99 of the plugin, this is contract ' in log
    assert 'start again from the text that --print-sym uwsgi_pypy_setup prints' in log
    assert 'too late' not in log


def test_setup_file_without_a_contract(refused):
    log = setup_file(refused, 'name = 1\n')
    assert 'the setup file setup.py never called upp_contract()' in log
    assert '--print-sym uwsgi_pypy_setup' in log


def expect_setup_failure(make_server, text, error):
    """Starts with this setup file; returns the log."""
    server = make_server({'http-socket': True, 'pypy-setup': 'setup.py'}, files={'setup.py': text} if text else {})
    server.expect_traceback(error)
    server.allow_alarm('initialization of')   # PyPy's own heading of such a traceback
    server.launch()
    assert server.wait_exit() == 1, server.log_tail()
    assert server.log_lines('^the setup file setup.py failed, see above$')
    return '\n'.join(server.log_lines())


def test_setup_file_that_raises(make_server):
    """The traceback has its file, line and text."""
    log = expect_setup_failure(make_server, 'x = 1\ndef fail():\n    raise ValueError("oops")\n\nfail()\n',
                               'ValueError: oops')
    assert 'File "setup.py", line 5, in <module>\n    fail()\n' in log
    assert 'File "setup.py", line 3, in fail\n    raise ValueError("oops")\n' in log


def test_setup_file_with_a_syntax_error(make_server):
    log = expect_setup_failure(make_server, 'x = 1\ndef fail(:\n', 'SyntaxError: ')
    assert 'File "setup.py", line 2\n    def fail(:\n' in log


def test_setup_file_that_does_not_exist(make_server):
    expect_setup_failure(make_server, None, "FileNotFoundError: [Errno 2] No such file or directory: 'setup.py'")


# -- values ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('value', ['big', '4X', '-1', '4 M', '', '4MM', '1K', '99999999999G'])
def test_bad_nursery(refused, value):
    log = refused({}, args=['--pypy-gc-nursery', value])
    assert '--pypy-gc-nursery %s: give a size from 64K to 1G with K, M or G, such as 4M' % value in log
