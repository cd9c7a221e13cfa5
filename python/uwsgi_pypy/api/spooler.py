# SPDX-License-Identifier: MIT
"""Spoolers: processes that run tasks from files, which survive restarts and are tried again."""
import fcntl
import os

from _uwsgi_pypy import ffi, lib

from .. import barrier, log
from . import arguments, packet

__all__ = ('SPOOL_IGNORE', 'SPOOL_OK', 'SPOOL_RETRY', 'parsefile', 'send_to_spooler', 'set_spooler_frequency', 'spool',
           'spooler_get_task', 'spooler_jobs', 'spooler_pid', 'spooler_pids')

# what the function uwsgi.spooler returns
SPOOL_IGNORE = 0
SPOOL_RETRY = -1
SPOOL_OK = -2

INT_MAX = 2 ** 31 - 1

# how the names of tasks begin
TASK = b'uwsgi_spoolfile_on_'

# modifiers1 of a file with variables: none, and a task
WITH_VARIABLES = (0, 17)


def directories():
    """Returns the directory (bytes) of each spooler."""
    found = []
    while lib.upp_spooler_directory(len(found)) != ffi.NULL:
        found.append(ffi.string(lib.upp_spooler_directory(len(found))))
    return found


def attributes():
    """Returns the constants of the module by name."""
    found = directories()
    return {'spoolers': tuple(found)} if found else {}


def need_spooler():
    """Returns directories(). RuntimeError: there is no spooler."""
    found = directories()
    if not found:
        raise RuntimeError('there is no spooler; --spooler DIRECTORY adds one')
    return found


# -- adding tasks ------------------------------------------------------------------------

def choose_directory(value):
    """Returns the directory that a task's key `spooler` names, as uWSGI spells it. ValueError."""
    found = directories()
    for name in (value, os.path.realpath(value)):
        if name in found:
            return name
    raise ValueError('there is no spooler %r; there is %s' % (value, ', '.join(map(repr, found))))


def check_priority(value, directory):
    """uWSGI puts such a task into a directory of that name, and looks into numbered ones only."""
    if not value.isdigit():
        raise ValueError('priority is %r; it must be a number that is not negative' % value)
    external = lib.upp_spooler_is_external(directories().index(directory))
    if not external and not lib.upp_spooler_is_ordered():
        raise RuntimeError('tasks with a priority are not run; --spooler-ordered switches priorities on')


def to_time(value):
    """Returns a task's key `at` in whole seconds since the epoch, as bytes. ValueError."""
    try:
        seconds = int(float(value))
    except (ValueError, OverflowError):
        raise ValueError('at is %r; it must be a number of seconds since the epoch' % value) from None
    if seconds < 0:
        raise ValueError('at is %r; it must not be negative' % value)
    return b'%d' % seconds


def to_variables(task):
    """Returns a task (dict) as (dict bytes -> bytes, body or None). TypeError, ValueError."""
    variables = {}
    body = None
    for key, value in task.items():
        name = arguments.to_bytes(key, 'a key of the task', arguments.FIELD_MAX)
        if not name:
            raise ValueError('a key of the task is empty')
        if name == b'body':
            body = arguments.to_bytes(value, 'body')
        else:
            variables[name] = packet.to_field(value, 'the value of %r' % key)
    return variables, body


def spool(*task, **more):
    """Adds a task: a dict, or keyword arguments, or both. Returns the path of its file (bytes).

    Keys and values are str, bytes-like or (values) numbers. Keys with a meaning: `spooler` (a directory, for another
    than the first spooler), `priority` (a number, with --spooler-ordered), `at` (seconds since the epoch), `body`
    (of any length; all else together has at most 65535 bytes). RuntimeError: there is no spooler. ValueError: not
    possible, or it could not be written (logged).
    """
    if len(task) > 1:
        raise TypeError('uwsgi.spool() takes one dict, not %d values' % len(task))
    if not task and not more:
        raise ValueError('uwsgi.spool() needs a task: a dict, or keyword arguments')
    if task and not isinstance(task[0], dict):
        raise TypeError('the task must be a dict, not %s' % type(task[0]).__name__)
    directory = need_spooler()[0]
    variables, body = to_variables(dict(task[0], **more) if task else more)
    if b'spooler' in variables:
        directory = variables[b'spooler'] = choose_directory(variables[b'spooler'])
    if b'priority' in variables:
        check_priority(variables[b'priority'], directory)
    if b'at' in variables:
        variables[b'at'] = to_time(variables[b'at'])
    data = packet.encode(variables)
    if len(data) > arguments.FIELD_MAX:
        raise ValueError("the task has %d bytes beside its body; at most %d are possible: put what is large into "
                         "'body'" % (len(data), arguments.FIELD_MAX))
    path = lib.upp_spooler_add(data, len(data), ffi.NULL if body is None else body, len(body or b''))
    if path == ffi.NULL:
        raise ValueError('the task could not be written, see the log')
    return ffi.string(path)


