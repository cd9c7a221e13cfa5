# SPDX-License-Identifier: MIT
"""The stacks of all threads, for a worker that is stuck."""
import os
import sys
import threading
import traceback

from _uwsgi_pypy import lib

from . import log


def dump():
    """Logs what every other thread of this process is doing."""
    own = threading.get_ident()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = ['*** Python stacks of worker %d (pid: %d) ***\n' % (lib.upp_worker_id(), os.getpid())]
    for identity, frame in sys._current_frames().items():
        if identity != own:
            parts.append('Thread %s (%d), most recent call last:\n' % (names.get(identity, '?'), identity))
            parts.extend(traceback.format_stack(frame))
    parts.append('*** end of Python stacks ***')
    log.info(''.join(parts))
