"""Starts that say something and end: `evaluate` for one that succeeds, `refused` for one that must not."""

import json
import os
import subprocess
from pathlib import Path

import pytest

# Runs in --pypy-eval, that is in the process that will fork the workers; ends the start when it has answered.
ANSWER = '''
def answer(value):
    import json, sys
    print('ANSWER ' + json.dumps(value))
    sys.exit(0)
'''


def answer_of(server):
    """What the server's answer() said, once it has ended."""
    assert server.wait_exit() == 0, server.log_tail()
    lines = server.log_lines('^ANSWER ')
    assert len(lines) == 1, server.log_tail()
    return json.loads(lines[0][len('ANSWER '):])


@pytest.fixture
def evaluate(make_server):
    """evaluate(code, options, ...): starts uWSGI with `code`, which calls answer(value); returns the value."""
    def run(code, options=None, **more):
        server = make_server({'http-socket': True, **(options or {}), 'pypy-eval': [ANSWER, code]}, **more)
        server.launch()
        return answer_of(server)
    return run


@pytest.fixture
def refused(make_server):
    """refused(options, code=1, traceback=None, ...): a start that ends by itself; returns its log as one text."""
    def run(options, code=1, traceback=None, **more):
        server = make_server({'http-socket': True, **options}, **more)
        if traceback:
            server.expect_traceback(traceback)
        server.launch()
        assert server.wait_exit() == code, server.log_tail()
        return '\n'.join(server.log_lines())
    return run


@pytest.fixture(scope='session')
def distribution():
    """Where this machine's PyPy is: its library, its prefix and its standard library."""
    code = ('import os, sys, json; print(json.dumps([sys.prefix, os.path.dirname(os.__file__),'
            ' "%d.%d" % sys.version_info[:2]]))')
    prefix, stdlib, version = json.loads(subprocess.check_output(['pypy3', '-c', code]))
    ldd = subprocess.check_output(['ldd', os.path.realpath(prefix + '/bin/pypy3')], text=True)
    library = next(line.split()[2] for line in ldd.splitlines() if 'libpypy' in line)
    return Distribution(Path(library), Path(prefix), Path(stdlib), version)


class Distribution:
    def __init__(self, libpypy, prefix, stdlib, version):
        self.libpypy, self.prefix, self.stdlib, self.version = libpypy, prefix, stdlib, version

    def home(self, directory, library):
        """Makes a home as a tarball lays it out, with links to this PyPy; `library` is its place in the home."""
        path = directory / library
        path.parent.mkdir(parents=True)
        # PyPy follows a link of its library to where the library really is: a hard link or a copy does not tell
        self.copy_library(path)
        (directory / 'lib').mkdir(exist_ok=True)
        (directory / 'lib' / ('pypy' + self.version)).symlink_to(self.stdlib)
        return directory

    def copy_library(self, path):
        try:
            os.link(self.libpypy, path)
        except OSError:
            subprocess.check_call(['cp', '--reflink=auto', str(self.libpypy), str(path)])
        return path
