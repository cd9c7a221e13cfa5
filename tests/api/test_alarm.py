"""uwsgi.alarm()."""

import pytest

from api.console import Raised
from harness import wait_until

SIZE = 'it must have from 2 to %d (--alarm-msg-size, --log-master-bufsize)'


def refused(console, source, message):
    with pytest.raises(Raised) as raised:
        console(source)
    assert str(raised.value) == message


def test_alarm(start_console):
    """The message gets to the alarm's log line or command; an alarm that nobody knows does nothing."""
    console = start_console({'alarm': ['shout log:loud', 'file cmd:cat >>alarms.txt']})
    assert console(r'uwsgi.alarm("shout", "the roof is on fire"), uwsgi.alarm(b"file", "caf\xe9\n")') == (None, None)
    console.server.wait_log('ALARM: loud the roof is on fire')
    alarms = console.server.directory / 'alarms.txt'
    wait_until(lambda: alarms.exists() and alarms.read_bytes() == 'caf\xe9\n'.encode(), 'the command to run')
    assert console('uwsgi.alarm("whisper", "nobody hears"), uwsgi.alarm("", "nobody")') == (None, None)
    # the alarms come one after the other: when this one is there, no other one will be
    console('uwsgi.alarm("shout", memoryview(b"over"))')
    console.server.wait_log('ALARM: loud over')
    assert not console.server.log_lines('nobody')


def test_refused(start_console):
    """What uWSGI would drop, or what is too long for its buffers, is refused."""
    console = start_console({'alarm': 'shout log:', 'alarm-msg-size': 100})
    refused(console, 'uwsgi.alarm("shout", "x")', 'ValueError: message has 1 bytes; ' + SIZE % 100)
    refused(console, 'uwsgi.alarm("shout", b"x" * 101)', 'ValueError: message has 101 bytes; ' + SIZE % 100)
    refused(console, 'uwsgi.alarm("shout", 5)', 'TypeError: message must be str or bytes, not int')
    refused(console, 'uwsgi.alarm(None, "message")', 'TypeError: name must be str or bytes, not NoneType')
    refused(console, r'uwsgi.alarm("sh\0ut", "message")', 'ValueError: name must not have a NUL byte')
    console('uwsgi.alarm("shout", "x" * 100)')
    console.server.wait_log('ALARM: ' + 'x' * 100)


def test_longer_than_its_buffer(start_console):
    """uWSGI copies a message into a buffer that has another option's size."""
    console = start_console({'alarm': 'shout log:', 'alarm-msg-size': 100000})
    refused(console, 'uwsgi.alarm("shout", "x" * 8193)', 'ValueError: message has 8193 bytes; ' + SIZE % 8192)


def test_off(start_console):
    console = start_console()
    refused(console, 'uwsgi.alarm("shout", "message")',
            'RuntimeError: there is no alarm; --alarm makes one, if there is a --master')


def test_too_early(start_console):
    """Nobody listens while the applications are loaded before the fork."""
    early = 'import uwsgi\ntry:\n    uwsgi.alarm("shout", "early")\nexcept RuntimeError as error:\n    uwsgi.early = str(error)'
    console = start_console({'alarm': 'shout log:', 'pypy-eval': early})
    assert console('uwsgi.early') == 'alarms can be raised once the applications are loaded'
