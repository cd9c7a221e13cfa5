"""uwsgi.async_sleep(), suspend(), wait_fd_*(), ready_fd() of a server without --async."""

import pytest

from api.console import Raised


@pytest.mark.parametrize('engine', ['off', 'on'], ids=['stock', 'loop'])
def test_without_async(start_console, engine):
    """What has nothing to do does nothing; what was asked for in vain is told."""
    console = start_console({'pypy-loop': engine})
    assert console('uwsgi.suspend(), uwsgi.green_schedule(), uwsgi.ready_fd()') == (True, True, -1)
    assert console('uwsgi.async_sleep(0), uwsgi.async_sleep(-1), uwsgi.async_sleep(0.5)') == (b'', b'', b'')
    console.server.wait_log('ASYNC call without async mode', 1)
    for call, message in (
            ('wait_fd_read(0)', 'OSError: uwsgi.wait_fd_read(): unable to wait for descriptor 0; the server runs without '
                                '--async'),
            ('wait_fd_write(1, 5)', 'OSError: uwsgi.wait_fd_write(): unable to wait for descriptor 1; the server runs '
                                    'without --async'),
            ('wait_fd_read(-1)', 'ValueError: descriptor is -1; it must be from 0 to 2147483647'),
            ('wait_fd_write(1, "1")', 'TypeError: timeout must be int, not str'),
            ('async_sleep("1")', 'TypeError: seconds must be int or float, not str'),
            ('async_sleep(float("inf"))', 'ValueError: seconds is inf; it must be at most 2147483647'),
            ('async_sleep(float("nan"))', 'ValueError: seconds is nan; it must be at most 2147483647')):
        with pytest.raises(Raised) as raised:
            console('uwsgi.' + call)
        assert str(raised.value) == message
