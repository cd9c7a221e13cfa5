"""Tables of the results, and the targets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A statement about one scenario; it is reported and fails nothing."""
    scenario: str
    text: str
    value: object        # results of the scenario -> number
    limit: float
    at_least: bool = False

    def verdict(self, results):
        value = self.value(results)
        met = value >= self.limit if self.at_least else value <= self.limit
        return value, met


def _ratio(metric):
    return lambda results: results["pypy"][metric] / results["cpython"][metric]


def _start(results):
    return results["pypy"]["start"] / (results["cpython"]["start"] + results["pypy3 -c pass"]["start"])


TARGETS = (
    Target("hello", "requests/s of a whole core, pypy / cpython", _ratio("capacity"), 1.2, at_least=True),
    Target("django", "requests/s, pypy / cpython", _ratio("rate"), 4.0, at_least=True),
    Target("memory", "PSS of a worker of pypy, MB", lambda results: results["pypy"]["pss"], 20),
    Target("start", "pypy / (cpython + pypy3 -c pass)", _start, 2),
)

_COLUMNS = {
    "rate": ("requests/s", "%.0f"),
    "capacity": ("of a whole core", "%.0f"),
    "rate_low": ("lowest round", "%.0f"),
    "rate_high": ("highest round", "%.0f"),
    "cpu": ("CPU us/request", "%.1f"),
    "user": ("user", "%.1f"),
    "system": ("system", "%.1f"),
    "p50": ("p50 ms", "%.2f"),
    "p99": ("p99 ms", "%.2f"),
    "errors": ("errors", "%d"),
    "pss": ("PSS MB/worker", "%.1f"),
    "pss_max": ("largest", "%.1f"),
    "start": ("seconds", "%.3f"),
}


def table(rows):
    """Markdown, with columns as wide as they have to be; rows are lists of str, the first is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row):
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| %s |" % " | ".join(cells)
    rule = "|%s|" % "|".join("-" * (width + 1) + (":" if index else "-") for index, width in enumerate(widths))
    return "\n".join([line(rows[0]), rule] + [line(row) for row in rows[1:]])


def scenario_table(title, results):
    """One scenario: a row for each contestant, with its rate and CPU relative to cpython's."""
    metrics = [metric for metric in _COLUMNS if any(metric in result for result in results.values())]
    rows = [[""] + [_COLUMNS[metric][0] for metric in metrics]]
    for name, result in results.items():
        rows.append([name] + [_COLUMNS[metric][1] % result[metric] if metric in result else "-" for metric in metrics])
    lines = ["### " + title, "", table(rows)]
    base = results.get("cpython", {})
    if "rate" in base:
        lines.append("")
        for name, result in results.items():
            if name != "cpython":
                lines.append("%s / cpython: %.2f x the requests/s, %.2f x those of a whole core, "
                             "%.2f x the CPU per request (%.2f x user)" % (
                    name, result["rate"] / base["rate"], result["capacity"] / base["capacity"], result["cpu"] / base["cpu"], result["user"] / base["user"]))
    return "\n".join(lines)


def target_table(results):
    """All targets whose scenario was run with the contestants it needs; empty when there is none."""
    rows = [["target", "limit", "measured", "met"]]
    for target in TARGETS:
        found = results.get(target.scenario, {})
        if {"pypy", "cpython"} <= found.keys():
            value, met = target.verdict(found)
            rows.append(["%s: %s" % (target.scenario, target.text),
                         "%s %g" % (">=" if target.at_least else "<=", target.limit), "%.2f" % value,
                         "yes" if met else "NO"])
    return "### targets\n\n" + table(rows) if len(rows) > 1 else ""
