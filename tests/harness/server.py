"""One real uWSGI in a directory of its own.

Options are uWSGI's own, as a dict: True is a flag, a list repeats the option; `True` for a socket option binds a free
TCP port, which uWSGI chooses and the server reads from the log; `True` for stats is a unix socket in the directory.

    UPP_PLUGIN   the plugin to load, a path or a name (default: build/pypy_plugin.so of this repository)
    UPP_PRELOAD  LD_PRELOAD of the server, for sanitizers
    UPP_UWSGI    the uWSGI binary (default: uwsgi-core or uwsgi on PATH)
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from harness import checks
from harness.client import Client
from harness.fronts import FRONTS
from harness.ports import release_port, reserve_port
from harness.processes import event_queues, group_members, is_alive, listening_sockets, open_fds
from harness.wait import TIMEOUT, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]

# Socket options whose listening address uWSGI logs as "uwsgi socket N bound to", in the order they are given.
SOCKET_OPTIONS = ('socket', 'uwsgi-socket', 'http-socket', 'http11-socket', 'https-socket', 'fastcgi-socket',
                  'scgi-socket', 'raw-socket', 'suwsgi-socket')
# Options of router processes: uWSGI does not log the port they got, so they are given one.
ROUTER_OPTIONS = ('http', 'fastrouter', 'rawrouter', 'sslrouter')

_BOUND = re.compile(r'uwsgi socket (\d+) bound to TCP address \S+:(\d+) ')
_WORKER = re.compile(r'(?:spawned uWSGI worker \d+ (?:\(and the only\) )?\(pid: '
                     r'|Respawned uWSGI worker \d+ \(new pid: )(\d+)')
_SPAWNED = r'spawned uWSGI worker \d'


class ServerFailed(AssertionError):
    pass


def default_plugin():
    return os.environ.get('UPP_PLUGIN') or str(REPOSITORY / 'build' / 'pypy_plugin.so')


def is_cpython(plugin):
    """The stock Python plugin, as a stand-in: the same tests run against it for comparison."""
    return plugin.startswith('python')


class Server:
    def __init__(self, directory, options, app=None, files=None, plugin=None, args=(), env=None, stdin=None):
        """app: source (str) or path of app.py; files: {name: str, bytes or Path} written beside it;
        plugin: '' when a configuration file names it."""
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.plugin = default_plugin() if plugin is None else plugin
        self.options = dict(options)
        self.args = list(args)
        self.env = env or {}
        self.stdin = stdin
        self.log_path = self.directory / 'uwsgi.log'
        self.process = None
        self.exit_code = None
        self._ports = []
        self._sockets = []    # (option, address or None until the log tells), in uWSGI's order
        self._addresses = {}
        self._clients = []
        self._baselines = {}  # pid -> descriptors of a worker that was ready
        self._begin_expectations()
        for name, content in {**({'app.py': app} if app is not None else {}), **(files or {})}.items():
            self.write(name, content)

    # -- files ---------------------------------------------------------------------------------------------------

    def write(self, name, content):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copy(content, path)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding='utf-8')
        return path

    # -- start ---------------------------------------------------------------------------------------------------

    def start(self, ready=None):
        """Starts it and waits until it serves; ready: another log pattern to wait for."""
        self.launch()
        wanted = 1 if 'cheaper' in self.options else int(self.options.get('processes', 1))
        self._wait_alive(lambda: self.log_lines(ready) if ready else len(self.log_lines(_SPAWNED)) >= wanted,
                         'the server to start')
        # a master that is told to end while it spawns mules forgets the rest of them
        self._wait_alive(lambda: len(self.log_lines(r'spawned uWSGI mule \d')) >= self._mules(), 'the mules')
        for address in self._addresses.values():
            self._connect_once(address)
        self._remember_fds()
        return self

    def _mules(self):
        named = self.options.get('mule') or []
        named = len(named) if isinstance(named, (list, tuple)) else 1
        named += sum(argument.startswith('--mule=') or argument == '--mule' for argument in self.args)
        return named + int(self.options.get('mules', 0))

    def launch(self):
        """Starts it without waiting: for starts that are expected to fail."""
        binary = os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi')
        assert binary, 'uWSGI is not installed'
        named = ['--plugin', self.plugin] if self.plugin else []
        command = [binary, *named] + self._arguments() + self.args
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                command, cwd=self.directory, env=self._environment(), stdout=log, stderr=log,
                stdin=self.stdin if self.stdin is not None else subprocess.DEVNULL, start_new_session=True)
        return self

    def _arguments(self):
        arguments = []
        for option, value in self.options.items():
            name = option
            if is_cpython(self.plugin) and option.startswith('pypy-'):
                name = option[len('pypy-'):]
            for item in value if isinstance(value, (list, tuple)) else [value]:
                item = self._bind(option, item)
                if item is True:
                    arguments.append('--' + name)
                elif item is not False and item is not None:
                    arguments += ['--' + name, str(item)]
        return arguments

    def _bind(self, option, value):
        """The address to give to a socket option; remembers where to connect."""
        if option in SOCKET_OPTIONS:
            self._sockets.append(option)
            if value is True:
                return '127.0.0.1:0'
            self._addresses[option] = self._parse_address(value)
        elif option in ROUTER_OPTIONS and value is True:
            port = reserve_port()
            self._ports.append(port)
            self._addresses[option] = ('127.0.0.1', port)
            return '127.0.0.1:%d' % port
        elif option == 'stats' and value is True:
            return str(self.directory / 'stats.sock')
        return value

    def _parse_address(self, value):
        host, colon, port = str(value).rpartition(':')
        if colon and port.isdigit():
            return (host or '127.0.0.1', int(port))
        return str(self.directory / value)

    def _environment(self):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith(('PYTHON', 'PYPY', 'UWSGI', 'VIRTUAL_ENV', 'UPP_', 'PYTEST'))}
        if os.environ.get('UPP_PRELOAD'):
            env['LD_PRELOAD'] = os.environ['UPP_PRELOAD']
        env['PYTHONDONTWRITEBYTECODE'] = '1'
        env.update(self.env)
        return {name: value for name, value in env.items() if value is not None}

    def _wait_alive(self, condition, what):
        def check():
            found = condition()
            if not found and self.process.poll() is not None:
                raise ServerFailed('the server ended with code %s while waiting for %s\n%s'
                                   % (self.process.returncode, what, self.log_tail()))
            return found
        return wait_until(check, lambda: '%s\n%s' % (what() if callable(what) else what, self.log_tail()))

    def _connect_once(self, address):
        def connect():
            with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as sock:
                sock.settimeout(TIMEOUT)
                return sock.connect_ex(address) == 0
        self._wait_alive(connect, 'a connection to %r' % (address,))

    # -- addresses and clients -----------------------------------------------------------------------------------

    def address(self, option):
        """Where a socket option listens: (host, port) or the path of a unix socket."""
        if option not in self._addresses:
            self._addresses[option] = self.bound_address(self._sockets.index(option))
        return self._addresses[option]

    def bound_address(self, number):
        """The TCP address of uWSGI's socket of this number, as the log tells it."""
        bound = [_BOUND.search(line) for line in self.log_lines(_BOUND)]
        return '127.0.0.1', next(int(match[2]) for match in bound if int(match[1]) == number)

    def client(self, front=None):
        """A client of one of the server's fronts; by default of the first socket it was given."""
        if front is None:
            option = (self._sockets + list(self._addresses))[0]
            front = next((front for front in FRONTS.values() if front.option == option), FRONTS['http'])
            return self._add_client(front, self.address(option))
        front = FRONTS[front] if isinstance(front, str) else front
        return self._add_client(front, self.address(front.option))

    def _add_client(self, front, address):
        client = Client(front, address)
        self._clients.append(client)
        return client

    # -- log -----------------------------------------------------------------------------------------------------

    def log_lines(self, pattern=None, since_test=False):
        """The lines of the log that match; since_test: only those since the current test began."""
        try:
            data = self.log_path.read_bytes()[self._log_start if since_test else 0:]
        except FileNotFoundError:
            return []
        lines = data.decode('utf-8', 'backslashreplace').split('\n')
        return [line for line in lines if re.search(pattern, line)] if pattern is not None else lines

    def wait_log(self, pattern, count=1):
        """Waits until `count` lines of the current test match, whole ones; returns them."""
        def found():
            lines = self.log_lines(since_test=True)[:-1]
            return [line for line in lines if re.search(pattern, line)]

        self._wait_alive(lambda: len(found()) >= count, '%d log lines like %r' % (count, pattern))
        return found()

    def log_tail(self, lines=80):
        return '--- %s\n%s' % (self.log_path, '\n'.join(self.log_lines()[-lines:]))

    # -- processes -----------------------------------------------------------------------------------------------

    @property
    def pid(self):
        return self.process.pid

    @property
    def master_pid(self):
        return self.process.pid if self.options.get('master') else None

    def worker_pids(self):
        """The living workers, oldest first."""
        pids = []
        for line in self.log_lines(_WORKER):
            pid = int(_WORKER.search(line)[1])
            if pid not in pids:
                pids.append(pid)
        return [pid for pid in pids if is_alive(pid)]

    def stats(self):
        """What the stats server says (option stats, needs a master)."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(TIMEOUT)
            sock.connect(str(self.directory / 'stats.sock'))
            data = b''.join(iter(lambda: sock.recv(65536), b''))
        return json.loads(data.decode('utf-8', 'backslashreplace'))

    def wait_stats(self, function, what):
        """Waits until function(stats) is true; returns its value."""
        return self._wait_alive(lambda: function(self.stats()), what)

    def send_signal(self, number):
        os.kill(self.pid, number)

    def reload(self):
        """SIGHUP to the master; a master that has just started itself again ignores it until it is ready."""
        def ready():
            with open('/proc/%d/status' % self.pid) as status:
                caught = int(re.search(r'SigCgt:\s*(\w+)', status.read())[1], 16)
            return caught >> (signal.SIGHUP - 1) & 1
        self._wait_alive(ready, 'the master to listen to SIGHUP')
        self.send_signal(signal.SIGHUP)

    def wait_exit(self):
        """Waits until the server has ended by itself; returns its exit code."""
        try:
            self.exit_code = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise AssertionError('the server did not end\n' + self.log_tail()) from None
        return self.exit_code

    def stop(self, number=signal.SIGINT):
        """Asks it to end and waits; returns its exit code. Nothing of its process group survives."""
        try:
            if self.process is None:
                return None
            if self.process.poll() is None:
                self.send_signal(number)
            return self.wait_exit()
        finally:
            self.kill()

    def kill(self):
        """Kills the whole process group, if there still is one."""
        if self.process is not None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        while self._ports:
            release_port(self._ports.pop())

    # -- expectations and the checks after every test ------------------------------------------------------------

    def begin_test(self, fds=True):
        """What is checked at the end of a test starts here; fds=False: but for the descriptors of workers."""
        self._begin_expectations()
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        if fds:
            self._remember_fds()
        else:
            self.ignore_fds()

    def _begin_expectations(self):
        self._log_start = 0
        self._expected = []
        self._allowed_alarms = []
        self._allowed_fds = None
        self._check_fds = True

    def expect_traceback(self, *texts):
        """The test causes one traceback for each text, which is part of the traceback's last line."""
        self._expected += texts

    def allow_alarm(self, *texts):
        """Lines with these texts are wanted, though they look alarming."""
        self._allowed_alarms += texts

    def allow_fds(self, pattern):
        """Descriptors the test leaves open on purpose, by what they point at."""
        self._allowed_fds = pattern

    def ignore_fds(self):
        """For tests whose workers are not comparable, e.g. because they were replaced."""
        self._check_fds = False

    def end_test(self):
        """Raises when something is left that must not be."""
        while self._clients:
            self._clients.pop().close()
        if self._check_fds and self.process.poll() is None:
            checks.check_fds(self._baselines, self._allowed_fds)
        checks.check_tracebacks(lambda: self.log_lines(since_test=True), self._expected)
        checks.check_alarms(self.log_lines(since_test=True), self._allowed_alarms)
        checks.check_zombies(self.pid)

    def _remember_fds(self):
        """What a worker has open when each of its threads waits for requests is its baseline."""
        # the request loop has one queue for all of its threads
        threads = 1 if self.log_lines('served by the pypy loop') else int(self.options.get('threads', 1))
        queues = threads + int(self.options.get('offload-threads', 0))

        def ready(pid):
            watched = event_queues(pid)
            if watched is None:
                return True
            # queues of the master's threads, which a fork leaves in the worker, watch nothing that listens
            parent = self.members().get(pid, (None, None))[1]
            master = parent if parent in self.members() else pid
            inherited = listening_sockets().intersection(open_fds(master) or ())
            return len(watched) >= queues and sum(not inherited.isdisjoint(queue) for queue in watched) >= threads
        for pid in self.worker_pids():
            if pid not in self._baselines:
                self._wait_alive(lambda: ready(pid), 'worker %d to wait for requests' % pid)
                fds = open_fds(pid)
                if fds is not None:
                    self._baselines[pid] = fds

    def members(self):
        """All processes of the server's group: {pid: (state, parent, name)}."""
        return group_members(self.pid)
