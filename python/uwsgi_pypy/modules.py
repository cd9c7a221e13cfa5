# SPDX-License-Identifier: MIT
"""Modules that options name: --import and its like, files as modules, --pymodule-alias."""
import os
import sys

from _uwsgi_pypy import lib

from . import autoreload, log, source


def run_code(name, code, **attributes):
    """Returns a new module of this name, in sys.modules, that ran `code`. Raises what the code raises."""
    module = type(sys)(name)
    module.__dict__.update(attributes)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules.get(name, module)


def load_file(name, path):
    """Makes a file, the directory of a package, or a URL, the module `name`; returns it."""
    attributes = {}
    if not source.is_url(path) and os.path.isdir(path):
        attributes['__path__'] = [path]
        path = os.path.join(path, '__init__.py')
    autoreload.note_file(path, name)
    return run_code(name, source.compile_file(path), __file__=path, **attributes)


def module_name(path):
    """Returns the name of the module that a file becomes: its path with _ for / and ., without .py."""
    for scheme in ('sym://', 'http://', 'data://'):
        if path.startswith(scheme):
            path = path[len(scheme):]
    if path.endswith('.py'):
        path = path[:-len('.py')]
    return path.replace('.', '_').replace('/', '_')


def load(what):
    """Imports a module, or a file (a path with a slash, or ending in .py)."""
    if '/' in what or what.endswith('.py'):
        load_file(module_name(what), what)
    else:
        __import__(what)


def load_all(names):
    """Imports each; one that fails is logged, and the rest goes on."""
    for name in names:
        try:
            load(name)
        except BaseException:
            log.exception()
            log.info('unable to import %s, see above' % name)


def add_alias(alias, what):
    if '/' in what:
        load_file(alias, what)
    else:
        __import__(what)
        sys.modules[alias] = sys.modules[what]
    log.info('mapped virtual pymodule "%s" to real pymodule "%s"' % (alias, what))


def add_aliases(definitions):
    """ALIAS=MODULE or ALIAS=/path/to/file; one that fails ends the start."""
    for definition in definitions:
        alias, _, what = definition.partition('=')
        try:
            add_alias(alias, what)
        except BaseException:
            log.exception()
            log.info('--pymodule-alias %s failed, see above; not starting' % definition)
            lib.upp_exit(1)
