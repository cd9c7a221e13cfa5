"""Checks that Python files compile here and on Python 3.7, and import nothing that is gone from newer Pythons.

    check_python.py python tools setup.py
"""

import ast
import pathlib
import sys

OLDEST = (3, 7)

# with Python 3.12, and with 3.13 (PEP 594)
GONE = {"asynchat", "asyncore", "distutils", "imp", "smtpd"} | {
    "aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap", "msilib", "nis", "nntplib",
    "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module


def check(path):
    try:
        # what is newer than the oldest in its grammar is an error, too
        older = {"feature_version": OLDEST} if sys.version_info > OLDEST + (sys.maxsize,) else {}
        tree = ast.parse(path.read_bytes(), str(path), **older)
        compile(tree, str(path), "exec")
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: {error.msg}"
        return
    for line, module in imported(tree):
        if module.partition(".")[0] in GONE:
            yield f"{path}:{line}: {module} is gone from newer Pythons"


def find(name):
    path = pathlib.Path(name)
    return [path] if path.is_file() else path.rglob("*.py")


def main(names):
    paths = sorted(path for name in names for path in find(name))
    problems = [problem for path in paths for problem in check(path)]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
