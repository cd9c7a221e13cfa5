"""Servers as processes: start, pin, wait until they answer, and what /proc knows about them."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

APPS = Path(__file__).resolve().parent / "apps"

SERVER_CPU, LOAD_CPU = "0", "1"
START_TIMEOUT = 60

_TICK = 1e6 / os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server:
    """One contestant, serving one application."""

    def __init__(self, contestant, app, workers=None):
        self.contestant = contestant
        self.port = free_port()
        command = contestant.command + (contestant.workers if workers else ())
        self.command = [part.format(port=self.port, app=app, workers=workers) for part in command]
        self.log = tempfile.TemporaryFile()

    def __enter__(self):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("PYTHON", "UWSGI", "VIRTUAL_ENV"))}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.started = time.perf_counter()
        self.process = subprocess.Popen(["taskset", "-c", SERVER_CPU] + self.command, cwd=APPS, env=environment,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        try:
            self.start_seconds = self._wait_for_answer() - self.started
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info):
        for number, timeout in ((signal.SIGTERM, 10), (signal.SIGKILL, None)):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(timeout)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()

    def _wait_for_answer(self):
        """When the first complete response had come."""
        while True:
            try:
                if self.get().startswith(b"HTTP/1.") and self.last.split(b" ", 2)[1] == b"200":
                    return time.perf_counter()
                raise Failed("%s answers %r" % (self.contestant.name, self.last[:200]))
            except ConnectionError:
                pass
            if self.process.poll() is not None or time.perf_counter() - self.started > START_TIMEOUT:
                self.log.seek(0)
                raise Failed("%s does not serve:\n%s" % (
                    " ".join(self.command), self.log.read().decode("utf-8", "replace")[-3000:]))
            time.sleep(0.002)

    def get(self):
        with socket.create_connection(("127.0.0.1", self.port)) as sock:
            sock.settimeout(START_TIMEOUT)
            sock.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            self.last = b"".join(iter(lambda: sock.recv(65536), b""))
        return self.last

    # -- what it uses -----------------------------------------------------------------

    def pids(self):
        """All its processes: those of its session."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                fields = _stat(entry)
                if fields and int(fields[3]) == self.process.pid:
                    found.append(int(entry))
        return found

    def workers(self):
        """The processes that have no child: not the master."""
        parents = {int(fields[1]) for fields in map(_stat, self.pids()) if fields}
        return [pid for pid in self.pids() if pid not in parents]

    def cpu(self):
        """(user, system) microseconds of all its processes since they started."""
        user = system = 0
        for fields in filter(None, map(_stat, self.pids())):
            user += int(fields[11])
            system += int(fields[12])
        return user * _TICK, system * _TICK

    def pss(self):
        """{worker: proportional set size in MB}"""
        sizes = {}
        for pid in self.workers():
            with open("/proc/%d/smaps_rollup" % pid) as file:
                sizes[pid] = next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024
        return sizes


def _stat(pid):
    """The fields of /proc/PID/stat after the name: state, parent, group, session, ..."""
    try:
        with open("/proc/%s/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
