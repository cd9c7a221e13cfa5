"""Makes the C side of the Python module `_uwsgi_pypy` from the headers of the contract.

    bridge.py build/gen/bridge.c src/contract.h src/api/*.h

A header without the marks of the contract adds nothing.

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
"""


def declarations(header):
    """The part of a header that Python may see."""
    _, begin, rest = header.partition(BEGIN)
    text, end, _ = rest.partition(END)
    if begin and not end:
        sys.exit("a header has %r without %r" % (BEGIN, END))
    return re.sub(r"\bUPP_PYTHON\b", 'extern "Python+C"', text)


def with_signed_sizes(text):
    """Sizes in structs as Python shall see them: to PyPy an unsigned number of 64 bits is a big integer."""
    return re.sub(r"^(\s+)size_t (\w+;)", r"\1ssize_t \2", text, flags=re.MULTILINE)


def posix_types(text):
    names = [name for name in POSIX_INTEGERS if re.search(r"\b%s\b" % name, text)]
    return "".join("typedef int... %s;\n" % name for name in names)


def return_nothing(path):
    """cffi 2.1 ends the function that PyPy calls with `return NULL`; in the embedding API it is a void function."""
    with open(path) as file:
        text = file.read()
    ending = "    p[1] = &_cffi_type_context;\n"
    with open(path, "w") as file:
        file.write(text.replace(ending + "    return NULL;\n", ending))


def main(output, *paths):
    found = {}
    for path in paths:
        with open(path) as file:
            text = with_signed_sizes(declarations(file.read()))
        if text:
            found[path] = text
    if not found:
        sys.exit("no header has a part between the marks %r and %r" % (BEGIN, END))
    text = "".join(found.values())
    includes = "".join('#include "%s"\n' % path.partition("src/")[2] for path in found)
    ffi = cffi.FFI()
    ffi.cdef(posix_types(text) + text)
    # What ffi.emit_c_code() does, without its need for distutils, which Python 3.12 lost.
    recompiler.make_c_source(ffi, "_uwsgi_pypy", PREAMBLE + includes, output)
    return_nothing(output)
    # cffi leaves a file alone that would not change; make wants to see that it was looked at.
    os.utime(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
