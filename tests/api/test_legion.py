"""Legions of one node: who is the lord, and the scrolls."""

import pytest

from api.console import Raised
from harness import wait_until
from harness.ports import release_port, reserve_port


@pytest.fixture
def start_legion(start_console):
    """A console of an instance that is the only node of its legion."""
    ports = []

    def start(**options):
        ports.append(reserve_port())
        return start_console({'legion': 'cluster 127.0.0.1:%d 98 aes-128-cbc:secret' % ports[-1],
                              'legion-node': 'cluster 127.0.0.1:%d' % ports[-1], 'legion-tolerance': 1,
                              'legion-freq': 1, **{name.replace('_', '-'): value for name, value in options.items()}})
    yield start
    for port in ports:
        release_port(port)


def test_lord(start_legion):
    """A node that hears of nobody better becomes the lord; str and bytes name the legion."""
    console = start_legion(legion_scroll='cluster a scroll')
    wait_until(lambda: console('uwsgi.i_am_the_lord("cluster")') is True, 'the election')
    assert console('uwsgi.i_am_the_lord(b"cluster"), uwsgi.i_am_the_lord("other")') == (True, False)
    wait_until(lambda: console('uwsgi.lord_scroll("cluster")') == b'a scroll', 'the scroll of the lord')
    assert console('uwsgi.lord_scroll("other"), uwsgi.scrolls("other")') == (None, None)
    assert console('type(uwsgi.scrolls("cluster")) is list') is True


@pytest.mark.parametrize('function', ['i_am_the_lord', 'lord_scroll', 'scrolls'])
def test_without_legions(start_console, function):
    console = start_console()
    with pytest.raises(Raised, match='^RuntimeError: there is no legion; --legion adds one$'):
        console('uwsgi.%s("cluster")' % function)
    with pytest.raises(Raised, match='^TypeError: legion must be str or bytes, not int$'):
        console('uwsgi.%s(1)' % function)
