"""What must hold after every test, whatever the test did.

No descriptor leaked in a worker; every traceback in the log expected, and there exactly as often as expected; no line
of a sanitizer, of cffi, of a crash; no zombie. A test that wants one of these says so on its server.
"""

import re
from collections import Counter

from harness.processes import group_members, open_fds
from harness.wait import wait_until

# A descriptor or zombie that is still there after this long is leaked: closing follows the last byte at once.
SETTLE_TIMEOUT = 20

ALARMS = re.compile(
    r'AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error: '
    r'|[Ff]rom cffi callback|Exception ignored'
    r'|[Ss]egmentation [Ff]ault|!!! uWSGI process|Fatal RPython error|Fatal Python error|RPython traceback'
    r'|stack smashing|double free|free\(\): |malloc\(\): |corrupted'
    r'|DAMN ! worker|TIMEOUT !!!')

_TRACEBACK = 'Traceback (most recent call last):'


def tracebacks(lines):
    """The exception line of every traceback in these log lines."""
    found = []
    inside = False
    for line in lines:
        if line.lstrip().startswith(_TRACEBACK):
            inside = True
        elif inside and line.strip() and not line.startswith((' ', '\t')):
            found.append(line)
            inside = False
    if inside:
        found.append('(a traceback without its exception)')
    return found


def unmatched_tracebacks(lines, expected):
    """(unexpected exception lines, expected texts that are missing); each text stands for exactly one traceback."""
    surplus, missing = [], list(expected)
    for line in tracebacks(lines):
        for text in missing:
            if text in line:
                missing.remove(text)
                break
        else:
            surplus.append(line)
    return surplus, missing


def check_tracebacks(lines, expected):
    """lines: a function that gives the test's part of the log."""
    try:
        wait_until(lambda: not unmatched_tracebacks(lines(), expected)[1], '', SETTLE_TIMEOUT if expected else 0)
    except AssertionError:
        pass
    surplus, missing = unmatched_tracebacks(lines(), expected)
    assert not surplus, 'unexpected tracebacks in the log: %r' % surplus
    assert not missing, 'tracebacks that are not in the log: %r' % missing


def check_alarms(lines, allowed):
    """allowed: texts that the test wants in such lines."""
    alarms = [line for line in lines if ALARMS.search(line) and not any(text in line for text in allowed)]
    assert not alarms, 'alarming lines in the log: %r' % alarms


def check_fds(baselines, allowed):
    """baselines: {pid: open_fds(pid) when the worker was ready}; allowed: regex of what may stay open."""
    def leaked():
        found = {}
        for pid, before in baselines.items():
            now = open_fds(pid)
            more = (now or Counter()) - before
            kept = {target: count for target, count in more.items() if not (allowed and re.search(allowed, target))}
            if kept:
                found[pid] = kept
        return found
    wait_until(lambda: not leaked(), lambda: 'the workers to close what they opened; left open: %r' % leaked(),
               SETTLE_TIMEOUT)


def check_zombies(group):
    """Those that are there now: where processes end all the time there may be one at any moment."""
    def zombies():
        return {pid: info for pid, info in group_members(group).items() if info[0] == 'Z' and pid != group}

    def left():
        return {pid: info for pid, info in zombies().items() if pid in found}
    found = zombies()
    wait_until(lambda: not left(), lambda: 'zombies to be reaped: %r' % left(), SETTLE_TIMEOUT)
