"""Checks that the plugin's options and their pages agree, and that links lead somewhere.

Every option of the table in src/options.c is in docs/options.md as `--name`,
and every `--pypy-...` that the page mentions exists. docs/migrating.md has
every option of uWSGI's Python plugin in one of its tables, with the state that
src/migration.c gives it, and the names in these tables exist. Every relative link of a page leads to a file,
and to a heading of it if it has a `#`.
"""

import pathlib
import re
import sys

TABLE = pathlib.Path("src/options.c")
PAGE = pathlib.Path("docs/options.md")
MIGRATING = pathlib.Path("docs/migrating.md")
MIGRATION = pathlib.Path("src/migration.c")

# What the Python plugin of uWSGI 2.0 has: how many names, and what may be said of each.
PYTHON_OPTIONS = 68
STATES = {"the same", "another order", "limited", "no effect", "always on", "refused"}

# Options of the table that are not that plugin's: its successor's, or a second spelling.
LATER = {
    "early-pyimport",
    "early-python",
    "early-python-import",
    "early-python-path",
    "early-pythonpath",
    "paste-name",
    "py-autoreload-ignore",
    "py-master-check-signals",
    "wsgi-manage-chunked-input",
}
# Of the plugins that run CPython's loops: refused here, and no options of the Python plugin itself.
LOOPS = {
    "asyncio",
    "gevent",
    "gevent-early-monkey-patch",
    "gevent-monkey-patch",
    "gevent-wait-for-hub",
    "greenlet",
    "tornado",
}

PAGES = [*pathlib.Path().glob("*.md"), *pathlib.Path("docs").rglob("*.md")]

# {"option", NULL, "state", ...}
CHANGE = re.compile(r'^\s*\{"([a-z0-9_-]+)", NULL, "([a-z ]+)",', re.MULTILINE)

# The first string of an entry: {"name", ...} or MACRO("name", ...), at the start of a line.
ENTRY = re.compile(r'^\s*(?:[A-Z_]+\(|\{)\s*(?:\(char \*\))?"([a-z0-9_-]+)",', re.MULTILINE)

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)", re.MULTILINE)


def anchors(page):
    """The names that a link can have behind its `#`, as GitHub makes them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page):
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists():
            yield f"{page}: {link} leads nowhere"
        elif anchor and anchor not in anchors(target):
            yield f"{page}: {link}: no such heading"


def rows(text):
    """The cells of each row of the tables, without their headings."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 4:
            yield cells


def migration_problems(options):
    """What is wrong with the tables of docs/migrating.md."""
    mentioned = []
    changes = dict(CHANGE.findall(MIGRATION.read_text()))
    for names, also, state, _ in rows(MIGRATING.read_text()):
        mentioned += re.findall(r"`([^`]+)`", names)
        if state not in STATES:
            yield f"{MIGRATING}: {names}: {state!r} is no state"
        for name in re.findall(r"`([^`]+)`", names):
            if changes.get(name, "the same") != state:
                yield f"{MIGRATING}: {name}: {state!r} is not what {MIGRATION} says"
        for name in re.findall(r"`([^`]+)`", names + also):
            if name not in options:
                yield f"{MIGRATING}: {name} does not exist"
    for name in sorted({name for name in mentioned if mentioned.count(name) > 1}):
        yield f"{MIGRATING}: {name} is there twice"
    theirs = {name for name in options if not name.startswith("pypy-")} - LATER - LOOPS
    for name in sorted(theirs - set(mentioned)):
        yield f"{MIGRATING}: {name} is not in a table"
    if len(mentioned) != PYTHON_OPTIONS:
        yield f"{MIGRATING}: {len(mentioned)} options of the Python plugin, not {PYTHON_OPTIONS}"


def main():
    options = ENTRY.findall(TABLE.read_text())
    if not options:
        sys.exit(f"{TABLE}: no options found")
    if not PAGE.exists():
        sys.exit(f"{PAGE}: missing")
    documented = set(re.findall(r"`--([a-z0-9_-]+)", PAGE.read_text()))
    problems = [f"{PAGE}: --{name} is not described" for name in options if name not in documented]
    problems += [
        f"{PAGE}: --{name} does not exist"
        for name in sorted(documented)
        if name.startswith("pypy-") and name not in options
    ]
    problems += migration_problems(options)
    problems += [problem for page in PAGES for problem in broken_links(page)]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
