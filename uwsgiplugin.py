"""For `uwsgi --build-plugin`: what to compile, after making what is generated.

    PYTHON=python3 uwsgi --build-plugin /path/to/this/directory

uWSGI executes this file, calls the compiler, and puts pypy_plugin.so into the
current directory. The generated files land in build/ beside this file.
"""

import glob
import os
import subprocess
import sys

# The file is exec()uted: its place is known to its caller only, who has it as `path`.
HERE = sys._getframe(1).f_locals["path"]


def generate():
    command = ["make", "--no-print-directory", "-C", HERE, "generated"]
    # The uWSGI that builds, not the first one on PATH: it left its header here.
    builder = os.path.abspath(".uwsgi_plugins_builder")
    if "UWSGI_PLUGINS_BUILDER_CFLAGS" in os.environ:
        command.append("HOST_FROM=--builder '%s'" % builder)
    subprocess.check_call(command)


def sources():
    patterns = ("src/*.c", "src/*/*.c", "build/gen/*.c")
    found = [name for pattern in patterns for name in glob.glob(os.path.join(HERE, pattern))]
    return sorted(os.path.relpath(name, HERE) for name in found)


generate()

NAME = "pypy"
CFLAGS = ["-std=gnu11", "-D_GNU_SOURCE=", "-fvisibility=hidden"] + [
    "-I" + os.path.join(HERE, folder) for folder in ("src", "build/gen", "tools/stub")
]
# llhttp: as in the Makefile.
CFLAGS += ["-isystem", "/usr/share/include/llhttp", "-isystem", "/usr/share"]
LDFLAGS = ["-Wl,-z,noexecstack", "-Wl,-z,relro", "-Wl,-z,now"]
LIBS = [] if os.path.exists("/usr/share/llhttp/llhttp.c") else ["-lllhttp"]
GCC_LIST = sources()
