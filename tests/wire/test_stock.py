"""The wire corpus on uWSGI's own HTTP socket (--pypy-loop off), whose parser is uWSGI's and not the plugin's.

It serves one request for each connection. So what a case says of its first request is expected; or what
stock-differences.txt says, with a reason. Nothing that follows the first request ever reaches the application.
"""

import json
from pathlib import Path

import pytest

from harness import ServerSpec
from wire.test_live import APP, DIRECTORIES, cases_of

DIFFERENCES = Path(__file__).parent / 'stock-differences.txt'
SERVER = ServerSpec(app=APP, options={'disable-logging': True, 'wsgi-manage-chunked-input': True, 'buffer-size': 32768})

pytestmark = pytest.mark.fronts('http')


def read_differences():
    """{case: what happens there}; each case stands below a line with the reason for it."""
    found, outcome = {}, None
    for line in DIFFERENCES.read_text().splitlines():
        if line.startswith('['):
            outcome, _, reason = line.strip('[]').partition(': ')
            assert outcome and reason, line
        elif line and not line.startswith('#'):
            for name in line.split():
                assert name not in found, name
                found[name] = outcome
    return found


def outcome_of(client, case):
    """'runs', a status, or 'closes' without an answer."""
    def calls():
        return json.loads(client.get('/the-calls').body)
    calls()
    with client.connect() as connection:
        connection.send(case.data)
        connection.half_close()
        answer = connection.read(case.data.partition(b' ')[0].decode('latin-1'))
        ended, rest = connection.wait_closed()
    called = calls()
    assert not rest and len(called) <= 1, (case.name, rest, called)
    assert not called or '/hidden' not in called[0]['request'], (case.name, called)
    if called:
        return 'runs'
    return str(answer.status) if answer.status else 'closes'


def expected(case):
    if case.requests:
        return 'runs'
    return 'closes' if case.end in ('open', 'close') else case.end


@pytest.mark.parametrize('directory', DIRECTORIES)
def test_corpus(client, server, directory):
    listed = {name: outcome for name, outcome in read_differences().items() if name.startswith(directory + '/')}
    found = {}
    for case in cases_of(directory):
        outcome = outcome_of(client, case)
        if outcome != expected(case):
            found['%s/%s' % (directory, case.name)] = outcome
    assert found == listed


def test_every_difference_is_a_case():
    known = {'%s/%s' % (directory, case.name) for directory in DIRECTORIES for case in cases_of(directory)}
    assert set(read_differences()) <= known
