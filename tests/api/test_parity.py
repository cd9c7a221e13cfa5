"""The module `uwsgi` beside that of uWSGI's CPython plugin: the same calls under both.

docs/api/differences.md lists what differs: a difference that is not there fails, and so does one that is there and
does not exist any more. Messages of exceptions are not compared: ours name the argument.
"""

import ast
import json
import re
from pathlib import Path

import pytest

from api import parity_calls as calls
from harness.fronts import ENGINES
from harness.ports import release_port, reserve_port

APP = Path(__file__).parent / 'apps' / 'parity.py'
STUB = Path(__file__).parents[2] / 'stubs' / 'uwsgi.pyi'
PAGE = Path(__file__).parents[2] / 'docs' / 'api' / 'differences.md'

CPYTHON = 'python3'

ALL = {'locks': 2, 'cache2': ['name=first,items=10', 'name=second,items=10'], 'queue': 4, 'sharedarea': 1,
       'enable-metrics': True, 'metric': 'metric', 'spooler': 'spool', 'mules': 1, 'farm': 'farm:1',
       'alarm': 'quiet log:', 'rpc-max': 12}

# the tables of the page
NAMES, EVERYWHERE, ON, OFF, EARLY = ('Names', 'Everywhere', 'Calls', 'Subsystems that are off',
                                     'Before the workers exist')


@pytest.fixture
def run(make_server):
    """run(plugin, options, calls, early=calls): the outcomes of calls in a request, or of those at the start."""
    ports = []

    def start(plugin, options, expressions=(), early=None):
        if 'queue' in options:
            ports.extend([reserve_port(), reserve_port()])
            args = ['--snmp=127.0.0.1:%d' % ports[-1],
                    '--legion', 'cluster 127.0.0.1:%d 98 aes-128-cbc:secret' % ports[-2],
                    '--legion-node', 'cluster 127.0.0.1:%d' % ports[-2]]
        else:
            args = []
        files = {'calls.json': json.dumps(early)} if early is not None else {}
        engine = {} if plugin == CPYTHON else ENGINES['stock']
        server = make_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app', **engine, **options}, app=APP,
                             plugin=plugin, files={'spool/.empty': '', **files}, args=args)
        server.ignore_fds()
        server.start()
        if any('"fails"' in expression for expression, _ in expressions):
            server.expect_traceback('ZeroDivisionError')
        answer = server.client().request('POST', '/', body=json.dumps(expressions).encode() if expressions else b'')
        return json.loads(answer.body)
    yield start
    while ports:
        release_port(ports.pop())


def both(run, expressions, alone, options, early=False):
    """{expression: (outcome under CPython, here)}; each expression counts where it stands first."""
    given = [(expression, bare(expression).startswith(alone)) for expression in expressions]
    found = [run(plugin, options, early=given) if early else run(plugin, options, given) for plugin in (CPYTHON, None)]
    outcomes = {}
    for (expression, _), theirs, ours in zip(given, *found):
        outcomes.setdefault(expression, []).append((theirs, ours))
    return outcomes


