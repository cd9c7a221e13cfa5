# SPDX-License-Identifier: MIT
"""The request loop: `while True` is Python, so the JIT compiles across requests."""
from _uwsgi_pypy import lib

from . import apps, log, nursery


def run(core):
    """Serves requests until the worker stops."""
    next_request = lib.upp_loop_next
    serve = apps.serve
    look = nursery.look
    left = 1    # requests until the next look at the nursery
    outcome = lib.UPP_DONE
    while True:
        # here and not at the end: PyPy enters compiled code where a loop jumps back, but not by the jump of a condition
        if left <= 0:
            left = look()
        left -= 1
        request = next_request(core, outcome)
        if not request:
            return
        try:
            outcome = serve(request)
        except BaseException:
            # a defect of the plugin: the exchange lets nothing of the application through
            log.exception()
            outcome = lib.UPP_CLOSE
