"""Tables of the results, and the targets. Results of a scenario: {point: {contestant: {metric: value}}}."""

from dataclasses import dataclass

BASE = "cpython"


@dataclass(frozen=True)
class Target:
    """A statement about one scenario; it is reported and fails nothing."""
    scenario: str
    text: str
    value: object        # results of the scenario -> number
    limit: float
    at_least: bool = False

    def verdict(self, results):
        """(number, whether the target is met); None when a contestant that it is about took no part."""
        try:
            value = self.value(results)
        except KeyError:
            return None
        return value, value >= self.limit if self.at_least else value <= self.limit


def _ratio(metric, name, base=BASE):
    return lambda results: results[""][name][metric] / results[""][base][metric]


def _kept_with_log(results):
    return results["on"]["loop"]["rate"] / results["off"]["loop"]["rate"]


def _fairness(results):
    found = results["a new one each"]
    return found["loop"]["p99"] / found["stock"]["p99"]


def _pss(name):
    return lambda results: results[""][name]["pss"]


def _start(name):
    def ratio(results):
        found = results[""]
        return found[name]["start"] / (found[BASE]["start"] + found["pypy3 -c pass"]["start"])
    return ratio


TARGETS = (
    Target("hello", "requests/s, loop / cpython", _ratio("rate", "loop"), 3.5, at_least=True),
    Target("hello", "CPU per request, loop / epoll", _ratio("cpu", "loop", "epoll"), 1.35),
    Target("hello", "requests/s, loop / nginx", _ratio("rate", "loop", "nginx"), 1, at_least=True),
    Target("hello", "requests/s of a whole core, stock / cpython", _ratio("capacity", "stock"), 1.2, at_least=True),
    Target("django", "requests/s, loop / cpython", _ratio("rate", "loop"), 4.5, at_least=True),
    Target("django", "requests/s, stock / cpython", _ratio("rate", "stock"), 4.0, at_least=True),
    Target("behind-nginx", "CPU per request, loop / cpython", _ratio("cpu", "loop"), 0.5),
    Target("logging", "requests/s of loop, with log / without", _kept_with_log, 0.6, at_least=True),
    Target("fairness", "p99 of quick requests, loop / stock", _fairness, 1),
    Target("memory", "PSS of a worker of loop, MB", _pss("loop"), 20),
    Target("memory", "PSS of a worker of stock, MB", _pss("stock"), 20),
    Target("start", "loop / (cpython + pypy3 -c pass)", _start("loop"), 2),
    Target("start", "stock / (cpython + pypy3 -c pass)", _start("stock"), 2),
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
    "p90": ("p90 ms", "%.2f"),
    "p99": ("p99 ms", "%.2f"),
    "longest": ("longest ms", "%.2f"),
    "errors": ("errors", "%d"),
    "pss": ("PSS MB/worker", "%.1f"),
    "pss_max": ("largest", "%.1f"),
    "start": ("seconds", "%.3f"),
}

# These have a second column: how many times that of BASE, at the same point.
_COMPARED = ("rate", "cpu")


def table(rows, texts=1):
    """Markdown, with columns as wide as they have to be; rows are lists of str, the first is the head.

    The first columns are texts, the others numbers.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row):
        cells = [cell.ljust(width) if index < texts else cell.rjust(width)
                 for index, (cell, width) in enumerate(zip(row, widths))]
        return "| %s |" % " | ".join(cells)
    rule = "|%s|" % "|".join("-" * (width + 1) + ("-" if index < texts else ":") for index, width in enumerate(widths))
    return "\n".join([line(rows[0]), rule] + [line(row) for row in rows[1:]])


def scenario_table(scenario, results):
    """One scenario: a row for each contestant at each point."""
    varies = getattr(scenario, "varies", "")
    rows = [[varies, ""] if varies else [""]]
    for metric in scenario.columns:
        rows[0] += [_COLUMNS[metric][0]] + ["/ " + BASE] * (metric in _COMPARED)
    for label, of_point in results.items():
        for name, result in of_point.items():
            cells = [cell for metric in scenario.columns for cell in _cells(metric, result, of_point.get(BASE))]
            rows.append(([label] if varies else []) + [name] + cells)
    return "### %s: %s\n\n%s" % (scenario.name, scenario.title, table(rows, texts=2 if varies else 1))


def _cells(metric, result, base):
    cells = [_COLUMNS[metric][1] % result[metric]]
    if metric in _COMPARED:
        cells.append("%.2f" % (result[metric] / base[metric]) if base else "-")
    return cells


def target_table(results):
    """All targets whose scenario was run with the contestants they are about; empty when there is none."""
    rows = [["target", "limit", "measured", "met"]]
    for target in TARGETS:
        verdict = target.verdict(results[target.scenario]) if target.scenario in results else None
        if verdict:
            value, met = verdict
            rows.append(["%s: %s" % (target.scenario, target.text),
                         "%s %g" % (">=" if target.at_least else "<=", target.limit), "%.2f" % value,
                         "yes" if met else "NO"])
    return "### targets\n\n" + table(rows) if len(rows) > 1 else ""
