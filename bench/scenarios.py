"""What is measured. run(contestants, settings) returns {point: {contestant: {metric: value}}}.

A scenario has its own list of contestants. contestants is what of them takes part, {name: Contestant}.
"""

import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from arrivals import Arrivals
from load import wrk
from processes import SERVER_CPU, Server

PSS_REQUESTS = 6000

# Enough for any warm-up on a machine that has time for it.
WARMUP_SECONDS = 60

OURS_AND_CPYTHON = ("loop", "stock", "cpython")

ALL = ("rate", "capacity", "rate_low", "rate_high", "cpu", "user", "system", "p50", "p99", "errors")
BRIEF = ("rate", "capacity", "cpu", "p50", "p99", "errors")


@dataclass
class Settings:
    seconds: int = 3            # of one measurement
    rounds: int = 5
    side_seconds: int = 2       # the same for scenarios that are beside the point
    side_rounds: int = 3
    progress: object = print


@dataclass(frozen=True)
class Point:
    """One kind of load; a scenario with several compares its contestants at each of them."""
    label: str = ""
    connections: int = 32
    path: str = "/"
    post: int = 0           # bytes of a body
    close: bool = False     # ask for the end of the connection with each request
    logged: bool = False    # the server logs its requests; it is another one than that which does not
    warmup: int = 20000     # requests before anything is measured, for what has a JIT

    def load(self, server, seconds):
        return wrk(server.port, seconds, self.connections, self.path, self.post, self.close)


@dataclass(frozen=True)
class Throughput:
    """Requests/s, latency and CPU: the contestants in turn, A B A B, so that drift of the machine meets all."""
    name: str
    title: str
    app: str
    contestants: tuple
    points: tuple = (Point(),)
    varies: str = ""        # what the labels of the points are
    front: str = "http"     # "uwsgi": behind nginx
    side: bool = False      # fewer and shorter rounds, fewer columns

    @property
    def columns(self):
        return BRIEF if self.side else ALL

    def run(self, contestants, settings):
        rounds, seconds = ((settings.side_rounds, settings.side_seconds) if self.side else
                           (settings.rounds, settings.seconds))
        results = {point.label: {name: [] for name in contestants} for point in self.points}
        with ExitStack() as stack:
            servers = self.start(contestants, stack)
            for (name, _), server in servers.items():
                settings.progress("%s: warming %s" % (self.name, name))
                self.warm(server)
            for number in range(rounds):
                for point in self.points:
                    for name in contestants:
                        result = self.measure(servers[name, point.logged], point, seconds)
                        results[point.label][name].append(result)
                        settings.progress("%s: round %d, %s: %.0f requests/s" % (
                            self.name, number + 1, " ".join(filter(None, (name, point.label))), result["rate"]))
        return {label: {name: summary(found) for name, found in of_point.items()}
                for label, of_point in results.items()}

    def start(self, contestants, stack):
        """{(name, whether it logs): server}"""
        return {(name, logged): stack.enter_context(Server(contestant, self.app, front=self.front, logged=logged))
                for name, contestant in contestants.items()
                for logged in sorted({point.logged for point in self.points})}

    def warm(self, server):
        """Counts requests, not seconds: that is what a JIT goes by. What has none gets a second."""
        for point in self.points:
            left, deadline = point.warmup if server.contestant.jit else 1, time.monotonic() + WARMUP_SECONDS
            while point.logged == server.logged and left > 0 and time.monotonic() < deadline:
                left -= point.load(server, 1).requests

    def measure(self, server, point, seconds):
        server.forget_log()
        user, system = server.cpu()
        load = point.load(server, seconds)
        user, system = (after - before for after, before in zip(server.cpu(), (user, system)))
        cpu = (user + system) / load.requests
        return {"rate": load.rate, "capacity": 1e6 / cpu, "cpu": cpu, "user": user / load.requests,
                "system": system / load.requests, "p50": load.p50, "p99": load.p99, "errors": load.errors}


@dataclass(frozen=True)
class Fairness:
    """What the quick requests have to wait for where a few take long, at a load far below what the server could do."""
    name: str
    title: str
    app: str
    contestants: tuple
    workers: int
    rate: int               # requests a second
    kept: int               # connections of those that keep them
    varies = "connections"
    columns = ("p50", "p90", "p99", "longest")

    def run(self, contestants, settings):
        points = {"a new one each": 0, "%d kept" % self.kept: self.kept}
        times = {label: {} for label in points}
        with ExitStack() as stack:
            servers = {name: stack.enter_context(Server(contestant, self.app, self.workers))
                       for name, contestant in contestants.items()}
            for number in range(settings.side_rounds):
                for label, kept in points.items():
                    for name, server in servers.items():
                        # uWSGI's own socket keeps none
                        if kept and name != "loop":
                            continue
                        load = Arrivals(server.port, self.rate, kept)
                        load.run(5 * settings.side_seconds, number)
                        times[label].setdefault(name, []).extend(load.quick)
                settings.progress("%s: round %d" % (self.name, number + 1))
        return {label: {name: percentiles(found) for name, found in of_point.items()}
                for label, of_point in times.items() if of_point}


