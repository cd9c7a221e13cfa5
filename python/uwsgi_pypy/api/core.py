# SPDX-License-Identifier: MIT
"""Process, identity and log functions of the module `uwsgi`."""
from _uwsgi_pypy import lib

from .. import config
from .. import log as _log

__all__ = ('applications', 'hostname', 'is_a_reload', 'log', 'masterpid', 'mule_id', 'numproc', 'version', 'worker_id')

applications = None
hostname = config.hostname.encode()
is_a_reload = config.is_a_reload
numproc = config.processes
version = config.version.encode()


def worker_id():
    """Returns the number of this worker (int), 0 in the master, mules and spoolers."""
    return lib.upp_worker_id()


def mule_id():
    """Returns the number of this mule (int), 0 elsewhere."""
    return lib.upp_mule_id()


def masterpid():
    """Returns the pid of the master (int), 0 without one."""
    return lib.upp_master_pid()


def log(message):
    """Writes one line (str) to uWSGI's log. Returns True."""
    if not isinstance(message, str):
        raise TypeError('uwsgi.log() takes str, not %s' % type(message).__name__)
    _log.info(message)
    return True
