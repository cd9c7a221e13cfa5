"""The C unit tests, built with ASan and UBSan: one test for each program, one for each input the fuzzers left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BUILT = ROOT / 'build' / 'unit'
PROGRAMS = sorted(path.stem for path in (ROOT / 'tests' / 'unit').glob('test_*.c'))
INPUTS = sorted(path.relative_to(ROOT) for path in (ROOT / 'fuzz' / 'regress').glob('*/*'))


@pytest.fixture(scope='module')
def run():
    """run(program, *arguments): what is wrong with it, or nothing."""
    # What the surrounding make and sanitizers set is theirs.
    environ = {name: value for name, value in os.environ.items()
               if not name.startswith(('MAKE', 'MFLAGS', 'ASAN_', 'UBSAN_'))}

    def call(*command):
        done = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.decode(errors='replace') if done.returncode else ''

    problem = call('make', '--no-print-directory', 'unit-programs')
    assert not problem, problem
    return lambda program, *arguments: call(BUILT / program, *arguments)


@pytest.mark.parametrize('program', PROGRAMS)
def test_program(run, program):
    problem = run(program)
    assert not problem, problem


@pytest.mark.parametrize('path', INPUTS, ids=str)
def test_regress(run, path):
    """fuzz/regress/TARGET/ holds what once was a finding."""
    problem = run('replay_' + path.parent.name, path)
    assert not problem, problem


def test_corpus_is_current():
    """tests/wire/corpus/ is what make_corpus.py says."""
    subprocess.check_call([sys.executable, '-B', str(ROOT / 'tests' / 'wire' / 'make_corpus.py'), '--check'])
