"""Waiting for a condition; nothing in the tests sleeps for a fixed time."""

import os
import time

# The machine may be shared and the server may run under a sanitizer: a limit says "hung", never "slow".
TIMEOUT = float(os.environ.get('UPP_TIMEOUT', '60'))

_PAUSE = 0.01


def wait_until(condition, what, timeout=None):
    """Returns the first true value of condition(); fails with `what` when none comes in time."""
    deadline = time.monotonic() + (TIMEOUT if timeout is None else timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError('waited in vain for ' + (what() if callable(what) else what))
        time.sleep(_PAUSE)
