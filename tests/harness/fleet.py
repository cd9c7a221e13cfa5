"""The servers a test module shares: one for each engine, started when first needed, replaced after a failure."""

from dataclasses import dataclass, field
from pathlib import Path

from harness.fronts import ENGINES, front_sockets
from harness.server import Server


@dataclass
class ServerSpec:
    """A module says SERVER = ServerSpec(...): what its server serves and how."""
    app: object                                   # source or path of app.py
    options: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    env: dict = field(default_factory=dict)


class Fleet:
    def __init__(self, spec, directory):
        self.spec = spec
        self.directory = Path(directory)
        self.servers = {}
        self.started = 0

    def server(self, engine):
        if engine not in self.servers:
            self.started += 1
            options = {**front_sockets(engine), **ENGINES[engine], 'pypy-wsgi': 'app', **self.spec.options}
            server = Server(self.directory / ('%s-%d' % (engine, self.started)), options, app=self.spec.app,
                            files=self.spec.files, env=self.spec.env)
            self.servers[engine] = server
            try:
                server.start()
            except BaseException:
                self.discard(engine)
                raise
        return self.servers[engine]

    def discard(self, engine):
        """After a failed test the next one gets a server that has seen nothing of it."""
        server = self.servers.pop(engine, None)
        if server is not None:
            server.kill()

    def stop(self):
        """A clean stop, which must leave nothing bad in the log either."""
        servers, self.servers = self.servers, {}
        try:
            for server in servers.values():
                server.begin_test()
                server.stop()
                server.end_test()
        finally:
            for server in servers.values():
                server.kill()
