"""What the request loop is to PyPy's compiler."""

import json
import shutil
import subprocess

from harness.server import REPOSITORY

# The jumps backwards in run(), of the very source that is in the plugin.
JUMPS = r"""
import dis, json, sys

def functions(code):
    for constant in code.co_consts:
        if hasattr(constant, 'co_code'):
            yield constant

module = compile(open(sys.argv[1]).read(), 'loop.py', 'exec')
run, = [code for code in functions(module) if code.co_name == 'run']
print(json.dumps([each.opname for each in dis.get_instructions(run)
                  if each.opcode in dis.hasjabs and each.argval <= each.offset]))
"""


def test_every_turn_can_enter_compiled_code():
    """PyPy looks for compiled code at an unconditional jump backwards only: a loop that ends with a condition has none."""
    source = str(REPOSITORY / 'python' / 'uwsgi_pypy' / 'loop.py')
    output = subprocess.run([shutil.which('pypy3'), '-c', JUMPS, source], check=True, stdout=subprocess.PIPE).stdout
    assert set(json.loads(output)) == {'JUMP_ABSOLUTE'}
