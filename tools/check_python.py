"""Checks that Python files compile here and import nothing that is gone from newer Pythons.

    check_python.py python tools
"""

import ast
import pathlib
import sys

GONE = {"distutils", "imp"}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module


def check(path):
    try:
        tree = ast.parse(path.read_bytes(), str(path))
        compile(tree, str(path), "exec")
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: {error.msg}"
        return
    for line, module in imported(tree):
        if module.partition(".")[0] in GONE:
            yield f"{path}:{line}: {module} is gone from newer Pythons"


def main(folders):
    paths = sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*.py"))
    problems = [problem for path in paths for problem in check(path)]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
