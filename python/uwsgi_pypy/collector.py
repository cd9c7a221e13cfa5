# SPDX-License-Identifier: MIT
"""When PyPy's garbage collector works: before the fork, and while there is nothing else to do."""
import gc


def before_fork():
    """Collects all garbage, so that no major collection, which writes to every old object, is due soon in a child.

    Twice: finalizers make garbage of their own.
    """
    gc.collect()
    gc.collect()
