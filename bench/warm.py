#!/usr/bin/env python3
"""Workers that are warm against workers that are not, in one run. See docs/benchmarks.md.

    bench/warm.py                     everything, about eleven minutes
    bench/warm.py --quick             shorter loads, fewer requests

Django with two workers, with --pypy-warmup and without; one with its garbage collected while it waits and one without;
memory after many requests.
"""

import argparse
import concurrent.futures
import functools
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from contestants import BACKLOG, PLUGIN, UWSGI, Contestant
from load import wrk
from processes import LOAD_CPU, Failed, Server
from run import check_machine

OPEN_LOAD = Path(__file__).resolve().parent / "open_load.py"
FIRST = 1000
STEADY = 20000
CONNECTIONS = 32

# Seconds that a worker lives where workers are replaced. With a second uWSGI takes it for a fault, and waits
# (--forkbomb-delay); the processor time of a fork and an exit, some ten milliseconds, is to be far below one percent.
LIFE = 10

# So many times, every half second, memory is to be the same for a worker to be at rest: it is not before a second has passed.
RESTS = 6

# Part of the time that the core of the workers is busy under a load that comes at a given rate, and the seconds in which
# the rate for it is found.
LOAD = 0.6
LOAD_SECONDS = 5

# So often two servers take turns under a load: what else the machine does is to meet both.
ROUNDS = 3

# A page that takes long enough for a client in Python to keep up with such a load.
PATH = "/reversed/"
WARM = ["--pypy-warmup", PATH, "--pypy-warmup", "/"]


def contestant(name, options):
    return Contestant(name, (UWSGI, "--plugin", str(PLUGIN), "--module", "{app}", "--master", "--need-app",
                             "--die-on-term", "--listen", BACKLOG, *options),
                      http=("--http-socket", "127.0.0.1:{port}"), workers=("--processes", "{workers}"),
                      quiet=("--disable-logging",), jit=True)


class Results:
    """The rows of the table."""

    def __init__(self):
        self.rows = []

    def add(self, what, value, limit, unit="", detail=""):
        self.rows.append((what, value, limit, unit, detail))
        print("%-62s %8.2f%s  (target: %g)" % (what, value, unit, limit), flush=True)

    def table(self):
        lines = ["| | measured | target | |", "|---|--:|--:|---|"]
        for what, value, limit, unit, detail in self.rows:
            lines.append("| %s | %.2f%s | at most %g%s | %s |" % (
                what, value, unit, limit, unit, ("met" if value <= limit else "**missed**") + detail))
        return "\n".join(lines)


# -- what is measured -----------------------------------------------------------------------------------------------

