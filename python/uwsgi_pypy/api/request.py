# SPDX-License-Identifier: MIT
"""The request that the calling thread serves, for functions that work on one."""
from .. import wsgi


def exchange(name):
    """Returns the wsgi.Exchange of the current request. RuntimeError: there is none; `name` is the function's."""
    found = wsgi.running()
    if found is None:
        raise RuntimeError('uwsgi.%s() works on the current request, and there is none' % name)
    return found
