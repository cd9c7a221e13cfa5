"""uWSGI's own handling of exceptions: counters, --catch-exceptions, --reload-on-exception*, --exception-handler."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import assert_aborted, assert_internal_error, wait_until

APP = 'errors'
HERE = Path(__file__).parent


@pytest.fixture
def start(start_server, server_spec):
    """start(**options): a server of apps/errors.py with a master and the stats server."""
    def start(**options):
        options = {name.replace('_', '-'): value for name, value in options.items()}
        return start_server({'http-socket': True, 'pypy-wsgi': 'app', 'master': True, 'stats': True, **options},
                            app=server_spec.app, files=server_spec.files)
    return start


def test_exceptions_are_counted(start):
    """Wherever they were raised: in the worker's and in the application's counter."""
    server = start()
    client = server.client()
    server.expect_traceback(*['ValueError: boom'] * 4)
    for place in ('call', 'first', 'later', 'close'):
        client.get('/at/%s/ValueError' % place)
    client.get('/hello')
    stats = server.wait_stats(lambda stats: stats['workers'][0]['requests'] == 5 and stats, 'five requests')
    worker = stats['workers'][0]
    assert worker['exceptions'] == 4
    assert [app['exceptions'] for app in worker['apps']] == [4]
    assert worker['pid'] in server.worker_pids()


def test_catch_exceptions(start):
    """A page for the developer: exception, class, message, backtrace, request variables; the traceback still once."""
    server = start(catch_exceptions=True)
    server.expect_traceback('ValueError: boom')
    response = server.client().get('/at/call/ValueError?a=b')
    assert response.status == 500 and response.complete
    page = response.text
    assert 'uWSGI exceptions catcher for "GET /at/call/ValueError?a=b"' in page
    assert 'Exception class: builtins.ValueError' in page and 'Exception message: boom' in page
    assert 'app.py" line: ' in page and 'function: "raise_"' in page and 'text/code: "' in page
    assert 'QUERY_STRING = a=b' in page


def test_catch_exceptions_after_something_was_sent(start):
    """The page must not end up inside the response."""
    server = start(catch_exceptions=True)
    server.expect_traceback('ValueError: boom')
    response = server.client().get('/at/later/ValueError')
    assert_aborted(response)
    assert b'catcher' not in response.body


def assert_replaced(server, pids):
    """The master has put another worker in the place of the one that ended."""
    server.ignore_fds()
    wait_until(lambda: server.worker_pids() and server.worker_pids() != pids, 'another worker')
    assert server.wait_log('monitored exception detected')
    assert server.client().get('/hello').body == b'hello'


def test_reload_on_exception(start):
    server = start(reload_on_exception=True)
    pids = server.worker_pids()
    server.expect_traceback('ValueError: boom')
    response = server.client().get('/at/call/ValueError')
    assert response.empty or response.status == 500
    assert_replaced(server, pids)


# The documentation does not say how the class is written; a filter may be given several times.
FILTERS = {
    'reload_on_exception_type': ['ValueError', 'builtins.ValueError'],
    'reload_on_exception_value': ['boom'],
    'reload_on_exception_repr': ['ValueError: boom', 'builtins.ValueError: boom', "ValueError('boom')"],
}


@pytest.mark.parametrize('option', list(FILTERS))
def test_reload_on_one_exception(start, option):
    server = start(**{option: FILTERS[option]})
    pids = server.worker_pids()
    server.expect_traceback('SystemExit: 3', 'ValueError: boom')
    assert_internal_error(server.client().get('/at/call/SystemExit'))
    assert server.client().get('/hello').body == b'hello' and server.worker_pids() == pids
    response = server.client().get('/at/call/ValueError')
    assert response.empty or response.status == 500
    assert_replaced(server, pids)


@pytest.mark.parametrize('option', list(FILTERS))
def test_no_reload_on_another_exception(start, option):
    """A filter that names something else, part of it included, does nothing."""
    server = start(**{option: ['Value', 'boo', 'KeyError', 'boom!']})
    pids = server.worker_pids()
    server.expect_traceback('ValueError: boom')
    assert_internal_error(server.client().get('/at/call/ValueError'))
    assert server.client().get('/hello').body == b'hello' and server.worker_pids() == pids


@pytest.fixture(scope='module')
def handler_plugin(tmp_path_factory):
    """An exception handler for uWSGI that prints what it is given, built against the installed uWSGI."""
    directory = tmp_path_factory.mktemp('handler')
    binary = shutil.which('uwsgi-core') or shutil.which('uwsgi')
    (directory / 'uwsgi.h').write_bytes(subprocess.check_output([binary, '--dot-h']))
    flags = shlex.split(subprocess.check_output([binary, '--cflags'], text=True))
    plugin = directory / 'testhandler_plugin.so'
    subprocess.run(['gcc', '-shared', '-fPIC', '-w', '-I', str(directory), *flags, '-o', str(plugin),
                    str(HERE / 'exception_handler.c')], check=True)
    return plugin


def test_exception_handler(start, handler_plugin):
    """A handler gets class, message, representation, backtrace and the request's variables."""
    server = start(plugin=handler_plugin, exception_handler='testhandler')
    server.expect_traceback('ValueError: boom')
    assert_internal_error(server.client().get('/at/call/ValueError'))
    assert server.wait_log('^handler: class=') == ['handler: class=builtins.ValueError']
    assert server.wait_log('^handler: msg=') == ['handler: msg=boom']
    assert 'ValueError' in server.wait_log('^handler: repr=')[0]
    frames = server.wait_log(r'^handler: frame=.*app\.py \d+ raise_ ')
    assert len(frames) == 1
    assert server.wait_log('^handler: var REQUEST_URI=') == ['handler: var REQUEST_URI=/at/call/ValueError']
