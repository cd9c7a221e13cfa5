"""Who takes part. An entry says how a server is started; {port} and {app} are filled in.

To add one, add an entry: a command that serves the WSGI module {app} (in bench/apps, which is
its working directory) on 127.0.0.1:{port}, and what it takes to have several workers.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
# UPP_PLUGIN: another build of the plugin than this repository's
PLUGIN = Path(os.environ.get("UPP_PLUGIN") or REPOSITORY / "build" / "pypy_plugin.so")

UWSGI = shutil.which("uwsgi-core") or shutil.which("uwsgi") or "uwsgi"


@dataclass(frozen=True)
class Contestant:
    name: str                    # for --contestants and for the tables
    command: tuple
    workers: tuple = ()          # added for several workers; {workers} is their number
    apps: tuple = ("hello", "django_page")
    optional: bool = False       # takes part only when asked for with --contestants


def uwsgi(name, plugin, *more, **traits):
    """uWSGI on its own HTTP socket, with the same options for both interpreters.

    That socket closes each connection after the response, but does not announce it: wrk would send
    the next request into the void and count an error for it. So both say Connection: close.
    """
    command = (UWSGI, "--plugin", plugin, "--http-socket", "127.0.0.1:{port}", "--module", "{app}",
               "--master", "--disable-logging", "--need-app", "--die-on-term", "--listen", "100",
               "--add-header", "Connection: close", *more)
    return Contestant(name, command, workers=("--processes", "{workers}"), **traits)


# The first is ours, the second is what it is compared with.
CONTESTANTS = (
    uwsgi("pypy", str(PLUGIN)),
    uwsgi("cpython", "python3"),
)


def choose(names):
    """The contestants with these names; without names, all that are not optional."""
    if not names:
        return [contestant for contestant in CONTESTANTS if not contestant.optional]
    known = {contestant.name: contestant for contestant in CONTESTANTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit("no such contestant: %s (there are %s)" % (", ".join(unknown), ", ".join(known)))
    return [known[name] for name in names]
