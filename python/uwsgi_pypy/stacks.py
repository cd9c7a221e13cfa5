# SPDX-License-Identifier: MIT
"""The stacks of all threads, for a worker that is stuck."""
import os
import sys
import threading
import traceback

from _uwsgi_pypy import lib

from . import greenlets, log


def collect():
    """Returns (name, number, traceback.StackSummary) of every other thread, and of requests that wait in a greenlet."""
    own = threading.get_ident()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    found = [(names.get(identity), identity, traceback.extract_stack(frame))
             for identity, frame in sys._current_frames().items() if identity != own]
    for core, frames in greenlets.waiting():
        lines = [(frame, frame.f_lineno) for frame in reversed(frames)]
        found.append(('uWSGIWorker%dCore%d' % (lib.upp_worker_id(), core), core,
                      traceback.StackSummary.extract(lines)))
    return found


def dump():
    """Logs what every other thread of this process is doing."""
    parts = ['*** Python stacks of worker %d (pid: %d) ***\n' % (lib.upp_worker_id(), os.getpid())]
    for name, number, stack in collect():
        parts.append('Thread %s (%d), most recent call last:\n' % (name or '?', number))
        parts.extend(stack.format())
    parts.append('*** end of Python stacks ***')
    log.info(''.join(parts))
