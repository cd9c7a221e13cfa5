"""What was compared, and on what."""

import os
import platform
import subprocess

import nginx
from contestants import CPYTHON, UWSGI

PROGRAMS = {
    "uWSGI": (UWSGI, "--version"),
    "PyPy": ("pypy3", "-c", "import sys; print('%d.%d.%d' % sys.pypy_version_info[:3], "
                            "'(Python %d.%d.%d)' % sys.version_info[:3])"),
    "CPython": (CPYTHON, "-c", "import platform; print(platform.python_version())"),
    "Django": (CPYTHON, "-c", "import django; print(django.get_version())"),
    "nginx": (nginx.PROGRAM, "-v"),
    "gunicorn": (CPYTHON, "-c", "import gunicorn; print(gunicorn.__version__)"),
    "waitress": (CPYTHON, "-c", "import importlib.metadata as metadata; print(metadata.version('waitress'))"),
}


def versions():
    """The last word of nginx -v, which goes to stderr, is its version, too."""
    found = {}
    for name, command in PROGRAMS.items():
        try:
            result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        except OSError:
            continue
        if result.returncode == 0:
            found[name] = result.stdout.strip().rpartition("nginx/")[2]
    return found


def machine():
    """The processor, the number of cores and the kernel."""
    model = platform.machine()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return "%s, %d cores, Linux %s" % (model, os.cpu_count(), platform.release().split("-")[0])
