"""Checks that the module `uwsgi`, its types and its pages agree.

stubs/uwsgi.pyi has every name that python/uwsgi_pypy/api adds to the module,
and the reverse, with the same arguments and defaults. Every name is in a table
of one page of docs/api, functions with their arguments; and every function in
a table there exists. mypy, if it is there, accepts the types.
"""

import ast
import importlib.util
import pathlib
import re
import subprocess
import sys

API = pathlib.Path("python/uwsgi_pypy/api")
STUB = pathlib.Path("stubs/uwsgi.pyi")
PAGES = [page for page in sorted(pathlib.Path("docs/api").glob("*.md")) if page.name != "differences.md"]

# What applications set, and what is there at times only: no file's __all__ has them.
HOOKS = {"post_fork_hook", "after_req_hook", "atexit", "spooler", "mule_msg_hook", "env"}

# Words in a page's tables that are names of the module, too, and mean something else there.
OTHERS = {"spooler.md": {"spooler"}}

# A function in a table: `name(arguments) -> type`.
FUNCTION = re.compile(r"`(\w+)\(([^`]*?)\)(?: -> [^`]*)?`")
NAME = re.compile(r"`(\w+)`")


def constant(node, values):
    """A default as text; names are constants of the same file."""
    return values.get(node.id, node.id) if isinstance(node, ast.Name) else ast.unparse(node)


def signature(function, values):
    """The arguments of a function as a list of text: 'name', 'name=default', '*name'."""
    given = function.args
    defaults = [None] * (len(given.args) - len(given.defaults)) + list(given.defaults)
    found = [argument.arg + ("" if default is None else "=" + constant(default, values))
             for argument, default in zip(given.args, defaults)]
    found += ["*" + given.vararg.arg] if given.vararg else []
    found += ["**" + given.kwarg.arg] if given.kwarg else []
    return found


def keys(function):
    """Strings that are keys of a dict, or of an assignment to one, in a function."""
    for node in ast.walk(function):
        if isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant))
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            yield from (item.value for item in node.iter.elts if isinstance(item, ast.Constant))


def module_of(path):
    """{name: its signature, None for a class or an attribute} of a file's __all__ and attributes()."""
    body = ast.parse(path.read_text()).body
    functions = {node.name: node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assigned = {target.id: node.value for node in body if isinstance(node, ast.Assign)
                for target in node.targets if isinstance(target, ast.Name)}
    values = {name: ast.unparse(value) for name, value in assigned.items()}
    names = {node.value for node in ast.walk(assigned.get("__all__", ast.Tuple([], None)))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found = {}
    for name in names - {"__getattr__"}:
        target = assigned.get(name)
        node = functions.get(target.id if isinstance(target, ast.Name) else name)
        found[name] = signature(node, values) if isinstance(node, ast.FunctionDef) else None
    if "attributes" in functions and path.name != "__init__.py":
        found.update(dict.fromkeys(keys(functions["attributes"])))
    return found


def stub_of(path):
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = signature(node, {})
        elif isinstance(node, ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = None
    return {name: arguments for name, arguments in found.items() if not name.startswith("_")}


def stub_problems(module, stub):
    for name in sorted(set(module) | set(stub)):
        if name not in stub:
            yield f"{STUB}: {name} is missing"
        elif name not in module:
            yield f"{STUB}: {name} does not exist"
        elif module[name] != stub[name]:
            yield f"{STUB}: {name}({', '.join(stub[name] or [])}) is {name}({', '.join(module[name] or [])})"


def plain(arguments):
    """The arguments that a page writes, without their types."""
    found = []
    for argument in re.split(r",\s*(?![^\[]*\])", arguments):
        name, equals, default = argument.partition("=")
        name = name.partition(":")[0].strip()
        if name:
            found.append(name + equals + default.strip())
    return found


def first_cells(page):
    for line in page.read_text().splitlines():
        if line.startswith("| "):
            yield re.split(r"(?<!\\)\|", line)[1]


def page_problems(module):
    where = {}
    for page in PAGES:
        text = page.read_text()
        cells = " ".join(first_cells(page))
        named = {match[1]: match[2] for match in FUNCTION.finditer(cells)}
        inline = re.findall(r"^`(\w+)\(([^`]*)\) -> [^`]*`(?:, also called `(\w+)`)?", text, re.MULTILINE)
        named.update({name: arguments for name, arguments, _ in inline})
        for name, arguments in named.items():
            if name not in module:
                yield f"{page}: {name}() does not exist"
            elif module[name] is not None and not fits(module[name], plain(arguments)):
                yield f"{page}: {name}({arguments}) is {name}({', '.join(module[name])})"
        mentioned = set(named) | set(NAME.findall(cells)) | {other for _, _, other in inline if other}
        for name in (mentioned & set(module)) - OTHERS.get(page.name, set()):
            where.setdefault(name, []).append(page.name)
    for name in sorted(module):
        if len(where.get(name, [])) != 1:
            yield f"docs/api: {name} is in the tables of {', '.join(where.get(name, [])) or 'no page'}, not of one"


def fits(real, written):
    """What is ignored is not written; functions with forms of their own are written several times."""
    real = [argument for argument in real if argument != "*ignored"]
    return real == written or any(argument in real for argument in ("*args", "*task"))


def mypy_problems():
    if not importlib.util.find_spec("mypy"):
        return
    result = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", "--cache-dir",
                             "build/mypy", str(STUB)], stdout=subprocess.PIPE, text=True)
    if result.returncode:
        yield result.stdout.strip()


def main():
    module = dict.fromkeys(HOOKS)
    for path in sorted(API.glob("*.py")):
        module.update(module_of(path))
    problems = [*stub_problems(module, stub_of(STUB)), *page_problems(module), *mypy_problems()]
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
