"""Servers that serve requests of their own before their workers begin."""

import pytest

from harness import ENGINES


@pytest.fixture
def options(front):
    """options(**more): what a server of this front is given."""
    def options(**more):
        return {front.option: True, **ENGINES[front.engine], 'master': True, 'stats': True, 'pypy-wsgi': 'app',
                **{name.replace('_', '-'): value for name, value in more.items()}}
    return options
