"""Reloading a server while clients ask on."""

from harness.load import Load
from harness.wait import wait_until

RELOADS = 2


def start(start_site, fixed_address, **options):
    server = start_site({'http-socket': fixed_address, 'master': True, 'processes': 2, **options})
    server.ignore_fds()
    return server


def reload_under_load(server, reload, done, path='/generation', threads=3):
    """Reloads several times; returns the load, all of whose requests were answered."""
    with Load(server.client(), path, threads=threads) as load:
        for number in range(1, RELOADS + 1):
            load.wait_more(30)
            reload()
            wait_until(lambda: done(number) or load.failures, lambda: 'reload %d\n%s' % (number, server.log_tail()))
            load.check()
        load.wait_more(30)
    load.check()
    return load
