"""What /proc knows about the server's processes."""

import os
from collections import Counter


def is_alive(pid):
    state = _stat(pid)
    return state is not None and state[0] != 'Z'


def open_fds(pid):
    """Counter of what the descriptors of a process point at, e.g. 'socket:[123]', '/dev/null'; None if it is gone."""
    directory = '/proc/%d/fd' % pid
    found = Counter()
    try:
        for fd in os.listdir(directory):
            try:
                found[os.readlink(os.path.join(directory, fd))] += 1
            except FileNotFoundError:
                continue   # closed since listdir
    except (FileNotFoundError, ProcessLookupError):
        return None
    return found


def event_queues(pid):
    """What each epoll set of a process watches: a set of targets as open_fds() names them; None if the process is gone."""
    directory = '/proc/%d/' % pid
    queues = []
    try:
        for fd in os.listdir(directory + 'fd'):
            try:
                if os.readlink(directory + 'fd/' + fd) == 'anon_inode:[eventpoll]':
                    queues.append(_watched(directory, fd))
            except FileNotFoundError:
                continue   # closed since listdir
    except (FileNotFoundError, ProcessLookupError):
        return None
    return queues


def listening_sockets():
    """Those of this machine, as open_fds() names them."""
    found = set()
    for table in ('tcp', 'tcp6'):
        with open('/proc/net/' + table) as file:
            rows = [line.split() for line in file][1:]
        found.update('socket:[%s]' % row[9] for row in rows if row[3] == '0A')
    with open('/proc/net/unix') as file:
        rows = [line.split() for line in file][1:]
    found.update('socket:[%s]' % row[6] for row in rows if int(row[3], 16) & 0x10000)
    return found


def _watched(directory, fd):
    with open(directory + 'fdinfo/' + fd) as file:
        numbers = [line.split()[1] for line in file if line.startswith('tfd:')]
    return {os.readlink(directory + 'fd/' + number) for number in numbers}


def runnable_seconds(pid):
    """How long the first thread of a process has had a CPU or waited for one: what it would have had if it were alone."""
    with open('/proc/%d/schedstat' % pid) as file:
        running, waiting, _ = file.read().split()
    return (int(running) + int(waiting)) / 1e9


def group_members(group):
    """{pid: (state, parent, name)} of the processes of a process group, zombies included."""
    members = {}
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            stat = _stat(int(entry))
            if stat and stat[2] == group:
                members[int(entry)] = (stat[0], stat[1], stat[3])
    return members


def _stat(pid):
    """(state, parent, process group, name), or None when there is no such process."""
    try:
        with open('/proc/%d/stat' % pid, 'rb') as file:
            data = file.read().decode('latin-1')
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, _, rest = data.partition('(')[2].rpartition(')')
    fields = rest.split()
    return fields[0], int(fields[1]), int(fields[2]), name
