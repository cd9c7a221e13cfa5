# SPDX-License-Identifier: MIT
"""Which process this is, control of it and of the instance."""
import os
import signal

from _uwsgi_pypy import lib

from .. import log
from ..errors import HarakiriWarning
from . import arguments
from .request import exchange

__all__ = ('HarakiriWarning', 'accepting', 'cl', 'disconnect', 'i_am_the_spooler', 'masterpid', 'mule_id', 'ready', 'reload',
           'set_user_harakiri', 'setprocname', 'stop', 'worker_id')

# a C int
INT_MAX = 2 ** 31 - 1


# -- who ---------------------------------------------------------------------------

def worker_id(*ignored):
    """Returns the number of this worker (int), 0 in the master, mules and spoolers."""
    return lib.upp_worker_id()


def mule_id(*ignored):
    """Returns the number of this mule (int), 0 elsewhere."""
    return lib.upp_mule_id()


def i_am_the_spooler(*ignored):
    """Returns True in a spooler, None elsewhere."""
    return True if lib.upp_spooler() else None


def masterpid(*ignored):
    """Returns the pid of the master (int), 0 without one."""
    return lib.upp_master_pid()


def ready(*ignored):
    """Returns True once all workers have been started, None before."""
    return True if lib.upp_process_is_ready() else None


# -- the instance --------------------------------------------------------------------

def tell_master(number, function):
    """Sends a signal of the system. True, or None after logging that it did not work. RuntimeError: no master."""
    master = lib.upp_master_pid()
    if not master:
        raise RuntimeError('uwsgi.%s() needs a master process; --master starts one' % function)
    try:
        os.kill(master, number)
    except OSError as error:
        log.info('uwsgi.%s(): the master (pid %d) cannot be told: %s' % (function, master, error))
        return None
    return True


def reload(*ignored):
    """Reloads the instance gracefully, as SIGHUP does. Returns True."""
    return tell_master(signal.SIGHUP, 'reload')


def stop(*ignored):
    """Stops the instance, as SIGQUIT does. Returns True."""
    return tell_master(signal.SIGQUIT, 'stop')


# -- this process --------------------------------------------------------------------

def accepting(flag=True):
    """In a worker: says whether it takes requests, which a chain reload waits for. RuntimeError elsewhere."""
    if not lib.upp_worker_id():
        raise RuntimeError('uwsgi.accepting() is for workers')
    lib.upp_process_accept(bool(flag))


def setprocname(name):
    """Sets what `ps` shows of this process: str or bytes. ValueError: longer than the room for it."""
    lib.uwsgi_set_processname(arguments.to_c_string(name, 'name', lib.upp_process_name_room()))


def set_user_harakiri(seconds):
    """Has the master kill this process in so many seconds (int); 0 takes it back. RuntimeError: no master."""
    seconds = arguments.to_int(seconds, 'seconds', 0, INT_MAX)
    if not lib.upp_master_pid():
        raise RuntimeError('uwsgi.set_user_harakiri() needs a master process; --master starts one')
    lib.upp_process_harakiri(seconds)


# -- the current request ---------------------------------------------------------------

def disconnect(*ignored):
    """Ends the response and the connection for the client; the application may run on. RuntimeError: no request."""
    lib.upp_request_disconnect(exchange('disconnect').request)


def cl(*ignored):
    """Returns the content length of the request in bytes (int). RuntimeError outside of a request."""
    return arguments.check_request(lib.upp_process_content_length(), 'cl')
