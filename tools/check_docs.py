"""Checks that the plugin's options and docs/options.md agree, and that links lead somewhere.

Every option of the table in src/config.c is in docs/options.md as `--name`,
and every `--pypy-...` that the page mentions exists. Every relative link of a
page leads to a file, and to a heading of it if it has a `#`.
"""

import pathlib
import re
import sys

TABLE = pathlib.Path("src/config.c")
PAGE = pathlib.Path("docs/options.md")

PAGES = [*pathlib.Path().glob("*.md"), *pathlib.Path("docs").rglob("*.md")]

# The first string of an entry: {"name", ...} or MACRO("name", ...), at the start of a line.
ENTRY = re.compile(r'^\s*(?:[A-Z_]+\(|\{)\s*(?:\(char \*\))?"([a-z0-9-]+)",', re.MULTILINE)

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


def main():
    options = ENTRY.findall(TABLE.read_text())
    if not options:
        sys.exit(f"{TABLE}: no options found")
    if not PAGE.exists():
        sys.exit(f"{PAGE}: missing")
    documented = set(re.findall(r"`--([a-z0-9-]+)", PAGE.read_text()))
    problems = [f"{PAGE}: --{name} is not described" for name in options if name not in documented]
    problems += [
        f"{PAGE}: --{name} does not exist"
        for name in sorted(documented)
        if name.startswith("pypy-") and name not in options
    ]
    problems += [problem for page in PAGES for problem in broken_links(page)]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
