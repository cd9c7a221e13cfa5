"""Writes down what PyPy's JIT compiles, and what it gives up, in the process that imports it.

A trace is told by the function that it begins in, as `path:name`; the hooks are not told that of every bridge, but its
operations say where they come from.
"""

import pypyjit

compiled = []   # (type, where)
aborted = []    # (reason, where)
big = []        # where: it makes or compares big integers

BIG_INTEGER = 'rbigint'

PYTHON = 'pypyjit'   # among the things that are traced, Python code


def where(driver, greenkey, operations):
    if driver != PYTHON:
        return driver
    codes = [greenkey[0]] if greenkey else [operation.pycode for operation in operations
                                            if type(operation) is pypyjit.DebugMergePoint
                                            and operation.jitdriver_name == PYTHON]
    return '%s:%s' % (codes[0].co_filename, codes[0].co_name) if codes else '?'


def on_compile(info):
    if info.jitdriver_name == PYTHON:
        begins = where(PYTHON, info.greenkey, info.operations)
        compiled.append((info.type, begins))
        if any(BIG_INTEGER in repr(operation) for operation in info.operations):
            big.append(begins)


def on_abort(driver, greenkey, reason, operations):
    aborted.append((reason, where(driver, greenkey, operations)))


pypyjit.set_compile_hook(on_compile)
pypyjit.set_abort_hook(on_abort)
