# SPDX-License-Identifier: MIT
"""What the instance is (attributes), and the function that applications hook into the end of a request."""
from _uwsgi_pypy import ffi, lib

from .. import barrier, config, wsgi
from .request import exchange

__all__ = ('__getattr__', 'start_response')


# -- attributes ---------------------------------------------------------------

def text(pointer):
    """Returns the C string as bytes, or None for NULL."""
    return None if pointer == ffi.NULL else ffi.string(pointer)


def options():
    """Returns what uWSGI was started with: option (str) -> value (bytes), True for a flag, a list for repeats."""
    found = {}
    for number in range(lib.upp_core_option_count()):
        value = text(lib.upp_core_option_value(number))
        found.setdefault(config.text(lib.upp_core_option_key(number)), []).append(True if value is None else value)
    return {key: values if len(values) > 1 else values[0] for key, values in found.items()}


def sockets():
    """Returns the descriptors (int) of the sockets that uWSGI listens on."""
    found = []
    while True:
        descriptor = lib.upp_core_socket(len(found))
        if descriptor == -2:
            return [descriptor for descriptor in found if descriptor >= 0]
        found.append(descriptor)


def magic_table():
    """Returns what %c stands for in the configuration: character (bytes) -> text (bytes)."""
    found = {bytes([character]): text(lib.upp_core_magic(character)) for character in range(256)}
    return {character: value for character, value in found.items() if value}


def attributes():
    """Returns the constants of the module by name; needs uWSGI's workers to exist."""
    facts = lib.upp_core_facts()
    found = {
        'applications': None,
        'buffer_size': facts.buffer_size,
        'cores': facts.cores,
        'has_threads': facts.has_threads,
        'hostname': config.hostname.encode('utf-8', 'surrogateescape'),
        'is_a_reload': config.is_a_reload,
        'loop': text(facts.loop),
        'magic_table': magic_table(),
        'numproc': config.processes,
        'opt': options(),
        'sockets': sockets(),
        'started_on': facts.started_on,
        'unbit': None,
        'version': config.version.encode(),
        'version_info': tuple(facts.version) + (text(facts.version_custom),),
    }
    for name in ('mode', 'pidfile'):
        value = text(getattr(facts, name))
        if value is not None:
            found[name] = value
    return found


# -- the current request --------------------------------------------------------

def __getattr__(name):
    """uwsgi.env: the environ of the current request. AttributeError outside of one."""
    if name == 'env':
        running = wsgi.running()
        if running is not None and running.environ is not None:
            return running.environ
        raise AttributeError('uwsgi.env is the environ of the current request, and there is none')
    raise AttributeError("module 'uwsgi' has no attribute %r" % name)


def start_response(status, headers, exc_info=None):
    """The start_response (PEP 3333) of the current request. RuntimeError outside of one."""
    return exchange('start_response').start_response(status, headers, exc_info)


# -- after a request --------------------------------------------------------------

def look_for_hooks():
    """Notes whether applications have set uwsgi.after_req_hook, to be called once they are loaded."""
    lib.upp_core_call_after_request(barrier.hook('after_req_hook') is not None)


@barrier.exported()
def upp_py_after_request():
    hook = barrier.hook('after_req_hook')
    if hook is not None:
        barrier.call(hook)
