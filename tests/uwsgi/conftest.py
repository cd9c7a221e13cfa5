"""Every server here serves apps/site.py; start_site(options) starts one of the test's own, for each engine in turn."""

from pathlib import Path

import pytest

from harness import ENGINES, ServerSpec

SITE = Path(__file__).parent / 'apps' / 'site.py'


@pytest.fixture(scope='module')
def server_spec(request):
    """The server that a module's tests share; it may have OPTIONS."""
    return ServerSpec(app=SITE, options=getattr(request.module, 'OPTIONS', {}))


@pytest.fixture(params=list(ENGINES))
def engine(request):
    """Who serves: the request loop or uWSGI's own path. A test of one of them parametrizes it."""
    return request.param


@pytest.fixture
def make_site(make_server, engine):
    def make(options=None, **more):
        options = {'http-socket': True, 'pypy-wsgi': 'app', **ENGINES[engine], **(options or {})}
        options = {option: value for option, value in options.items() if value is not None}
        return make_server(options, **{'app': SITE, **more})
    return make


@pytest.fixture
def start_site(make_site):
    """start_site({option: value}, ...): on an HTTP socket, which the option None takes away."""
    def start(options=None, ready=None, **more):
        return make_site(options, **more).start(ready)
    return start