def percentiles(times):
    times = sorted(times)
    return {"p50": times[len(times) // 2], "p90": times[len(times) * 90 // 100], "p99": times[len(times) * 99 // 100],
            "longest": times[-1]}


@dataclass(frozen=True)
class Memory:
    """PSS of each worker after PSS_REQUESTS requests or more."""
    name: str
    title: str
    app: str
    contestants: tuple
    workers: int
    columns = ("pss", "pss_max")

    def run(self, contestants, settings):
        results = {}
        for name, contestant in contestants.items():
            with Server(contestant, self.app, self.workers) as server:
                for _ in range(PSS_REQUESTS):
                    server.get()
                sizes = server.pss().values()
                results[name] = {"pss": sum(sizes) / self.workers, "pss_max": max(sizes)}
                settings.progress("%s: %s: %.1f MB" % (self.name, name, results[name]["pss"]))
        return {"": results}


@dataclass(frozen=True)
class Start:
    """Seconds from exec to the end of the first response; `pypy3 -c pass` for comparison."""
    name: str
    title: str
    app: str
    contestants: tuple
    columns = ("start",)

    def run(self, contestants, settings):
        times = {name: [] for name in contestants}
        bare = []
        for _ in range(settings.rounds):
            for name, contestant in contestants.items():
                with Server(contestant, self.app) as server:
                    times[name].append(server.start_seconds)
            began = time.perf_counter()
            subprocess.run(["taskset", "-c", SERVER_CPU, "pypy3", "-c", "pass"], check=True)
            bare.append(time.perf_counter() - began)
        results = {name: {"start": median(values)} for name, values in times.items()}
        results["pypy3 -c pass"] = {"start": median(bare)}
        settings.progress("%s: %d rounds" % (self.name, settings.rounds))
        return {"": results}


def summary(results):
    """Medians over the rounds; errors are added up, and the spread of the rate is kept."""
    found = {metric: median(result[metric] for result in results) for metric in results[0]}
    found["errors"] = sum(result["errors"] for result in results)
    found["rate_low"] = min(result["rate"] for result in results)
    found["rate_high"] = max(result["rate"] for result in results)
    return found


SCENARIOS = (
    Throughput("hello", "12 bytes, one worker, 32 connections", "hello",
               ("loop", "stock", "cpython", "epoll", "nginx", "gunicorn", "gunicorn-pypy", "waitress",
                "waitress-pypy")),
    Throughput("django", "page with 20 links, one worker, 32 connections", "django_page", OURS_AND_CPYTHON),
    Throughput("django-reversed", "the same, each link reversed by Django", "django_page", OURS_AND_CPYTHON,
               (Point(path="/reversed/"),), side=True),
    Throughput("behind-nginx", "hello over the uwsgi protocol, behind nginx", "hello",
               (*OURS_AND_CPYTHON, "packet"), front="uwsgi"),
    Throughput("logging", "hello, each request logged to a file or not", "hello", ("loop", "cpython"),
               (Point("off"), Point("on", logged=True)), varies="log", side=True),
    Throughput("close", "hello, the client asks for the end of each connection", "hello",
               ("loop", "stock", "cpython", "nginx", "gunicorn"), (Point(close=True),), side=True),
    Throughput("connections", "hello, by the number of connections", "hello", ("loop", "cpython", "epoll", "nginx"),
               tuple(Point(str(count), connections=count, warmup=5000) for count in (1, 32, 256, 2000)),
               varies="connections", side=True),
    Throughput("sizes", "responses of several sizes", "sized", OURS_AND_CPYTHON,
               tuple(Point(label, path="/%d" % size, warmup=warmup) for label, size, warmup in (
                   ("100 B", 100, 10000), ("10 KB", 10240, 5000), ("100 KB", 102400, 2000), ("1 MB", 1048576, 1000))),
               varies="size", side=True),
    Throughput("post", "requests with a body, which the application reads", "upload", OURS_AND_CPYTHON,
               (Point("1 KB", post=1024), Point("1 MB", post=1048576, warmup=1000)), varies="body", side=True),
    Fairness("fairness", "2 workers, 100 requests/s, of which one in 100 sleeps for 100 ms; times of the others", "mixed",
             OURS_AND_CPYTHON, workers=2, rate=100, kept=32),
    Memory("memory", "hello, PSS of each of 4 workers after %d requests" % PSS_REQUESTS, "hello",
           ("loop", "stock", "cpython", "gunicorn", "gunicorn-pypy"), workers=4),
    Start("start", "hello, from exec to the first response", "hello",
          ("loop", "stock", "cpython", "gunicorn", "gunicorn-pypy", "waitress", "waitress-pypy")),
)
