# SPDX-License-Identifier: MIT
"""--py-tracebacker: who connects to a worker's socket gets the stacks of all of its threads."""
import os
import socket

from _uwsgi_pypy import lib

from . import config, log, threads
from .stacks import collect

HEADING = '*** uWSGI Python tracebacker output ***\n\n'


def stacks():
    """Returns a line for each frame of each thread, the outermost first, and a blank one after each thread."""
    parts = [HEADING]
    for name, _, stack in collect():
        name = name or '<UnnamedPythonThread>'
        for item in stack:
            line = ' line = %s' % item.line if item.line else ''
            parts.append('thread_id = %s filename = %s lineno = %d function = %s%s\n'
                         % (name, item.filename, item.lineno, item.name, line))
        parts.append('\n')
    return ''.join(parts).encode('utf-8', 'backslashreplace')


def answer(listener):
    while True:
        try:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(stacks())
        except OSError as error:
            log.info('python tracebacker: %s' % error)


def listen(path):
    """Returns a listening unix socket; one that a former worker left there is replaced."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        os.unlink(path)
    except OSError:
        pass
    listener.bind(path)
    listener.listen()
    return listener


def start():
    """In each worker."""
    if config.tracebacker is None or lib.upp_worker_id() < 1:
        return
    path = '%s%d' % (config.tracebacker, lib.upp_worker_id())
    try:
        listener = listen(path)
    except OSError as error:
        log.info('--py-tracebacker: unable to listen on %s: %s' % (path, error))
        return
    threads.start('uWSGITraceBacker', answer, listener)
    log.info('python tracebacker for worker %d available on %s' % (lib.upp_worker_id(), path))
