#!/usr/bin/env python3
"""Compares the plugin with what else there is, side by side in one run. See docs/benchmarks.md.

    bench/run.py                      everything, about ten minutes
    bench/run.py --quick              a first impression in two minutes
    bench/run.py --only hello --contestants loop,cpython --rounds 9 --seconds 10 --json results.json
"""

import argparse
import json
import os
import resource
import shutil
import sys

from contestants import NAMES, PLUGIN, choose
from processes import LOAD_CPU, SERVER_CPU, Failed
from report import scenario_table, target_table
from scenarios import SCENARIOS, Settings
from versions import machine, versions


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", choices=[scenario.name for scenario in SCENARIOS],
                        help="this scenario only (may be repeated)")
    parser.add_argument("--contestants", type=lambda text: text.split(","), default=(), metavar="NAME,...",
                        help="those of a scenario that are among: " + ", ".join(NAMES))
    parser.add_argument("--seconds", type=int, help="of one measurement (default: 3, and 2 in side scenarios)")
    parser.add_argument("--rounds", type=int,
                        help="number of measurements, of which the median counts (default: 5, and 3 in side scenarios)")
    parser.add_argument("--quick", action="store_true", help="rounds of a second: three, and one in side scenarios")
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")
    return parser.parse_args()


def check_machine():
    """Ends with a sentence when the comparison cannot be run here."""
    for program in ("wrk", "taskset"):
        if not shutil.which(program):
            sys.exit("%s is not installed" % program)
    if not PLUGIN.exists():
        sys.exit("%s is missing: run make" % PLUGIN)
    if not {int(SERVER_CPU), int(LOAD_CPU)} <= os.sched_getaffinity(0):
        sys.exit("cores %s and %s are needed, one for the server and one for the load" % (SERVER_CPU, LOAD_CPU))


def raise_limits():
    """Thousands of connections are as many descriptors, here and in what is started from here."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def settings_of(options, progress):
    settings = Settings(1, 3, 1, 1) if options.quick else Settings()
    settings.progress = progress
    if options.seconds:
        settings.seconds = settings.side_seconds = options.seconds
    if options.rounds:
        settings.rounds = settings.side_rounds = options.rounds
    return settings


def participants(names, progress):
    """What was asked for and can run here, {name: contestant}."""
    found = {}
    for name, contestant in choose(names).items():
        reason = contestant.absent()
        if reason:
            progress("%s takes no part: %s" % (name, reason))
        else:
            found[name] = contestant
    return found


def main():
    options = arguments()
    check_machine()
    raise_limits()
    settings = settings_of(options, lambda line: print(line, file=sys.stderr, flush=True))
    here = participants(options.contestants, settings.progress)
    about = {**versions(), "machine": machine(), "rounds": "%d of %d seconds; in side scenarios %d of %d" % (
        settings.rounds, settings.seconds, settings.side_rounds, settings.side_seconds)}
    results = {}
    for scenario in SCENARIOS:
        contestants = {name: here[name] for name in scenario.contestants if name in here}
        if contestants and (not options.only or scenario.name in options.only):
            results[scenario.name] = scenario.run(contestants, settings)
            print("\n%s\n" % scenario_table(scenario, results[scenario.name]), flush=True)
    print(target_table(results))
    about["load average at the end"] = "%.2f %.2f %.2f" % os.getloadavg()
    print("\n%s" % "\n".join("%s: %s" % item for item in about.items()))
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"about": about, "results": results}, file, indent=2)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)
