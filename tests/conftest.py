"""Fixtures: see harness/ for what stands behind them."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Fleet, Server  # noqa: E402
from harness.fronts import select_fronts  # noqa: E402
from harness.ports import release_port, reserve_port  # noqa: E402

# A shell makes what it starts in the background ignore these, and all that is started from there.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

# What a test's item remembers: plain attributes, because item.stash came with pytest 7.
FAILED = '_upp_failed'
SERVERS = '_upp_servers'


def pytest_addoption(parser):
    parser.addoption('--front', action='append', help='run over this way in only (may be repeated)')


def pytest_generate_tests(metafunc):
    if 'front' in metafunc.fixturenames:
        names, traits = (), {}
        marker = metafunc.definition.get_closest_marker('fronts')
        if marker:
            names, traits = marker.args, marker.kwargs
        chosen = metafunc.config.getoption('front')
        fronts = [front for front in select_fronts(names, **traits) if not chosen or front.name in chosen]
        metafunc.parametrize('front', fronts, ids=str)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the log of its servers."""
    report = (yield).get_result()
    if report.failed:
        setattr(item, FAILED, True)
        for server in getattr(item, SERVERS, []):
            report.sections.append(('uWSGI log', server.log_tail()))


@pytest.fixture(scope='module')
def server_spec(request):
    """What the module's servers serve: its SERVER."""
    return request.module.SERVER


@pytest.fixture(scope='module')
def fleet(request, server_spec, tmp_path_factory):
    """The servers that the module's tests share."""
    fleet = Fleet(server_spec, tmp_path_factory.mktemp(request.module.__name__.rpartition('.')[2]))
    yield fleet
    fleet.stop()


@pytest.fixture
def server(request, fleet, front):
    """The module's server for this front; checked after the test."""
    server = fleet.server(front.engine)
    setattr(request.node, SERVERS, [server])
    server.begin_test()
    yield server
    if getattr(request.node, FAILED, False):
        fleet.discard(front.engine)
        return
    try:
        server.end_test()
    except BaseException:
        fleet.discard(front.engine)
        raise


@pytest.fixture
def client(server, front):
    """A client of the module's server over this front."""
    return server.client(front)


@pytest.fixture
def make_server(request, tmp_path):
    """make_server(options, app=source, ...): a server of the test's own, not started; checked and stopped after."""
    servers = []
    setattr(request.node, SERVERS, servers)

    def make(options, app=None, **more):
        server = Server(tmp_path / ('server-%d' % (len(servers) + 1)), options, app=app, **more)
        servers.append(server)
        return server
    yield make
    try:
        for server in servers:
            if server.process is not None and not getattr(request.node, FAILED, False):
                server.end_test()
                server.stop()
                server.end_test()
    finally:
        for server in servers:
            server.kill()


@pytest.fixture
def start_server(make_server):
    """start_server(options, app=source, ...): a server of the test's own, serving."""
    def start(options, app=None, ready=None, **more):
        return make_server(options, app=app, **more).start(ready)
    return start


@pytest.fixture
def fixed_address():
    """HOST:PORT for a server that is reloaded: one with port 0 would get another port then."""
    port = reserve_port()
    yield '127.0.0.1:%d' % port
    release_port(port)
