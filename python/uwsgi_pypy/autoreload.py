# SPDX-License-Identifier: MIT
"""--py-autoreload: reloads uWSGI when the source of a module changes.

Every import is noted from the first one on, whether it succeeds or not: where
the module's file is, and which directories were searched in vain. Worker 1 has
the kernel (inotify) tell what happens in all these directories, so nothing
runs until a file changes. File systems of which the kernel does not know what
others do to them (NFS and its like) are looked at every SECONDS instead.

A change is a file of a module with another mtime, or a source file that was
not there before, in any of the directories.
"""
import os
import select
import signal
import struct
import sys
import threading
import time
from importlib.machinery import PathFinder

from _uwsgi_pypy import lib

from . import config, log, threads

# inotify(7)
IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE = 0x2, 0x4, 0x8, 0x80, 0x100
IN_ISDIR, IN_ONLYDIR = 0x40000000, 0x1000000
EVENTS = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR
EVENT = struct.Struct('iIII')

IN_Q_OVERFLOW = 0x4000

# changes often come several at once: milliseconds without one that make the last one the last
QUIET = 100

REMOTE = ('nfs', 'cifs', 'smb', '9p', 'fuse', 'vboxsf', 'virtiofs', 'afs', 'ceph', 'lustre')

_lock = threading.RLock()
_files = {}         # path of a module's source -> its mtime when it was noted, 0: there was none
_ignored = set()    # paths of modules that --py-autoreload-ignore names
_directories = {}   # directory -> True: all that is in it counts (--pypy-autoreload-watch)
_others = {}        # directory -> the source files in it that were there when the watch began
_watches = {}       # inotify's number -> directory
_polled = set()     # directories that inotify cannot watch
_inotify = -1

# what is not the user's to change
_standard_library = os.path.realpath(os.path.dirname(os.__file__))


def mtime(path):
    """Returns the time of the last change in nanoseconds, 0 if there is no such file."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


# -- what there is to watch -------------------------------------------------------------------------

def note_file(path, name=None):
    """The module `name` has its source in this file, which need not exist yet."""
    if not config.autoreload or path.startswith(log.OWN_FILES):
        return
    if path.endswith(('.pyc', '.pyo')):
        path = path[:-1]
    # a link can be changed, and so can what it leads to
    named = os.path.join(os.path.realpath(os.path.dirname(path) or '.'), os.path.basename(path))
    for found in {named, os.path.realpath(path)}:
        if found.startswith(_standard_library + os.sep) and 'site-packages' not in found:
            continue
        if name in config.autoreload_ignore:
            _ignored.add(found)
        with _lock:
            _files.setdefault(found, mtime(found))
        note_directory(os.path.dirname(found))


def note_directory(directory, everything=False):
    """Something in this directory may be of interest."""
    directory = os.path.realpath(directory)
    with _lock:
        if directory in _directories and not (everything and not _directories[directory]):
            return
        if not os.path.isdir(directory) or directory == _standard_library:
            return
        _directories[directory] = everything
        if _inotify >= 0:
            watch(directory)


def note_search(path):
    """A module was not found in these directories: it may come to be."""
    for entry in path:
        entry = os.path.realpath(entry or '.')
        if not entry.startswith(_standard_library) and not entry.endswith(('site-packages', 'dist-packages')):
            note_directory(entry)


class Recorder:
    """Sees every import, as a finder that finds nothing."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        try:
            note_import(name, sys.path if path is None else path)
        except Exception:
            log.exception()
        return None


def note_import(name, path):
    spec = PathFinder.find_spec(name, path)
    if spec is None:
        note_search(path)
        return
    if spec.has_location:
        note_file(spec.origin, name)


def note_loaded():
    """Modules that were there before the recorder, or came past it."""
    for name, module in list(sys.modules.items()):
        path = getattr(module, '__file__', None)
        if isinstance(path, str):
            note_file(path, name)


def note_tree(root):
    """All that is in a directory, at any depth."""
    for folder, folders, _ in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith('.')]
        note_directory(folder, everything=True)


def note_requested():
    """--pypy-autoreload-watch"""
    for path in config.autoreload_watch:
        if os.path.isdir(path):
            note_tree(path)
        else:
            note_file(path)


def install():
    """Begins to note imports; in the process that will fork the workers."""
    if config.autoreload:
        sys.meta_path.insert(0, Recorder)


# -- watching ---------------------------------------------------------------------------------------

def is_remote(directory):
    """True if the directory is on a file system that others may change behind the kernel's back."""
    best, kind = '', ''
    with open('/proc/self/mounts', encoding='utf-8', errors='surrogateescape') as file:
        for line in file:
            place, name = line.split(' ')[1:3]
            place = place.replace('\\040', ' ')
            if len(place) >= len(best) and (directory + '/').startswith(place.rstrip('/') + '/'):
                best, kind = place, name
    return kind.startswith(REMOTE)


