"""Servers as processes: start, pin, wait until they answer, and what /proc knows about them."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import nginx

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


class Process:
    """A program on one core, in a session of its own, with a log."""

    def __init__(self, command, cpu, log):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("PYTHON", "UWSGI", "VIRTUAL_ENV"))}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.command = list(command)
        self.log = log
        self.process = subprocess.Popen(["taskset", "-c", cpu] + self.command, cwd=APPS, env=environment,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.pid = self.process.pid

    def stop(self):
        for number, timeout in ((signal.SIGTERM, 10), (signal.SIGKILL, None)):
            try:
                os.killpg(self.pid, number)
                self.process.wait(timeout)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()

    def wait_until(self, condition):
        """Waits for it; raises Failed, with the log, when the program ends or takes too long."""
        deadline = time.monotonic() + START_TIMEOUT
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                raise Failed("%s does not serve:\n%s" % (
                    " ".join(self.command), self.log.read().decode("utf-8", "replace")[-3000:]))
            time.sleep(0.002)


class Server:
    """One contestant, serving one application; with front="uwsgi", behind an nginx.

    That nginx shares the load's core. So the contestant has its own for itself, and its CPU is measured as undisturbed
    as everywhere; the requests/s are then those of nginx.
    """

    def __init__(self, contestant, app, workers=None, front="http", logged=False):
        self.contestant = contestant
        self.app = app
        self.worker_count = workers
        self.front = front
        self.logged = logged

    def __enter__(self):
        with ExitStack() as stack:
            self.directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
            self.port = free_port()
            # O_APPEND, so that it can be emptied while it is written to.
            self.log = stack.enter_context(open(self.directory + "/log", "a+b"))
            if self.contestant.prepare:
                self.contestant.prepare(self.directory, self.port)
            started = time.perf_counter()
            self.process = Process(self.command(), SERVER_CPU, self.log)
            stack.callback(self.process.stop)
            if self.front == "uwsgi":
                self.start_nginx(stack)
            self.process.wait_until(self.answers)
            self.start_seconds = time.perf_counter() - started
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info):
        self.stack.close()

    def command(self):
        parts = self.contestant.command + (self.contestant.http if self.front == "http" else self.contestant.uwsgi)
        if self.worker_count:
            parts += self.contestant.workers
        if not self.logged:
            parts += self.contestant.quiet
        return [part.format(port=self.port, app=self.app, directory=self.directory, workers=self.worker_count)
                for part in parts]

    def start_nginx(self, stack):
        directory = self.directory + "/nginx"
        os.mkdir(directory)
        self.process.wait_until(lambda: os.path.exists(self.directory + "/uwsgi"))
        nginx.configure(directory, self.port, 4096, nginx.uwsgi_pass(self.directory + "/uwsgi"))
        process = Process(nginx.command(directory), LOAD_CPU, self.log)
        stack.callback(process.stop)

    def answers(self):
        """Whether a first complete response has come."""
        try:
            response = self.get()
        except ConnectionError:
            return False
        if not response.startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 ")):
            raise Failed("%s answers %r" % (self.contestant.name, response[:200]))
        return True

    def get(self):
        """A whole response to a request of its own connection."""
        with socket.create_connection(("127.0.0.1", self.port)) as sock:
            sock.settimeout(START_TIMEOUT)
            sock.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            response = b""
            while not is_complete(response):
                data = sock.recv(65536)
                if not data:
                    break
                response += data
        return response

    def log_text(self):
        self.log.flush()
        return Path(self.log.name).read_text("utf-8", "replace")

    def forget_log(self):
        """A server that logs its requests would fill the disk."""
        self.log.truncate(0)

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


def is_complete(response):
    """Whether all that its Content-Length announces is there. Without one the end of the connection is the end."""
    head, empty, body = response.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(empty and length and len(body) >= int(length[1]))


def _stat(pid):
    """The fields of /proc/PID/stat after the name: state, parent, group, session, ..."""
    try:
        with open("/proc/%s/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
