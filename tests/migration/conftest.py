"""both(site): the servers of one configuration, with `plugin = python3` and with `plugin = pypy` in it."""

import random
import re
import subprocess
from pathlib import Path

import pytest

from harness import FRONTS, Client, Server
from harness.server import default_plugin

SITES = Path(__file__).parent / 'sites'

BLOB = random.Random(7).randbytes(300_007)

# What carries the time, a process, a random number, or the server's own directory.
MASKS = [(re.compile(pattern), replacement) for pattern, replacement in [
    (r'/server-\d+/', '/server/'),
    (r'\b[A-Z][a-z]{2}, \d\d[ -][A-Z][a-z]{2}[ -]\d{4} \d\d:\d\d:\d\d GMT', 'DATE'),
    (r'(csrfmiddlewaretoken" value=|csrftoken=|sessionid=|session=)[^;>]+', r'\1RANDOM'),
]]

# Where a body ends: the request loop always says so, the Python plugin leaves it to the end of the connection.
FRAMING = {'content-length', 'transfer-encoding', 'connection'}


def mask(text, masks=MASKS):
    for pattern, replacement in masks:
        text = pattern.sub(replacement, text)
    return text


def mask_header(name, value):
    """Flask makes Allow of a set, whose order changes with each process."""
    return ', '.join(sorted(value.split(', '))) if name == 'Allow' else mask(value)


class Site:
    """One server of the two."""

    def __init__(self, server):
        self.server = server

    def client(self, front, name=None):
        return Client(FRONTS[front], str(self.server.directory / (name or front + '.sock')))

    def answer(self, request, front='http', name=None):
        """(status, reason, headers, body) without what cannot be equal, and the response."""
        response = self.client(front, name).request(**request)
        # the Python plugin sends a body after the head of a HEAD
        assert response.complete and (not response.extra or request['method'] == 'HEAD'), response
        assert response.header('Content-Length') in (None, str(len(response.body))) or request['method'] == 'HEAD'
        body = mask(response.body.decode('latin-1'))
        is_random = body != response.body.decode('latin-1') or response.values('Set-Cookie')
        headers = [(key, 'RANDOM' if key == 'ETag' and is_random else mask_header(key, value))
                   for key, value in response.headers if key.lower() not in FRAMING]
        return (response.status, response.reason, headers, body), response


class Both:
    def __init__(self, theirs, ours):
        self.theirs = theirs
        self.ours = ours

    def __iter__(self):
        return iter((self.theirs, self.ours))

    @property
    def servers(self):
        return [site.server for site in self]

    def ask(self, method='GET', target='/', headers=(), body=b'', front='http', name=None, **more):
        """Asks both, and compares; returns our response."""
        request = {'method': method, 'target': target, 'headers': headers, 'body': body, **more}
        answers = [site.answer(request, front, name) for site in self]
        assert answers[0][0] == answers[1][0]
        sizes = {response.header('Content-Length') for _, response in answers} - {None}
        assert len(sizes) <= 1, 'Content-Length: %s' % sizes
        return answers[1][1]

    def same(self, function):
        """function(server) gives the same for both; returns it."""
        theirs, ours = map(function, self.servers)
        assert theirs == ours
        return ours

    def wait_log(self, pattern, count=1):
        for server in self.servers:
            server.wait_log(pattern, count)


def files_of(site):
    """(name, text) of each."""
    for path in sorted((SITES / site).rglob('*')):
        if path.is_file() and '__pycache__' not in path.parts:
            yield str(path.relative_to(SITES / site)), path.read_text()


def change_plugin(text, plugin):
    """The one line that is another one."""
    return re.sub(r'^( *plugin *[=:] *)python3$', lambda found: found[1] + plugin, text, flags=re.MULTILINE)


@pytest.fixture(scope='module')
def virtualenv(tmp_path_factory):
    """One made by CPython, with a package of its own, that sees those of the system."""
    directory = tmp_path_factory.mktemp('virtualenv') / 'venv'
    subprocess.check_call(['/usr/bin/python3', '-m', 'venv', '--without-pip', '--system-site-packages', str(directory)])
    return directory


@pytest.fixture(scope='module')
def both(request, tmp_path_factory, virtualenv):
    """The module's SITE, started with both plugins; MAIN is its configuration."""
    servers = []
    for number, plugin in enumerate(('python3', default_plugin()), 1):
        directory = tmp_path_factory.mktemp('site') / ('server-%d' % number)
        files = {name: change_plugin(text, plugin) for name, text in files_of(request.module.SITE)}
        main = getattr(request.module, 'MAIN', 'site.ini')
        server = Server(directory, {'ini': main}, files={**files, 'blob.bin': BLOB, 'reload': ''}, plugin='')
        (directory / 'spool').mkdir()
        (directory / 'venv').symlink_to(virtualenv)
        server.launch()
        servers.append(server)
    try:
        for server in servers:
            server.wait_log(getattr(request.module, 'READY', 'spawned uWSGI worker'))
            for path in server.directory.glob('*.sock'):
                if path.name != 'stats.sock':
                    server._connect_once(str(path))
        yield Both(*map(Site, servers))
        for server in servers:
            server.stop()
    finally:
        for server in servers:
            server.kill()


@pytest.fixture(autouse=True)
def checked(both):
    for server in both.servers:
        server.begin_test(fds=False)
    yield
    for server in both.servers:
        server.end_test()
