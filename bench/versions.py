"""What was compared, and on what."""

import os
import platform
import subprocess

from contestants import UWSGI

PROGRAMS = {
    "uWSGI": (UWSGI, "--version"),
    "PyPy": ("pypy3", "-c", "import sys; print('%d.%d.%d' % sys.pypy_version_info[:3], "
                            "'(Python %d.%d.%d)' % sys.version_info[:3])"),
    "CPython": ("/usr/bin/python3", "-c", "import platform; print(platform.python_version())"),
    "Django": ("/usr/bin/python3", "-c", "import django; print(django.get_version())"),
}


def versions():
    found = {}
    for name, command in PROGRAMS.items():
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        found[name] = result.stdout.strip() or "?"
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
