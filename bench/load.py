"""Load from wrk, and what it says."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from processes import LOAD_CPU, Failed

POST = str(Path(__file__).resolve().parent / "post.lua")

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass
class Load:
    requests: int
    seconds: float
    p50: float     # milliseconds
    p99: float
    errors: int

    @property
    def rate(self):
        return self.requests / self.seconds


def wrk(port, seconds, connections, path="/", post=0, close=False):
    """Runs wrk with one thread on its own core.

    post: bytes of a body to send; close: ask for the end of the connection with each request.
    """
    command = ["taskset", "-c", LOAD_CPU, "wrk", "--latency", "-t", "1", "-c", str(connections),
               "-d", "%ds" % seconds, "--timeout", "30s"]
    if close:
        command += ["-H", "Connection: close"]
    if post:
        command += ["-s", POST]
    command += ["http://127.0.0.1:%d%s" % (port, path)] + (["--", str(post)] if post else [])
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    load = parse(result.stdout)
    if not load.requests:
        raise Failed("no request was answered:\n" + result.stdout)
    return load


def parse(text):
    """What wrk printed, as a Load."""
    total = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", text)
    latency = {percent: float(value) * _UNITS[unit]
               for percent, value, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s|m)\b", text)}
    if not total or len(latency) != 2:
        raise Failed("wrk said:\n" + text)
    errors = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", text))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors += int(refused[1]) if refused else 0
    return Load(int(total[1]), float(total[2]) * _UNITS[total[3]] / 1e3, latency["50"], latency["99"], errors)
