"""Lines and variables of the log."""

import pytest

from api.console import Raised
from harness import wait_until

LOOPS = pytest.mark.parametrize('loop', ['off', 'on'])


def test_log(start_console):
    """str and bytes; a line is a line however long it is, and a NUL does not cut it."""
    console = start_console()
    for message in ("'snowman \u2603'", "b'bytes'", "bytearray(b'array')", "'before\\0after'", "'y' * 100000", "''"):
        assert console('uwsgi.log(%s)' % message) is True
    for line in ('snowman \u2603', 'bytes', 'array', r'before\\x00after', 'y' * 100000, ''):
        console.server.wait_log('^%s$' % line)
    with pytest.raises(Raised, match='^TypeError: message must be str or bytes, not int$'):
        console('uwsgi.log(1)')


@LOOPS
def test_logvars(start_console, loop):
    """In the request's log line; str and bytes; the last value counts; they end with the request."""
    console = start_console({'log-format': 'VARIABLE=%(mine)=%(two)', 'pypy-loop': loop})
    assert console('uwsgi.set_logvar("mine", "first"), uwsgi.set_logvar(b"mine", b"last"), '
                   'uwsgi.set_logvar("two", "\u2603"), uwsgi.get_logvar("mine"), uwsgi.get_logvar(b"two"), '
                   'uwsgi.get_logvar("three")') == (None, None, None, b'last', '\u2603'.encode(), None)
    console.server.wait_log('^VARIABLE=last=\u2603$')
    assert console('uwsgi.get_logvar("mine")') is None


def test_logvar_limits(start_console):
    """255 bytes are possible, and not one more; what does not fit changes nothing."""
    console = start_console()
    assert console('uwsgi.set_logvar("n" * 255, b"\\0" * 255), uwsgi.get_logvar("n" * 255) == b"\\0" * 255') == (
        None, True)
    for call in ('set_logvar("n" * 256, "v")', 'get_logvar("n" * 256)'):
        with pytest.raises(Raised, match='^ValueError: name has 256 bytes; at most 255 are possible$'):
            console('uwsgi.' + call)
    with pytest.raises(Raised, match='^ValueError: value has 256 bytes; at most 255 are possible$'):
        console('uwsgi.set_logvar("n", "\u2603" * 85 + "x")')
    with pytest.raises(Raised, match='^TypeError: value must be str or bytes, not NoneType$'):
        console('uwsgi.set_logvar("n", None)')


@LOOPS
def test_log_this_request(start_console, loop):
    """With --disable-logging only the requests that ask for it are logged."""
    console = start_console({'disable-logging': True, 'log-format': 'LOGGED %(var.HTTP_X)', 'pypy-loop': loop})
    for number, call in enumerate(('1', 'uwsgi.log_this_request()', '2')):
        console.client.request('POST', '/', body=call.encode(), headers=[('X', str(number))])
    assert console.server.wait_log('^LOGGED') == ['LOGGED 1']


def test_log_size(start_console):
    """The master looks at the size once a second with --log-maxsize."""
    console = start_console({'logto': 'uwsgi.log', 'log-maxsize': 1 << 30})
    wait_until(lambda: console('uwsgi.logsize()') > 1000, 'the master to look at the log')


def test_warning_message(start_console):
    console = start_console()
    assert console('uwsgi.set_warning_message("w" * 80)') is True
    with pytest.raises(Raised, match='^ValueError: message has 81 bytes; at most 80 are possible$'):
        console('uwsgi.set_warning_message("w" * 81)')
