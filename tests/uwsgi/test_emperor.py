"""--emperor: two vassals, each its own server with the plugin; what happens to one does not touch the other."""

import os
import time

import pytest

from harness import FRONTS, Client, wait_until
from harness.server import default_plugin

VASSAL = '''[uwsgi]
plugin = {plugin}
http-socket = %d{name}.sock
chdir = %d..
wsgi-file = app.py
master = true
processes = {processes}
'''


class Empire:
    def __init__(self, make_server, site):
        self.server = make_server({'emperor': 'vassals', 'emperor-freq': 1}, app=site)
        self.server.ignore_fds()
        for name, processes in (('a', 1), ('b', 2)):
            self.write(name, processes)

    def write(self, name, processes):
        self.server.write('vassals/%s.ini' % name,
                          VASSAL.format(plugin=default_plugin(), name=name, processes=processes))

    def start(self):
        self.server.start(ready=r'vassal \S+\.ini is ready to accept')
        for name in 'ab':
            self.server.wait_log(r'vassal %s\.ini is ready to accept' % name)
        return self

    def get(self, name, path):
        client = Client(FRONTS['http'], str(self.server.directory / 'vassals' / (name + '.sock')))
        return client.get(path)


@pytest.fixture
def empire(make_server, server_spec):
    return Empire(make_server, server_spec.app).start()


def test_both_serve(empire):
    assert empire.get('a', '/hello').body == empire.get('b', '/hello').body == b'hello'
    assert empire.get('a', '/generation').body != empire.get('b', '/generation').body
    for name in 'ab':
        assert empire.server.log_lines(r'vassal %s\.ini has been spawned' % name)
        assert empire.server.wait_log(r'vassal %s\.ini is now loyal' % name)


def test_touching_one_reloads_only_that_one(empire):
    before = {name: empire.get(name, '/generation').body for name in 'ab'}
    now = time.time() + 5
    os.utime(empire.server.directory / 'vassals' / 'a.ini', (now, now))
    empire.server.wait_log(r'reload the uwsgi instance a\.ini')
    wait_until(lambda: empire.get('a', '/generation').body not in (before['a'], b''), 'the vassal to be reloaded')
    assert empire.get('b', '/generation').body == before['b']
    assert not empire.server.log_lines(r'reload the uwsgi instance b\.ini')


def test_new_and_removed_vassals(empire):
    """A file that comes is a server more; one that goes is a server less."""
    empire.write('c', 1)
    empire.server.wait_log(r'vassal c\.ini is ready to accept')
    assert empire.get('c', '/hello').body == b'hello'
    (empire.server.directory / 'vassals' / 'a.ini').unlink()
    empire.server.wait_log(r'removed uwsgi instance a\.ini')
    assert empire.get('b', '/hello').body == empire.get('c', '/hello').body == b'hello'


def test_vassal_that_does_not_start(empire):
    """A vassal without its application leaves the emperor and the others alone."""
    empire.server.write('vassals/broken.ini', VASSAL.format(
        plugin=default_plugin(), name='broken', processes=1).replace('app.py', 'missing.py') + 'need-app = true\n')
    empire.server.wait_log(r'removed uwsgi instance broken\.ini')
    empire.server.expect_traceback("'missing.py'")
    (empire.server.directory / 'vassals' / 'broken.ini').unlink()
    assert empire.get('a', '/hello').body == empire.get('b', '/hello').body == b'hello'
