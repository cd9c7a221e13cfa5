#!/usr/bin/env python3
"""Compares the plugin with what else there is, side by side in one run. See docs/benchmarks.md.

    bench/run.py                      everything, about five minutes
    bench/run.py --quick              a first impression in one minute
    bench/run.py --only hello --rounds 9 --seconds 10 --json results.json
"""

import argparse
import json
import os
import shutil
import sys

from contestants import CONTESTANTS, PLUGIN, choose
from processes import LOAD_CPU, SERVER_CPU, Failed
from report import scenario_table, target_table
from scenarios import SCENARIOS, Settings
from versions import machine, versions


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", choices=[scenario.name for scenario in SCENARIOS],
                        help="this scenario only (may be repeated)")
    parser.add_argument("--contestants", type=lambda text: text.split(","), default=(), metavar="NAME,...",
                        help="of: " + ", ".join(contestant.name for contestant in CONTESTANTS))
    parser.add_argument("--seconds", type=int, help="of one measurement (default: 5)")
    parser.add_argument("--rounds", type=int, help="number of measurements, of which the median counts (default: 7)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 2 seconds")
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


def main():
    options = arguments()
    check_machine()
    settings = Settings(seconds=options.seconds or (2 if options.quick else 5),
                        rounds=options.rounds or (3 if options.quick else 7),
                        progress=lambda line: print(line, file=sys.stderr, flush=True))
    contestants = choose(options.contestants)
    about = {"versions": versions(), "machine": machine(), "rounds": settings.rounds, "seconds": settings.seconds}
    results = {}
    for scenario in SCENARIOS:
        if not options.only or scenario.name in options.only:
            results[scenario.name] = scenario.run(contestants, settings)
            print("\n%s\n" % scenario_table(scenario.title, results[scenario.name]), flush=True)
    print(target_table(results))
    about["load average at the end"] = "%.2f %.2f %.2f" % os.getloadavg()
    print("\n%s" % "\n".join("%s: %s" % item for item in {**about.pop("versions"), **about}.items()))
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"about": about, "versions": versions(), "results": results}, file, indent=2)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)
