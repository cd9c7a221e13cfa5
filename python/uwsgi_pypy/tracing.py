# SPDX-License-Identifier: MIT
"""Tells PyPy's JIT where to begin.

A trace has an upper bound (`trace_limit`, 6000 operations), and the request
loop with an exchange and the smallest application in it is beyond that. Left to
itself PyPy begins with the outermost part, gives up at the bound, and begins
again further in. So the exchange, with what it can hold of the application, is
made a trace of its own, which the traces of its callers call.

A function so marked is traced by its next call. That has to be an ordinary
one, not the first, in which everything is still looked up; and it has to come
before PyPy begins by itself: after 1039 turns of a loop, or about 630 calls
from C, which count twice.
"""
from . import wsgi

try:
    from pypyjit import dont_trace_here
except ImportError:
    # a PyPy without its JIT
    dont_trace_here = None

# requests until the exchange is warm; any thread counts, and a lost count does no harm
left = 500 if dont_trace_here else 0

# what is made a trace of its own
own_traces = [wsgi.serve]


def count():
    """Counts a request, and marks the exchange when it is warm."""
    global left
    left -= 1
    if left <= 0:
        for function in own_traces:
            # the first instruction, not being profiled
            dont_trace_here(0, False, function.__code__)