def stub():
    """{function: the names of its arguments, as in stubs/uwsgi.pyi}."""
    return {node.name: [argument.arg for argument in node.args.args]
            for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_arguments_by_name(start_console):
    """Every function takes its arguments by the names of the stub; the names work."""
    console = start_console({'cache2': 'name=first,items=10', 'locks': 2})
    found = console('''
import inspect
kinds = inspect.Parameter
names = {}
for name in dir(uwsgi):
    function = getattr(uwsgi, name)
    if inspect.isfunction(function) and name != "__getattr__":
        parameters = inspect.signature(function).parameters.values()
        names[name] = [p.name for p in parameters if p.kind == kinds.POSITIONAL_OR_KEYWORD]
        others = [p.kind for p in parameters if p.kind != kinds.POSITIONAL_OR_KEYWORD]
        assert set(others) <= {kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD}, name
names''')
    assert len(found) > 140
    assert found == {name: arguments for name, arguments in stub().items() if name in found}
    assert console('''
[uwsgi.cache_set(key='k', value='v', expires=0, cache='first'), uwsgi.cache_get(cache='first', key='k'),
 uwsgi.lock(number=1), uwsgi.is_locked(number=1), uwsgi.unlock(number=1), uwsgi.log(message='by name'),
 uwsgi.register_rpc(name='by_name', function=lambda: 'called', argc=0), uwsgi.rpc(node=None, name='by_name')]
''') == [True, b'v', None, True, None, True, True, b'called']


def bare(expression):
    return re.sub(r'^kind\((.*)\)$', r'\1', expression)


# -- the page -------------------------------------------------------------------------------------------------


def table(title):
    """The rows below a heading of the page, as ([what], CPython, here); what is in ` ` in the first cell."""
    text = PAGE.read_text()
    section = re.search(r'^## %s$(.*?)(?=^## |\Z)' % re.escape(title), text, re.MULTILINE | re.DOTALL)[1]
    found = []
    for line in section.splitlines():
        cells = [cell.strip().replace('\\|', '|') for cell in re.split(r'(?<!\\)\|', line)[1:-1]]
        if len(cells) == 4 and not cells[0].startswith('-') and '`' in cells[0]:
            assert cells[3], 'a reason for %s' % cells[0]
            found.append((re.findall(r'`([^`]+)`', cells[0]), cells[1].strip('`'), cells[2].strip('`')))
    assert found, 'the table %s of %s' % (title, PAGE)
    return found


def fits(pattern, text):
    """`*` of the page stands for anything."""
    return re.fullmatch(re.escape(pattern).replace(r'\*', '.*'), text, re.DOTALL) is not None


def assert_listed(title, differences):
    """The differences [(what, CPython, here)] are those of the table, and all of them."""
    rows = [(pattern, theirs, ours) for patterns, theirs, ours in table(title) for pattern in patterns]
    unused = set(rows)
    unlisted = []
    for what, theirs, ours in differences:
        matching = [row for row in rows if fits(row[0], what) and fits(row[1], theirs) and fits(row[2], ours)]
        unused.difference_update(matching)
        if not matching:
            unlisted.append('| `%s` | `%s` | `%s` |' % (what, theirs, ours))
    assert not unlisted, 'not listed under %s:\n%s' % (title, '\n'.join(unlisted))
    assert not unused, 'listed under %s, but no difference: %s' % (title, sorted(unused))


def differing(outcomes):
    return [(bare(expression), *pair) for expression, pairs in outcomes.items() for pair in pairs
            if pair[0] != pair[1]]


# -- tests ------------------------------------------------------------------------------------------------------


def names(run, options):
    """{name: what it is} of the module under CPython, and here."""
    (found,) = both(run, ['attributes()'], (), options)['attributes()']
    return [ast.literal_eval(outcome) for outcome in found]


def test_names(run):
    """dir(uwsgi), and what each name is."""
    theirs, ours = names(run, ALL)
    assert_listed(NAMES, [(name, theirs.get(name, 'absent'), ours.get(name, 'absent'))
                          for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name)])
    functions = {name for name, kind in theirs.items() if kind == 'function'}
    assert functions == set(calls.FINE), 'parity_calls.FINE has each function'


def test_names_without_subsystems(run):
    """What CPython's module has not then, or never, is what the page lists; all the rest is the same."""
    theirs, ours = names(run, {})
    listed = [pattern.partition('(')[0] for title in (NAMES, OFF) for patterns, outcome, _ in table(title)
              for pattern in patterns if outcome == 'absent']
    assert {name for name in ours if name not in theirs} == {
        name for name in ours if any(fits(pattern, name) for pattern in listed)}
    assert [name for name in theirs if name not in ours] == ['env']


def test_calls(run):
    """Results and exceptions where all subsystems are on, with any number of arguments and wrong ones."""
    expressions = [*calls.fine_calls(), *calls.other_counts(), *calls.wrong_types(), *calls.KEYWORDS, *calls.MORE]
    assert_listed(ON, differing(both(run, expressions, calls.ALONE, ALL)))


def test_strings(run):
    """A function that takes str takes bytes as well."""
    pairs = calls.other_strings()
    outcomes = both(run, [expression for pair in pairs for expression in pair], calls.ALONE, ALL)
    taken = {with_bytes: outcomes[with_bytes][0] for _, with_bytes in pairs}
    assert_listed(EVERYWHERE, [('bytes for str', theirs, 'works') for theirs, ours in taken.values()
                               if theirs == 'TypeError' and ours != 'TypeError'])
    assert [expression for expression, (_, ours) in taken.items() if ours == 'TypeError'] == []


def test_off(run):
    """Functions of subsystems that are off."""
    assert_listed(OFF, differing(both(run, calls.fine_calls(), calls.ALONE, {})))


def test_early(run):
    """Where an application is loaded before the fork: no worker is there, and no request."""
    assert_listed(EARLY, differing(both(run, calls.fine_calls(), calls.ALONE_EARLY, ALL, early=True)))
