"""What is measured. run(contestants, settings) returns {contestant: {metric: value}}."""

import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from load import wrk
from processes import SERVER_CPU, Server

PSS_REQUESTS = 6000

# Enough for any warm-up on a machine that has time for it.
WARMUP_SECONDS = 60


@dataclass
class Settings:
    seconds: int = 5     # of one measurement
    rounds: int = 7
    progress: object = print


@dataclass(frozen=True)
class Throughput:
    """Requests/s, latency and CPU: the contestants in turn, A B A B, so that drift of the machine meets all."""
    name: str
    title: str
    app: str
    connections: int
    warmup: int          # requests before anything is measured
    path: str = "/"

    def run(self, contestants, settings):
        contestants = [contestant for contestant in contestants if self.app in contestant.apps]
        rounds = {contestant.name: [] for contestant in contestants}
        with ExitStack() as stack:
            servers = [stack.enter_context(Server(contestant, self.app)) for contestant in contestants]
            for server in servers:
                settings.progress("%s: warming %s" % (self.name, server.contestant.name))
                self.warm(server)
            for number in range(settings.rounds):
                for server in servers:
                    result = self.measure(server, settings.seconds)
                    rounds[server.contestant.name].append(result)
                    settings.progress("%s: round %d, %s: %.0f requests/s" % (
                        self.name, number + 1, server.contestant.name, result["rate"]))
        return {name: summary(results) for name, results in rounds.items()}

    def warm(self, server):
        """Counts requests, not seconds: that is what a JIT goes by."""
        left, deadline = self.warmup, time.monotonic() + WARMUP_SECONDS
        while left > 0 and time.monotonic() < deadline:
            left -= wrk(server.port, 2, self.connections, self.path).requests

    def measure(self, server, seconds):
        user, system = server.cpu()
        load = wrk(server.port, seconds, self.connections, self.path)
        user, system = (after - before for after, before in zip(server.cpu(), (user, system)))
        cpu = (user + system) / load.requests
        return {"rate": load.rate, "capacity": 1e6 / cpu, "cpu": cpu,
                "user": user / load.requests, "system": system / load.requests, "p50": load.p50, "p99": load.p99, "errors": load.errors}


@dataclass(frozen=True)
class Memory:
    """PSS of each worker after PSS_REQUESTS requests or more."""
    name: str
    title: str
    app: str
    workers: int

    def run(self, contestants, settings):
        results = {}
        for contestant in contestants:
            if self.app not in contestant.apps or not contestant.workers:
                continue
            with Server(contestant, self.app, self.workers) as server:
                for _ in range(PSS_REQUESTS):
                    server.get()
                sizes = server.pss().values()
                results[contestant.name] = {"pss": sum(sizes) / self.workers, "pss_max": max(sizes)}
                settings.progress("%s: %s: %.1f MB" % (self.name, contestant.name, results[contestant.name]["pss"]))
        return results


@dataclass(frozen=True)
class Start:
    """Seconds from exec to the end of the first response; `pypy3 -c pass` for comparison."""
    name: str
    title: str
    app: str

    def run(self, contestants, settings):
        times = {contestant.name: [] for contestant in contestants if self.app in contestant.apps}
        bare = []
        for _ in range(settings.rounds):
            for contestant in contestants:
                if contestant.name in times:
                    with Server(contestant, self.app) as server:
                        times[contestant.name].append(server.start_seconds)
            began = time.perf_counter()
            subprocess.run(["taskset", "-c", SERVER_CPU, "pypy3", "-c", "pass"], check=True)
            bare.append(time.perf_counter() - began)
        results = {name: {"start": median(values)} for name, values in times.items()}
        results["pypy3 -c pass"] = {"start": median(bare)}
        return results


def summary(results):
    """Medians over the rounds; errors are added up, and the spread of the rate is kept."""
    found = {metric: median(result[metric] for result in results) for metric in results[0]}
    found["errors"] = sum(result["errors"] for result in results)
    found["rate_low"] = min(result["rate"] for result in results)
    found["rate_high"] = max(result["rate"] for result in results)
    return found


SCENARIOS = (
    Throughput("hello", "hello, one worker, 32 connections", "hello", connections=32, warmup=20000),
    Throughput("django", "Django page with 20 links, one worker, 32 connections", "django_page", connections=32,
               warmup=20000),
    Throughput("django-reversed", "the same, each link reversed by Django", "django_page", connections=32,
               warmup=20000, path="/reversed/"),
    Memory("memory", "hello, PSS of each of 4 workers after %d requests" % PSS_REQUESTS, "hello", workers=4),
    Start("start", "hello, from exec to the first response", "hello"),
)
