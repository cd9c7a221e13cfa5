# SPDX-License-Identifier: MIT
"""What the instance has done: workers, requests, memory, queues."""
from _uwsgi_pypy import ffi, lib

from . import arguments

__all__ = ('listen_queue', 'mem', 'micros', 'request_id', 'total_requests', 'workers')

# keys of workers() that are fields of the C struct
FIELDS = ('id', 'pid', 'requests', 'delta_requests', 'signals', 'exceptions', 'rss', 'vsz', 'running_time',
          'last_spawn', 'respawn_count', 'tx', 'avg_rt')
APP_FIELDS = ('modifier1', 'startup_time', 'interpreter', 'callable', 'requests', 'exceptions')


def status(record):
    """Returns what a worker does: b'cheap', b'pause', b'sig<number>', b'busy' or b'idle'."""
    if record.cheaped:
        return b'cheap'
    if record.suspended and not record.busy:
        return b'pause'
    if record.signal >= 0:
        return b'sig%d' % record.signal
    return b'busy' if record.busy else b'idle'


def apps(number, count):
    """Returns a tuple of dicts, one for each application of worker `number`."""
    found = []
    record = ffi.new('struct upp_stats_app *')
    for app in range(count):
        if lib.upp_stats_app(number, app, record):
            break
        values = {name: getattr(record, name) for name in APP_FIELDS}
        values['id'] = app
        values['mountpoint'] = ffi.unpack(record.mountpoint, record.mountpoint_length)
        values['chdir'] = ffi.string(record.chdir)
        found.append(values)
    return tuple(found)


def workers(*ignored):
    """Returns a tuple of dicts, one for each worker, also for those that do not run now (status b'cheap')."""
    found = []
    record = ffi.new('struct upp_stats_worker *')
    while not lib.upp_stats_worker(len(found) + 1, record):
        values = {name: getattr(record, name) for name in FIELDS}
        values['status'] = status(record)
        values['apps'] = apps(record.id, record.apps)
        found.append(values)
    return tuple(found)


def total_requests(*ignored):
    """Returns the number of requests (int) that the instance has served."""
    return lib.upp_stats_requests()


def request_id(*ignored):
    """Returns how many requests this core had served before the current one (int). RuntimeError: no request."""
    return arguments.check_request(lib.upp_stats_request_id(), 'request_id')


def listen_queue(number=0):
    """Returns how many connections wait in listening TCP socket `number` (int). ValueError: there is no such socket."""
    number = arguments.to_int(number, 'socket number', 0, 2 ** 31 - 1)
    length = lib.upp_stats_listen_queue(number)
    if length < 0:
        raise ValueError('there is no socket %d' % number)
    return length


def mem(*ignored):
    """Returns (resident, virtual) memory of this process in bytes (int)."""
    sizes = ffi.new('uint64_t[2]')
    lib.get_memusage(sizes, sizes + 1)
    return sizes[0], sizes[1]


def micros(*ignored):
    """Returns the time in microseconds since the epoch (int)."""
    return lib.uwsgi_micros()
