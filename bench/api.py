#!/usr/bin/env python3
"""Compares what calls of the module `uwsgi` cost here and in the CPython plugin. See docs/benchmarks.md.

    bench/api.py
    bench/api.py --rounds 30 --only rpc
"""

import argparse
import statistics
import sys
import tempfile
import urllib.request
from pathlib import Path

from contestants import PLUGIN, UWSGI
from processes import SERVER_CPU, Failed, Process, free_port

# Calls of one measurement: some ten milliseconds, as the other server leaves cold caches. Signals wait in a socket, which holds some hundreds.
CALLS = {"cache_get": 200000, "lock": 200000, "metric_inc": 200000, "rpc": 200000, "signal": 100}
TITLES = {"cache_get": "`cache_get()` of 100 bytes", "lock": "`lock()` and `unlock()`", "metric_inc": "`metric_inc()`",
          "rpc": "`rpc()` to a local function", "signal": "`signal()`"}
# What the servers of a call need besides. The others have no metrics: see docs/benchmarks.md for what those cost.
OPTIONS = {"metric_inc": ("--enable-metrics", "--metric", "metric")}
PLUGINS = {"cpython": "python3", "pypy": str(PLUGIN)}

# Calls before those that count: the JIT compiles during the first, and the way out of a loop when it was taken 200
# times. So a loop that is as short as that of signals needs many rounds.
WARM_UP = 50000

# Of the short ones more are measured.
MEASURED = 50000

MOST_ROUNDS = 200

TARGET = 2.0


class Worker:
    """A server with one worker; measure() calls a function many times in one request."""

    def __init__(self, plugin, options):
        self.port = free_port()
        self.log = tempfile.TemporaryFile()
        self.process = Process(
            [UWSGI, "--plugin", plugin, "--module", "api_calls", "--master", "--need-app", "--die-on-term",
             "--disable-logging", "--http-socket", "127.0.0.1:%d" % self.port, "--cache2", "name=cache,items=100",
             *options], SERVER_CPU, self.log)

    def answers(self):
        try:
            return bool(self.measure("lock", 1))
        except OSError:
            return False

    def measure(self, name, calls):
        """Nanoseconds of a call."""
        with urllib.request.urlopen("http://127.0.0.1:%d/?%s,%d" % (self.port, name, calls), timeout=60) as answer:
            return float(answer.read())


def compare(workers, name, rounds, best):
    """Notes the best of all rounds in best[plugin]; the workers are measured in turn."""
    rounds = min(rounds * MEASURED // CALLS[name], MOST_ROUNDS)
    for number in range(-max(WARM_UP // CALLS[name], 3), rounds):
        for plugin, worker in workers.items():
            spent = worker.measure(name, CALLS[name])
            if number >= 0:
                best[plugin] = min(best.get(plugin, spent), spent)


def run(name, rounds, best):
    """Starts the servers and measures the calls with this name."""
    workers = {}
    try:
        for plugin, file in PLUGINS.items():
            workers[plugin] = Worker(file, OPTIONS.get(name, ()))
        for worker in workers.values():
            worker.process.wait_until(worker.answers)
        compare(workers, name, rounds, best)
    finally:
        for worker in workers.values():
            worker.process.stop()


def show(found):
    print("| call | cpython, ns | pypy, ns | times faster |\n|---|---|---|---|")
    for name, best in found.items():
        print("| %s | %.0f | %.0f | %.1f |" % (TITLES[name], best["cpython"], best["pypy"], best["cpython"] / best["pypy"]))
    ratios = [best["cpython"] / best["pypy"] for best in found.values()]
    print("\n%s slower; the median is %.1f times faster (target: none, %.1f)"
          % ("%d are" % sum(ratio < 1 for ratio in ratios) if min(ratios) < 1 else "None is",
             statistics.median(ratios), TARGET))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", choices=list(CALLS), help="this call only (may be repeated)")
    parser.add_argument("--rounds", type=int, default=20, help="measurements of each, of which the best counts")
    parser.add_argument("--starts", type=int, default=3, help="times that the servers start: what the JIT makes and "
                        "where memory lies differs, and the best counts")
    options = parser.parse_args()
    if not Path(PLUGIN).exists():
        sys.exit("%s is missing: run make" % PLUGIN)
    names = [name for name in CALLS if name in (options.only or CALLS)]
    found = {}
    try:
        for _ in range(options.starts):
            for name in names:
                run(name, options.rounds, found.setdefault(name, {}))
    except Failed as error:
        sys.exit(str(error))
    show(found)


if __name__ == "__main__":
    main()
