# SPDX-License-Identifier: MIT
"""The module `uwsgi` that applications import. One file for each of uWSGI's subsystems.

A file's __all__ is what it adds to the module; attributes() gives what is known
only once uWSGI's workers exist. Functions of a subsystem that is off are there,
too, and raise an error that names the option to switch it on.
"""
import sys

from . import (alarm, cache, chunked, core, data, descriptor, importer, legion, lock, log, metric, mule, process,
               queue, response, rpc, scheduling, sharedarea, signal, snmp, spooler, stats, websocket)

SUBSYSTEMS = (alarm, cache, chunked, core, data, descriptor, importer, legion, lock, log, metric, mule, process,
              queue, response, rpc, scheduling, sharedarea, signal, snmp, spooler, stats, websocket)


def install():
    """Builds the module and makes it importable; needs uWSGI's workers to exist (preinit)."""
    module = type(sys)('uwsgi')
    module.__doc__ = "uWSGI's API"
    for subsystem in SUBSYSTEMS:
        for name in subsystem.__all__:
            setattr(module, name, getattr(subsystem, name))
        if hasattr(subsystem, 'attributes'):
            module.__dict__.update(subsystem.attributes())
    sys.modules['uwsgi'] = module
