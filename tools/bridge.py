"""Makes the C side of the Python module `_uwsgi_pypy` from src/contract.h.

    bridge.py src/contract.h build/gen/bridge.c

This is cffi's API mode, at build time: the plugin needs neither cffi nor a
compiler when it runs. Runs on any Python that has cffi, PyPy's or CPython's.
"""

import os
import re
import sys

import cffi
from cffi import recompiler

BEGIN = "/* contract: begin */"
END = "/* contract: end */"

# Integers of <sys/types.h> that cffi does not know; the C compiler tells it their size.
POSIX_INTEGERS = ("gid_t", "mode_t", "off_t", "pid_t", "time_t", "uid_t")

# The generated C is not ours to warn about.
PREAMBLE = """\
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "contract.h"
"""


def declarations(header):
    _, begin, rest = header.partition(BEGIN)
    text, end, _ = rest.partition(END)
    if not (begin and end):
        sys.exit("contract.h: no part between the marks %r and %r" % (BEGIN, END))
    types = [name for name in POSIX_INTEGERS if re.search(r"\b%s\b" % name, text)]
    return "".join("typedef int... %s;\n" % name for name in types) + re.sub(
        r"\bUPP_PYTHON\b", 'extern "Python+C"', text
    )


def main(contract, output):
    with open(contract) as file:
        header = file.read()
    ffi = cffi.FFI()
    ffi.cdef(declarations(header))
    # What ffi.emit_c_code() does, without its need for distutils, which Python 3.12 lost.
    recompiler.make_c_source(ffi, "_uwsgi_pypy", PREAMBLE, output)
    # cffi leaves a file alone that would not change; make wants to see that it was looked at.
    os.utime(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
