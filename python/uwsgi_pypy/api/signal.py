# SPDX-License-Identifier: MIT
"""uWSGI's signals, and what sends them: timers, crontabs and file monitors."""
import re

from _uwsgi_pypy import lib

from .. import barrier
from .. import log as _log
from . import arguments

__all__ = ('add_cron', 'add_file_monitor', 'add_rb_timer', 'add_timer', 'register_signal', 'signal',
           'signal_received', 'signal_registered', 'signal_wait')

INT_MAX = 2 ** 31 - 1

# what uWSGI has room for
TARGET_MAX = 63
PATH_MAX = 254
TABLE_SIZE = 64

# targets that every instance has; nobody gets what goes to the last one
TARGETS = ('', 'worker', 'worker0', 'workers', 'active-workers', 'subscribed')
# one of a kind by its number
NUMBERED = re.compile('(worker|mule|farm)([0-9]{1,9})')

# number -> function
_handlers = {}

_FAILED = object()


def _to_number(value):
    """Returns the number of a signal (int, 0 to 255). TypeError, ValueError."""
    return arguments.to_int(value, 'signal number', 0, 255)


def _need_master(what):
    if not lib.upp_master_pid():
        raise ValueError('%s need a master; --master starts one' % what)


# -- handlers ---------------------------------------------------------------------------------------

def _missing(target):
    """Returns what the instance needs to have for a target (str), or None if all is there."""
    if target in TARGETS:
        return None
    if target == 'spooler':
        return None if lib.upp_signal_spoolers() else 'there is no spooler; --spooler adds one'
    if target in ('mule', 'mule0', 'mules'):
        return None if lib.upp_signal_mules() else 'there is no mule; --mule adds one'
    if target.startswith('farm_'):
        known = lib.upp_signal_has_farm(target[len('farm_'):].encode('utf-8', 'surrogateescape'))
        return None if known else 'there is no such farm; --farm adds one'
    found = NUMBERED.fullmatch(target)
    if not found:
        return ('it must be worker, workers, active-workers, workerN, mule, mules, muleN, farm_NAME, farmN, spooler, '
                'subscribed or empty')
    kind, number = found[1], int(found[2])
    option, count = {'worker': ('processes', lib.upp_signal_workers()), 'mule': ('mules', lib.upp_signal_mules()),
                     'farm': ('farm', lib.upp_signal_farms())}[kind]
    return None if 1 <= number <= count else 'there are %d; --%s adds more' % (count, option)


def _to_target(value):
    """Returns a target that exists (str or bytes) as a C string. TypeError, ValueError."""
    target = arguments.to_c_string(value, 'signal target', TARGET_MAX)
    text = target.decode('utf-8', 'surrogateescape')
    missing = _missing(text)
    if missing is not None:
        raise ValueError('signal target %r: %s' % (text, missing))
    return target


def _check_process(number):
    """Raises a ValueError where uWSGI registers no handler."""
    _need_master('signals')
    if lib.upp_mule_id() or lib.upp_spooler():
        raise ValueError('only the master and the workers can register signals')
    if not lib.upp_worker_id() and lib.uwsgi_signal_registered(number):
        raise ValueError('signal %d is registered already; only a worker can do that again, for itself' % number)


def register_signal(number, target, function):
    """Has function(number) called when a signal comes.

    number: int, 0 to 255. target: str, who gets the signal. Before the fork this holds for all processes, in a worker
    for that worker. ValueError: no master, in a mule or a spooler, registered before the fork already, or an instance
    that has no such target.
    """
    number = _to_number(number)
    target = _to_target(target)
    arguments.to_callable(function, 'signal handler')
    _check_process(number)
    before = _handlers.get(number)
    _handlers[number] = function
    if lib.upp_signal_register(number, target):
        if before is None:
            del _handlers[number]
        else:
            _handlers[number] = before
        raise ValueError('unable to register signal %d' % number)


def handle(number):
    """Runs the handler of a signal, for uWSGI. Returns 0, or -1 if it raised."""
    handler = _handlers.get(number)
    if handler is None:
        _log.info('signal %d has no handler in this process' % number)
        return -1
    return -1 if barrier.call(handler, number, failed=_FAILED) is _FAILED else 0


def signal_registered(number):
    """Returns True if this process has a handler for the signal (int, 0 to 255), else None."""
    return True if lib.uwsgi_signal_registered(_to_number(number)) else None


# -- sending and waiting ----------------------------------------------------------------------------

def _send_to(node, number):
    answer = lib.uwsgi_remote_signal_send(node, number)
    name = node.decode('utf-8', 'replace')
    if answer < 0:
        raise OSError('unable to deliver signal %d to node %s' % (number, name))
    if not answer:
        raise ValueError('node %s rejected signal %d' % (name, number))


