"""Checks who in src/ includes and calls what.

The layers, and what each may include of ours:

    src/http/   bytes in, structs out: only itself, no uWSGI and no system calls
    src/vm/     the interpreter: knows no request, no loop and no API
    src/loop/   the request loop: of its files only four know uWSGI
    the rest    anything

Only src/compat.h includes <uwsgi.h>; only src/vm/libpypy.c loads libraries; src/api/data.c looks
symbols up.
A few functions of the C library are used nowhere.
"""

import pathlib
import re
import sys

SRC = pathlib.Path("src")

# What src/http/ may have of the C library: no input, no output, no clock, no memory of its own.
# (llhttp, the grammar, is as pure.)
PURE_HEADERS = {"assert.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h", "string.h", "strings.h"}

# Of src/, what src/vm/ must not know.
ABOVE_VM = re.compile(r"request|front|stock|(http|loop|api)/")

# Of src/loop/, what may know uWSGI: the rest is told by host.h and life.h.
LOOP_DOORS = {"loop/host.c", "loop/life.c", "loop/loop.c", "loop/transport.c"}

LOADER_CALLS = {"dladdr", "dlclose", "dlmopen", "dlopen", "dlsym", "dlvsym"}

FORBIDDEN_CALLS = {"alloca", "atoi", "gets", "sprintf", "strcat", "strcpy", "strtok", "vsprintf"}

TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
CALL = re.compile(r"\b([a-z_][a-z0-9_]*)\s*\(")


def without_comments_and_strings(text):
    """The code alone, on the same lines."""
    return TOKEN.sub(lambda match: "\n" * match[0].count("\n") or " ", text)


def included_path(path, name):
    """Where an #include "name" leads, as a path below src/; generated files have no folder there."""
    for folder in (path.parent, SRC):
        target = folder / name
        if target.exists():
            return target.resolve().relative_to(SRC.resolve()).as_posix()
    return name


def knows_uwsgi(name, seen):
    """True if src/NAME includes compat.h, itself or by what it includes."""
    path = SRC / name
    if name in seen or not path.exists():
        return False
    seen.add(name)
    if name == "compat.h":
        return True
    names = [match[2] for match in INCLUDE.finditer(path.read_text()) if match[1] == '"']
    return any(knows_uwsgi(included_path(path, other), seen) for other in names)


def check_include(path, kind, name):
    place = path.relative_to(SRC).as_posix()
    if kind == "<":
        if name == "uwsgi.h" and place != "compat.h":
            return "only src/compat.h includes <uwsgi.h>"
        pure = name in PURE_HEADERS or name.startswith("llhttp")
        if place.startswith("http/") and not pure:
            return f"src/http/ is pure and <{name}> is not"
        return None
    target = included_path(path, name)
    if place.startswith("http/") and not target.startswith("http/"):
        return f"src/http/ includes only itself, not {target}"
    if place.startswith("vm/") and ABOVE_VM.match(target):
        return f"src/vm/ knows no requests: not {target}"
    is_door = place in LOOP_DOORS or not place.startswith("loop/")
    if not is_door and knows_uwsgi(target, set()):
        return f"{target} brings uWSGI in; of src/loop/ only {', '.join(sorted(LOOP_DOORS))} know it"
    return None


def check_call(path, name):
    if name in FORBIDDEN_CALLS:
        return f"{name}() is not used here"
    if name == "dlsym" and path == SRC / "api" / "data.c":
        return None
    if name in LOADER_CALLS and path != SRC / "vm" / "libpypy.c":
        return f"only src/vm/libpypy.c calls {name}()"
    return None


def check_file(path):
    text = path.read_text()
    code = without_comments_and_strings(text)
    # Includes are read from the text: their names are strings.
    found = [(m.start(), check_include(path, m[1], m[2])) for m in INCLUDE.finditer(text)]
    for position, problem in found:
        if problem:
            yield text.count("\n", 0, position) + 1, problem
    for match in CALL.finditer(code):
        problem = check_call(path, match[1])
        if problem:
            yield code.count("\n", 0, match.start()) + 1, problem


def main():
    files = sorted(path for path in SRC.rglob("*.[ch]"))
    problems = [f"{path}:{line}: {text}" for path in files for line, text in check_file(path)]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return bool(problems) or not files


if __name__ == "__main__":
    sys.exit(main())
