"""Reloading by a touched file, in a chain and by the master's fifo, while clients ask on: no request is lost."""

import os

from harness import Load, wait_until
from harness.reloads import RELOADS, reload_under_load, start


def touch(path):
    """uWSGI looks at whole seconds of the time stamp."""
    status = os.stat(path)
    os.utime(path, (status.st_atime + 5, status.st_mtime + 5))


def test_touch_reload(start_site, fixed_address):
    server = start(start_site, fixed_address, **{'touch-reload': 'app.py'})
    load = reload_under_load(server, lambda: touch(server.directory / 'app.py'),
                             lambda number: len(server.log_lines('spawned uWSGI worker 2 ')) > number)
    assert len(load.bodies) >= RELOADS + 1


def test_touch_workers_reload(start_site, fixed_address):
    """Only the workers start again; the application stays the master's."""
    server = start(start_site, fixed_address, **{'touch-workers-reload': 'app.py'})
    load = reload_under_load(server, lambda: touch(server.directory / 'app.py'),
                             lambda number: len(server.log_lines('Respawned uWSGI worker')) >= 2 * number)
    assert len(load.bodies) == 1


def test_touch_chain_reload(start_site, fixed_address):
    """One worker after the other, each loading the application anew."""
    server = start(start_site, fixed_address, **{'touch-chain-reload': 'app.py', 'lazy-apps': True, 'stats': True})
    load = reload_under_load(server, lambda: touch(server.directory / 'app.py'),
                             lambda number: len(server.log_lines('chain reloading complete')) >= number)
    assert len(load.bodies) >= 2 * RELOADS
    assert len(server.log_lines('WSGI app 0 .*ready')) == 2 + 2 * RELOADS


def test_chain_reload_keeps_a_running_request(start_site, fixed_address):
    """A worker that is asked to go finishes its request first."""
    server = start(start_site, fixed_address, **{'touch-chain-reload': 'app.py', 'lazy-apps': True})
    with server.client().connect() as held:
        held.send_request('GET', '/hold/a')
        wait_until((server.directory / 'a.held').exists, 'the request')
        touch(server.directory / 'app.py')
        server.wait_log('chain next victim is worker')
        with Load(server.client(), '/hello', threads=2) as load:
            load.wait_more(30)
        load.check()
        server.write('a.release', '')
        response = held.read()
    assert response.complete and response.status == 200
    server.wait_log('chain reloading complete')


def test_master_fifo(start_site, fixed_address):
    """`c` reloads in a chain, `r` everything, `w` the workers."""
    server = start(start_site, fixed_address, **{'master-fifo': 'fifo', 'lazy-apps': True})

    def command(letter):
        with open(server.directory / 'fifo', 'w') as fifo:
            fifo.write(letter)
    with Load(server.client(), '/hello', threads=2) as load:
        command('c')
        server.wait_log('chain reloading complete')
        load.wait_more(30)
        command('r')
        server.wait_log('spawned uWSGI worker 2 ', 2)
        load.wait_more(30)
    load.check()