def signal(number, remote=None):
    """Sends a signal (int, 0 to 255), here or to another instance (str, its address).

    OSError: the node does not answer within --socket-timeout, or too many signals wait for the master. ValueError: the
    node did not take it. RuntimeError: no master, or it does not listen yet.
    """
    number = _to_number(number)
    if remote is not None:
        _send_to(arguments.to_node(remote, 'node'), number)
        return
    sent = lib.upp_signal_send(number)
    if sent == lib.UPP_SIGNAL_NOBODY:
        if lib.upp_master_pid():
            raise RuntimeError('signals can be sent once the workers are started')
        raise RuntimeError('signals need a master; --master starts one')
    if sent != lib.UPP_SIGNAL_SENT:
        raise OSError('signal %d is lost: too many wait for the master; --signal-bufsize makes room' % number)


def signal_wait(number=None):
    """Waits, in a request, until this worker gets a signal and has run its handler. Returns b''.

    number: int, waits for that one, and runs the handlers of others meanwhile. The wait also ends when the worker has
    to stop; signal_received() is -1 then. RuntimeError: outside of a request, or without a master.
    """
    result = lib.upp_signal_wait(-1 if number is None else _to_number(number))
    if result == lib.UPP_SIGNAL_NO_REQUEST:
        raise RuntimeError('uwsgi.signal_wait() needs a request')
    if result == lib.UPP_SIGNAL_NO_MASTER:
        raise RuntimeError('signals need a master; --master starts one')
    return b''


def signal_received(*ignored):
    """Returns the number of the signal that ended signal_wait() in this request (int), 0 before it.

    RuntimeError: outside of a request.
    """
    result = lib.upp_signal_received()
    if result == lib.UPP_SIGNAL_NO_REQUEST:
        raise RuntimeError('uwsgi.signal_received() needs a request')
    return result


# -- what sends signals -----------------------------------------------------------------------------

def _check_added(result, what):
    """uWSGI refuses them for one reason only: its table is full."""
    if result:
        raise ValueError('no more than %d %s are possible' % (TABLE_SIZE, what))


def add_file_monitor(number, path):
    """Sends the signal (int, 0 to 255) whenever a file or a directory (str) changes.

    The path is the master's. ValueError: no master, longer than 254 bytes, or 64 are there already.
    """
    number = _to_number(number)
    path = arguments.to_c_string(path, 'path', PATH_MAX)
    if not path:
        raise ValueError('path must not be empty')
    _need_master('file monitors')
    _check_added(lib.uwsgi_add_file_monitor(number, path), 'file monitors')


def add_timer(number, seconds):
    """Sends the signal (int, 0 to 255) every so many seconds (int). ValueError: no master, or 64 are there already."""
    number = _to_number(number)
    seconds = arguments.to_int(seconds, 'seconds', 1, INT_MAX)
    _need_master('timers')
    _check_added(lib.uwsgi_add_timer(number, seconds), 'timers')


def add_rb_timer(number, seconds, iterations=0):
    """As add_timer(), by the master's own clock (seconds); iterations: int, so many times only, 0: for ever."""
    number = _to_number(number)
    seconds = arguments.to_int(seconds, 'seconds', 1, INT_MAX)
    iterations = arguments.to_int(iterations, 'iterations', 0, INT_MAX)
    _need_master('timers')
    _check_added(lib.uwsgi_signal_add_rb_timer(number, seconds, iterations), 'rb_timers')


def _to_cron_field(value, name, low, high):
    """Returns a field of a crontab: from `low` to `high`, -1 for each, -N for every Nth. TypeError, ValueError."""
    number = arguments.to_int(value, name, -INT_MAX, high)
    if 0 <= number < low:
        raise ValueError('%s is %d; it must be from %d to %d, or negative' % (name, number, low, high))
    return number


def add_cron(number, minute, hour, day, month, week):
    """Sends the signal (int, 0 to 255) at times as in a crontab. Returns True.

    minute 0-59, hour 0-23, day 1-31, month 1-12, week 0-7 (0 and 7: Sunday), all int; -1: each, -N: every Nth.
    ValueError: no master, or 64 are there already.
    """
    number = _to_number(number)
    fields = (_to_cron_field(minute, 'minute', 0, 59), _to_cron_field(hour, 'hour', 0, 23),
              _to_cron_field(day, 'day', 1, 31), _to_cron_field(month, 'month', 1, 12),
              _to_cron_field(week, 'week', 0, 7))
    _need_master('crontabs')
    _check_added(lib.uwsgi_signal_add_cron(number, *fields), 'crontabs')
    return True
