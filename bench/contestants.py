"""Who takes part: how each server is started.

To add one, add an entry to CONTESTANTS, and its name to the scenarios that it shall take part in. A command serves
the WSGI module {app} (in bench/apps, which is its working directory) on 127.0.0.1:{port}; {directory} is a new and
empty one. What serves only hello, serves 12 bytes by itself.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nginx

BENCH = Path(__file__).resolve().parent
REPOSITORY = BENCH.parent
# UPP_PLUGIN: another build of the plugin than this repository's
PLUGIN = Path(os.environ.get("UPP_PLUGIN") or REPOSITORY / "build" / "pypy_plugin.so")
EPOLL_SERVER = REPOSITORY / "build" / "bench" / "epoll_server"
PACKET_SERVER = REPOSITORY / "build" / "bench" / "packet_server"

UWSGI = shutil.which("uwsgi-core") or shutil.which("uwsgi") or "uwsgi"
CPYTHON = "/usr/bin/python3"
PYPY = "pypy3"

# The same for all: connections that wait to be accepted. uWSGI refuses more than the kernel's bound.
BACKLOG = str(min(4096, int(Path("/proc/sys/net/core/somaxconn").read_text())))


@dataclass(frozen=True)
class Contestant:
    name: str                    # for --contestants and for the tables
    command: tuple
    http: tuple = ()             # added to serve HTTP on 127.0.0.1:{port}
    uwsgi: tuple = ()            # added to serve the uwsgi protocol on the unix socket {directory}/uwsgi
    workers: tuple = ()          # added for several workers; {workers} is their number
    quiet: tuple = ()            # added unless requests shall be logged
    prepare: object = None       # called with directory and port first
    jit: bool = False            # fast only after thousands of requests
    probe: tuple = ()            # a command that fails where this contestant cannot run

    def absent(self):
        """Why it cannot take part here; None if it can."""
        if not shutil.which(self.command[0]):
            return "there is no %s" % self.command[0]
        if self.probe:
            result = subprocess.run(self.probe, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if result.returncode:
                return (result.stderr.strip().splitlines() or ["%s fails" % " ".join(self.probe)])[-1]
        return None


def uwsgi(name, plugin, *more, closes=True, **traits):
    """uWSGI, with the same options whoever serves.

    Its own HTTP socket closes each connection after the response, but does not announce it: wrk would send the next
    request into the void and count an error for it. So who serves there says Connection: close.
    """
    command = (UWSGI, "--plugin", plugin, "--module", "{app}", "--master", "--need-app", "--die-on-term",
               "--listen", BACKLOG, *more)
    return Contestant(name, command, uwsgi=("--socket", "{directory}/uwsgi"),
                      http=("--http-socket", "127.0.0.1:{port}") + (("--add-header", "Connection: close") * closes),
                      workers=("--processes", "{workers}"), quiet=("--disable-logging",), **traits)


def gunicorn(name, python, **traits):
    """Its default worker closes each connection and says so; the one that keeps them, gthread, is slower."""
    return Contestant(name, (python, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--backlog", BACKLOG, "{app}"),
                      workers=("--workers", "{workers}"), probe=(python, "-c", "import gunicorn.util"), **traits)


def waitress(name, python, **traits):
    return Contestant(name, (python, str(BENCH / "serve_waitress.py"), "{app}", "{port}", BACKLOG),
                      probe=(python, "-c", "import waitress"), **traits)


# The loop is what this project is about; cpython is what all are compared with.
CONTESTANTS = (
    uwsgi("loop", str(PLUGIN), closes=False, jit=True),
    uwsgi("stock", str(PLUGIN), "--pypy-loop", "off", jit=True),
    uwsgi("cpython", "python3"),
    Contestant("epoll", (str(EPOLL_SERVER), "{port}", BACKLOG)),
    Contestant("packet", (str(PACKET_SERVER),), uwsgi=("{directory}/uwsgi", BACKLOG)),
    Contestant("nginx", nginx.command("{directory}"),
               prepare=lambda directory, port: nginx.configure(directory, port, BACKLOG, nginx.HELLO)),
    gunicorn("gunicorn", CPYTHON),
    gunicorn("gunicorn-pypy", PYPY, jit=True),
    waitress("waitress", CPYTHON),
    waitress("waitress-pypy", PYPY, jit=True),
)

NAMES = [contestant.name for contestant in CONTESTANTS]


def choose(names):
    """{name: contestant} of these names; without names, of all that can run here."""
    known = dict(zip(NAMES, CONTESTANTS))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit("no such contestant: %s (there are %s)" % (", ".join(unknown), ", ".join(NAMES)))
    return {name: known[name] for name in names or NAMES}
