"""start_site(options, files): over HTTP; start_console(options): a server that runs what a test tells it; launch():
a start that ends by itself; parity(): the same configuration with this plugin and with uWSGI's Python plugin."""

import json

import pytest

from api.console import APP, Console
from harness import FRONTS, Client
from harness.server import default_plugin

PLUGINS = {'pypy': default_plugin(), 'python3': 'python3'}


@pytest.fixture
def start_site(make_server):
    def start(options=None, files=None, ready=None, **more):
        options = {'http-socket': True, **(options or {})}
        options = {option: value for option, value in options.items() if value is not None}
        return make_server(options, files=files, **more).start(ready)
    return start


@pytest.fixture
def start_console(start_site):
    def start(options=None, files=None, **more):
        return Console(start_site({'wsgi': 'app', **(options or {})}, files, app=APP, **more))
    return start


@pytest.fixture
def launch(make_server):
    """launch(options, code, tracebacks=(), ...): waits for the end; returns the server, whose exit code was `code`."""
    def run(options, code, tracebacks=(), **more):
        server = make_server(options, **more)
        server.expect_traceback(*tracebacks)
        server.launch()
        assert server.wait_exit() == code, server.log_tail()
        return server
    return run


@pytest.fixture
def parity(make_server):
    """parity(ini, files): what GET / answers, as JSON, is the same with both plugins; returns it."""
    def run(ini, files, targets=('/',), **more):
        answers = []
        for name, plugin in PLUGINS.items():
            text = '[uwsgi]\nplugin = %s\nhttp-socket = %%dsite.sock\n%s' % (plugin, ini)
            server = make_server({'ini': 'site.ini'}, files={**files, 'site.ini': text}, plugin=plugin, **more).start()
            client = Client(FRONTS['http'], str(server.directory / 'site.sock'))
            answers.append([client.get(target).body.decode() for target in targets])
        directories = [str(server.directory)]
        assert answers[0] == answers[1], directories
        return [json.loads(answer) for answer in answers[0]]
    return run
