"""start_site(app, options) starts a server; start_console(options) one that runs what a test tells it."""

import pytest

from api.console import APP, Console


@pytest.fixture
def start_site(make_server):
    def start(app, options=None, ready=None, **more):
        options = {'http-socket': True, 'pypy-wsgi': 'app', 'master': True, **(options or {})}
        options = {option: value for option, value in options.items() if value is not None}
        return make_server(options, app=app, **more).start(ready)
    return start


@pytest.fixture
def start_console(start_site):
    """start_console(options): a Console of a server of its own."""
    def start(options=None, front=None, **more):
        return Console(start_site(APP, options, **more), front)
    return start