def open_load(server, rate, seconds):
    """[(due, milliseconds)] under a load that does not wait for the server."""
    result = subprocess.run(["taskset", "-c", LOAD_CPU, sys.executable, str(OPEN_LOAD), str(server.port), str(rate),
                             str(seconds), str(CONNECTIONS), PATH], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        return [tuple(map(float, line.split())) for line in result.stdout.splitlines()]
    except ValueError:
        raise Failed(result.stdout)


def p99(latencies):
    return sorted(latencies)[int(len(latencies) * 0.99)]


def in_words(numbers):
    return ", ".join("%.1f" % number for number in numbers)


def private(pid):
    """MB that only this process has."""
    text = Path("/proc/%d/smaps_rollup" % pid).read_text()
    return sum(int(size) for size in re.findall(r"^Private_\w+: +(\d+)", text, re.MULTILINE)) / 1024


def private_under_load(server, rate, seconds):
    """MB that a worker has for itself: the mean of the last two seconds of such a load, collections and all."""
    samples = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        load = pool.submit(open_load, server, rate, seconds)
        time.sleep(seconds - 2)
        while not load.done():
            samples += [private(pid) for pid in server.workers()]
            time.sleep(0.1)
        load.result()
    return statistics.mean(samples)


def requests(server, count, path=PATH):
    """Sends about so many, as fast as they are answered."""
    while count > 0:
        count -= wrk(server.port, 1, CONNECTIONS, path).requests


def wait_for_rest(server):
    """Waits until no worker has anything to do any more. Returns their mean proportional set size in MB."""
    last = []
    while len(last) < RESTS or max(last) - min(last) > 0.1:
        last = last[1 - RESTS:] + [statistics.mean(server.pss().values())]
        time.sleep(0.5)
    return last[-1]


def serial(server, count):
    """Milliseconds of each of so many requests on one connection, that is by one worker."""
    result = subprocess.run(["taskset", "-c", LOAD_CPU, sys.executable, str(OPEN_LOAD), str(server.port), "0",
                             str(count), "1", PATH], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [float(line.split()[1]) for line in result.stdout.splitlines()]


# -- the comparisons ------------------------------------------------------------------------------------------------

def start(name, workers, app, *options):
    return Server(contestant(name, options), app, workers)


def first_requests(results, settings):
    """The first requests of a fresh worker against those of the same worker when it has settled."""
    ratios = {}
    for name, options in (("warm", WARM), ("cold", [])):
        with start(name, 2, "django_page", *options) as server:
            first = statistics.mean(serial(server, FIRST))
            requests(server, settings.steady)
            steady = statistics.mean(serial(server, FIRST))
            ratios[name] = first / steady
    results.add("mean of the first 1,000 requests / steady mean", ratios["warm"], 1.5,
                detail="; cold: %.1f" % ratios["cold"])


def first_seconds(results, settings):
    """p99 from the first second on, under the same load."""
    found = {}
    rate = settings.rate(2)
    for name, options in (("warm", WARM), ("cold", [])):
        with start(name, 2, "django_page", *options) as server:
            load = open_load(server, rate, 10)
            requests(server, settings.steady)
            steady = open_load(server, rate, 10)
            found[name] = p99([latency for _, latency in load]) / p99([latency for _, latency in steady])
    results.add("p99 of the first 10 s / steady p99", found["warm"], 3, detail="; cold: %.1f" % found["cold"])


def private_memory(results, settings):
    """What a worker has for itself, before and after its first major collections."""
    early, late = {}, {}
    for name, options in (("warm", WARM), ("cold", [])):
        with start(name, 2, "django_page", *options) as server:
            early[name] = private_under_load(server, 1000, 10)
            requests(server, settings.steady * 2)
            late[name] = statistics.mean(private(pid) for pid in server.workers())
    results.add("private memory of a worker after 5,000 requests, warm / cold", early["warm"] / early["cold"], 0.45,
                detail="; %.0f and %.0f MB, after 25,000: %.0f and %.0f MB" % (
                    early["warm"], early["cold"], late["warm"], late["cold"]))


def respawns(results, settings):
    """The same load, with workers that live long, and with ones that are replaced every few seconds, in turns."""
    rate = settings.rate(2)
    limits = ["--max-requests", str(rate // 2 * LIFE), "--min-worker-lifetime", "1"]
    steady, replaced = [], []
    with start("steady", 2, "django_page", *WARM) as long_lived, start("replaced", 2, "django_page", *WARM, *limits) as short_lived:
        for _ in range(ROUNDS):
            for server, other, found in ((long_lived, short_lived, steady), (short_lived, long_lived, replaced)):
                # it would collect garbage on the core of this one
                wait_for_rest(other)
                found.append(p99([latency for _, latency in open_load(server, rate, settings.seconds)]))
        respawns = short_lived.log_text().count("Respawned uWSGI worker")
    results.add("p99 with --max-requests / without, medians of %d" % ROUNDS, statistics.median(replaced) / statistics.median(steady), 1.5,
                detail="; %s and %s ms; %d respawns in %d s" % (in_words(replaced), in_words(steady), respawns,
                                                                ROUNDS * settings.seconds))


def idle_collection(results, settings):
    """Steps that PyPy chooses, in the middle of requests, against small ones while the worker waits."""
    found = {}
    rate = settings.rate(1)
    kinds = (("idle", ["--pypy-gc-idle", "on"]), ("own", ["--pypy-gc-idle", "off", "--pypy-gc-step", "8M"]))
    for name, options in kinds:
        with start(name, 1, "django_page", *WARM, *options) as server:
            requests(server, settings.steady)
            found[name] = p99([latency for _, latency in open_load(server, rate, settings.seconds)])
    results.add("p99 at 60 % load, collected while idle / by PyPy's default", found["idle"] / found["own"], 0.7,
                detail="; %.1f and %.1f ms" % (found["idle"], found["own"]))


def memory(results, settings):
    """Proportional set size of each worker, and whether it grows."""
    with start("hello", 4, "hello", *WARM) as server:
        requests(server, settings.steady, "/")
        results.add("PSS of a worker of 4, hello, MB", max(server.pss().values()), 18)
    with start("django", 4, "django_page", *WARM) as server:
        requests(server, settings.steady)
        before = wait_for_rest(server)
        results.add("PSS of a worker of 4, Django, after %d requests, MB" % settings.steady, before, 60)
        requests(server, settings.many - settings.steady)
        after = wait_for_rest(server)
        results.add("PSS after %d / after %d requests" % (settings.many, settings.steady), after / before, 1.05)


SCENARIOS = {function.__name__: function
             for function in (first_requests, first_seconds, private_memory, respawns, idle_collection, memory)}


@functools.lru_cache(None)
def measure_rate(workers):
    """Requests/s that keep so many warm workers busy for that part of the time of their core."""
    with start("rate", workers, "django_page", *WARM) as server:
        requests(server, STEADY)
        # requests that come one by one cost more than those of wrk
        rate = int(LOAD * wrk(server.port, 3, CONNECTIONS, PATH).rate)
        before = sum(server.cpu())
        open_load(server, rate, LOAD_SECONDS)
        busy = (sum(server.cpu()) - before) / 1e6 / LOAD_SECONDS
    rate = int(rate * LOAD / busy)
    print("load: %d requests/s for %d workers" % (rate, workers), flush=True)
    return rate


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="shorter loads, fewer requests")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="this part only (may be repeated)")
    settings = parser.parse_args()
    check_machine()
    settings.steady = STEADY
    settings.many = 60000 if settings.quick else 200000
    settings.seconds = 10 if settings.quick else 30
    settings.rate = measure_rate
    results = Results()
    for name in settings.only or SCENARIOS:
        SCENARIOS[name](results, settings)
    print("\n" + results.table())


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent)
    main()
