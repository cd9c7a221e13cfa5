# SPDX-License-Identifier: MIT
"""uWSGI's alarms."""
from _uwsgi_pypy import lib

from . import arguments

__all__ = ('alarm',)


def _message(message):
    """Returns the message as bytes that uWSGI can handle. TypeError, ValueError."""
    message = arguments.to_bytes(message, 'message')
    least, most = lib.UPP_ALARM_LEAST, lib.upp_alarm_limit()
    if not least <= len(message) <= most:
        raise ValueError('message has %d bytes; it must have from %d to %d (--alarm-msg-size, --log-master-bufsize)'
                         % (len(message), least, most))
    return message


def alarm(name, message):
    """Raises an alarm; an unknown name does nothing. RuntimeError: there are no alarms, or not yet."""
    name = arguments.to_c_string(name, 'name')
    message = _message(message)
    if not lib.upp_alarm_is_on():
        raise RuntimeError('there is no alarm; --alarm makes one, if there is a --master')
    if not lib.upp_alarm_is_ready():
        raise RuntimeError('alarms can be raised once the applications are loaded')
    lib.uwsgi_alarm_trigger(name, message, len(message))