def watch(directory):
    """Has the kernel tell of changes in the directory, or else remembers to look."""
    number = -1 if is_remote(directory) else lib.upp_watch_add(_inotify, os.fsencode(directory), EVENTS)
    if number < 0:
        _polled.add(directory)
    else:
        _watches[number] = directory
    if _directories[directory]:
        for path in files_in(directory):
            _files.setdefault(path, mtime(path))
    else:
        _others.setdefault(directory, set(files_in(directory)))


def counts(directory, name):
    """True if a file of this name in the directory may be of interest."""
    if name.startswith(('.', '#')) or name.endswith('~'):
        return False
    return _directories.get(directory) or name.endswith('.py')


def files_in(directory):
    try:
        return [os.path.join(directory, name) for name in os.listdir(directory) if counts(directory, name)]
    except OSError:
        return []


def is_changed(path):
    """True if this file makes a reload necessary."""
    now = mtime(path)
    if path in _ignored or not now:
        return False
    if path in _files:
        return now != _files[path]
    directory, name = os.path.split(path)
    return counts(directory, name) and path not in _others.get(directory, ())


def new_directory(path):
    """A directory came to be. Returns a source file that is in it, or None."""
    if os.path.basename(path).startswith(('.', '__pycache__')):
        return None
    if _directories.get(os.path.dirname(path)):
        note_tree(path)
        return path
    _others[path] = set()
    note_directory(path)
    return next(iter(files_in(path)), None)


def events():
    """Yields (path, mask) of what the kernel has told; waits for it."""
    data = os.read(_inotify, 65536)
    at = 0
    while at < len(data):
        number, mask, _, length = EVENT.unpack_from(data, at)
        name = os.fsdecode(data[at + EVENT.size:at + EVENT.size + length].rstrip(b'\0'))
        at += EVENT.size + length
        if number in _watches and name or mask & IN_Q_OVERFLOW:
            yield os.path.join(_watches.get(number, ''), name), mask


def told_changes():
    """Returns a path that changed, out of what the kernel tells now, or None."""
    found = None
    for path, mask in events():
        if mask & IN_Q_OVERFLOW:
            found = seen_changes(_directories) or found
        elif not mask & IN_ISDIR:
            found = path if is_changed(path) else found
        elif mask & (IN_CREATE | IN_MOVED_TO):
            found = new_directory(path) or found
    return found


def seen_changes(directories):
    """Returns a path that changed in these directories, or None."""
    candidates = [path for path in list(_files) if os.path.dirname(path) in directories]
    for directory in list(directories):
        candidates += files_in(directory)
    return next(filter(is_changed, candidates), None)


def wait_for_change():
    """Returns a path once it has changed."""
    poller = select.poll()
    poller.register(_inotify, select.POLLIN)
    while True:
        told = poller.poll(config.autoreload * 1000 if _polled else None)
        found = told_changes() if told else seen_changes(_polled)
        if found is not None:
            wait_until_quiet(poller)
            return found


def wait_until_quiet(poller):
    end = time.monotonic() + config.autoreload
    while time.monotonic() < end and poller.poll(QUIET):
        told_changes()


def wait_for_master(pid):
    """A master that has just started itself again would not hear the signal."""
    bit = 1 << (signal.SIGHUP - 1)
    while True:
        with open('/proc/%d/status' % pid) as status:
            caught = next(line for line in status if line.startswith('SigCgt:'))
        if int(caught.split()[1], 16) & bit:
            return
        time.sleep(QUIET / 1000)


def accept_changes():
    """What is there now is what the reload will load, or has to wait for the next change."""
    with _lock:
        for path in _files:
            _files[path] = mtime(path)
        for directory in _others:
            _others[directory] = set(files_in(directory))


def run():
    found = seen_changes(_directories)
    while True:
        if found is None:
            found = wait_for_change()
        log.info('[uwsgi-python-reloader] module/file %s has been modified' % found)
        accept_changes()
        wait_for_master(lib.upp_master_pid())
        os.kill(lib.upp_master_pid(), signal.SIGHUP)
        found = None


def start():
    """In each process after its fork: worker 1 watches, for all."""
    global _inotify
    if not config.autoreload:
        return
    if lib.upp_worker_id() != 1:
        sys.meta_path.remove(Recorder)
        return
    note_loaded()
    note_requested()
    with _lock:
        _inotify = lib.upp_watch_open()
        for directory in list(_directories):
            watch(directory)
    threads.start('uWSGIAutoReloader', run)
    log.info('Python auto-reloader enabled')