send_to_spooler = spool


# -- looking at tasks and spoolers ---------------------------------------------------------

def set_spooler_frequency(seconds):
    """Sets how often spoolers look for tasks, in seconds (int); 0: as --spooler-frequency says. Returns True."""
    seconds = arguments.to_int(seconds, 'seconds', 0, INT_MAX)
    need_spooler()
    lib.upp_spooler_set_frequency(seconds)
    return True


def spooler_pid(*ignored):
    """Returns the pid (int) of the first spooler, 0 if there is none."""
    return lib.upp_spooler_pid(0)


def spooler_pids(*ignored):
    """Returns a list with the pid (int) of each spooler."""
    return [lib.upp_spooler_pid(number) for number in range(len(directories()))]


def tasks_in(directory, folders):
    """Returns the paths (bytes) of the tasks in a directory, and of those in its numbered folders."""
    found = []
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return found
    for name in names:
        path = os.path.join(directory, name)
        if name.startswith(TASK) and os.path.isfile(path):
            found.append(path)
        elif folders and name.isdigit() and os.path.isdir(path):
            found += tasks_in(path, False)
    return found


def spooler_jobs(*ignored):
    """Returns a list with the path (bytes) of each task that is not done, of all spoolers."""
    found = []
    for directory in sorted(set(need_spooler())):
        found += tasks_in(directory, True)
    return found


def to_task(name, variables, body):
    """Returns what uwsgi.spooler gets: str keys for what uWSGI adds, bytes for the task's own. packet.Broken."""
    task = {'spooler_task_name': name}
    task.update(packet.decode(variables))
    if body:
        task['body'] = body
    return task


def read_free(path):
    """Returns the bytes of a file that no other process has locked. OSError."""
    with open(path, 'r+b') as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return file.read()


def spooler_get_task(path):
    """Returns the task (dict, as uwsgi.spooler gets it) in a file (str or bytes); None: none, broken, or it runs."""
    name = arguments.to_c_string(path, 'path')
    need_spooler()
    try:
        _, variables, body = packet.decode_file(read_free(name))
        return to_task(name, variables, body)
    except (OSError, packet.Broken):
        return None


def parsefile(path):
    """Returns the variables (dict bytes -> bytes) of a uwsgi packet or task in a file (str or bytes); None: a log line
    says why not."""
    name = arguments.to_c_string(path, 'path')
    try:
        with open(name, 'rb') as file:
            modifier, variables, _ = packet.decode_file(file.read())
        if modifier not in WITH_VARIABLES:
            raise packet.Broken('its modifier %d is not one of a file with variables' % modifier)
        return packet.decode(variables)
    except (OSError, packet.Broken) as error:
        log.info('uwsgi.parsefile(%r): %s' % (path, error))
        return None


# -- what uWSGI calls --------------------------------------------------------------------

def check_result(result, name):
    """Returns what uwsgi.spooler returned if it is an int of C, else SPOOL_RETRY after a log line."""
    if isinstance(result, int) and -INT_MAX <= result <= INT_MAX:
        return int(result)
    log.info('uwsgi.spooler returned %.100r for task %s, which will be tried again; it must return uwsgi.SPOOL_OK, '
             'SPOOL_RETRY or SPOOL_IGNORE' % (result, name.decode('utf-8', 'backslashreplace')))
    return SPOOL_RETRY


@barrier.exported(error=SPOOL_RETRY)
def upp_py_spooler(name, variables, length, body, body_length):
    hook = barrier.hook('spooler')
    if hook is None:
        return SPOOL_IGNORE
    name = ffi.string(name)
    try:
        task = to_task(name, ffi.buffer(variables, length)[:],
                       ffi.buffer(body, body_length)[:] if body_length else None)
    except packet.Broken as error:
        log.info('task %s is broken and thrown away: %s' % (name.decode('utf-8', 'backslashreplace'), error))
        return SPOOL_OK
    failed = object()
    result = barrier.call(hook, task, failed=failed)
    return SPOOL_RETRY if result is failed else check_result(result, name)
