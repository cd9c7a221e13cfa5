# SPDX-License-Identifier: MIT
"""The module `uwsgi` that applications import. One file per uWSGI subsystem."""
import sys

from . import core


def install():
    """Builds the module and makes it importable; needs uWSGI's workers to exist (preinit)."""
    module = type(sys)('uwsgi')
    module.__doc__ = "uWSGI's API"
    for name in core.__all__:
        setattr(module, name, getattr(core, name))
    sys.modules['uwsgi'] = module
