"""Every module here talks to the plugin's request loop; apps/site.py is what it serves unless a module says otherwise."""

from pathlib import Path

import pytest

from harness import ServerSpec

APP = Path(__file__).parent / 'apps' / 'site.py'


@pytest.fixture(scope='module')
def server_spec(request):
    return ServerSpec(app=APP, options=getattr(request.module, 'OPTIONS', {}))


@pytest.fixture
def start_loop(start_server):
    """start_loop(options, ...): a server of the test's own that serves apps/site.py over HTTP by the loop."""
    def start(options=(), **more):
        wanted = {'http-socket': True, 'pypy-wsgi': 'app', **dict(options)}
        server = start_server(wanted, app=APP, **more)
        assert server.log_lines('running pypy loop engine')
        return server
    return start
