# SPDX-License-Identifier: MIT
"""Remote procedure calls, between languages, processes and instances."""
import itertools

from _uwsgi_pypy import ffi, lib

from .. import barrier
from .. import log as _log
from . import arguments

__all__ = ('call', 'register_rpc', 'rpc', 'rpc_list')

# what uWSGI has room for: a name, the arguments of a call here, and those of one that goes out in a packet
NAME_MAX = 255
ARGUMENTS_MAX = 255
PACKET_ARGUMENTS_MAX = 254
PACKET_MAX = 65535


class _Function:
    """What was registered under a name; argc (int) is the number of its arguments, 0: any."""

    __slots__ = ('name', 'function', 'argc')

    def __init__(self, name, function, argc):
        self.name = name
        self.function = function
        self.argc = argc


class _Name:
    """A name that was registered: its handle, which uWSGI keeps for us, and the _Function that has the name now."""

    __slots__ = ('handle', 'function')

    def __init__(self, handle):
        self.handle = handle
        self.function = None


class _Place:
    """Where uWSGI has the handle of a name, as long as it is ours."""

    __slots__ = ('name', 'handle', 'pointer')

    def __init__(self, name, pointer):
        self.name = name
        self.handle = name.handle
        self.pointer = pointer


# C string -> _Name
_names = {}
_next_handle = itertools.count(lib.UPP_RPC_HANDLES).__next__
# handle -> _Name
_by_handle = {}
# name as str or bytes -> _Place, in this process
_places = {}

_FAILED = object()


def _show(name):
    return name.decode('utf-8', 'replace')


# -- functions for others ---------------------------------------------------------------------------

def register_rpc(name, function, argc=0):
    """Offers a function under a name (str, 1 to 255 bytes). Returns True.

    It gets bytes and returns str, bytes or a bytes-like object, or None. argc: int, 0 to 255, the number of its
    arguments; 0 leaves it open. Before the fork this is for all workers, in a worker for that worker; a name that is
    taken gets the new function. ValueError: all slots of --rpc-max are taken, or in a mule or a spooler.
    """
    name = _to_name(name)
    arguments.to_callable(function, 'RPC function')
    argc = arguments.to_int(argc, 'argc', 0, ARGUMENTS_MAX)
    if lib.upp_mule_id() or lib.upp_spooler():
        raise ValueError('only the master and the workers can register RPC functions')
    # before uWSGI knows the name: another thread may call it at once
    known = _names.get(name) or _names.setdefault(name, _Name(_next_handle()))
    before = known.function
    known.function = _Function(name, function, argc)
    _by_handle[known.handle] = known
    if lib.upp_rpc_register(name, argc, known.handle):
        _take_back(name, known, before)
        raise ValueError('unable to register the RPC function %s: all %d slots are taken; --rpc-max makes more'
                         % (_show(name), lib.upp_rpc_slots()))
    return True


def _take_back(name, known, before):
    """Undoes what uWSGI did not accept."""
    known.function = before
    if before is None:
        del _by_handle[known.handle]
        del _names[name]


def forget_places():
    """In a new process: what a worker calls is somewhere else."""
    _places.clear()


def rpc_list(*ignored):
    """Returns the names (bytes) of all functions that this process can call locally, as a tuple."""
    return tuple([ffi.string(lib.upp_rpc_name(index)) for index in range(lib.upp_rpc_count())])


def _answer(entry, given):
    """Calls a _Function with bytes. Returns its result as bytes; None: there is none, the log may say why."""
    if entry.argc and entry.argc != len(given):
        _log.info('RPC function %s takes %d arguments and was called with %d'
                  % (_show(entry.name), entry.argc, len(given)))
        return None
    result = barrier.call(entry.function, *given, failed=_FAILED)
    if result is None or result is _FAILED:
        return None
    try:
        return arguments.to_bytes(result, 'result')
    except TypeError as error:
        _log.info('RPC function %s: its %s' % (_show(entry.name), error))
        return None


def serve(call):
    """Runs the function of a struct upp_rpc_call and hands its result to C."""
    known = _by_handle.get(call.handle)
    if known is None:
        _log.info('an RPC function was called that this process does not have')
        return
    given = [ffi.unpack(call.argv[index], call.lengths[index]) for index in range(call.argc)]
    data = _answer(known.function, given)
    if data is not None and lib.upp_rpc_return(call, data, len(data)):
        _log.info('there is no memory for the %d bytes of the result of an RPC function' % len(data))


# -- calling ----------------------------------------------------------------------------------------

def _to_name(value):
    """Returns the name of a function as a C string. TypeError, ValueError."""
    name = arguments.to_c_string(value, 'RPC name', NAME_MAX)
    if not name:
        raise ValueError('RPC name must not be empty')
    return name


def _fits(value):
    return type(value) is bytes and len(value) <= arguments.FIELD_MAX


def _to_items(values):
    """Returns the arguments of a call as a list or tuple of bytes. TypeError, ValueError."""
    count = len(values)
    # a loop would be a trace of its own for the JIT, which costs more than all else here
    if count < 3 and (not count or _fits(values[0])) and (count < 2 or _fits(values[1])):
        return values
    if len(values) > ARGUMENTS_MAX:
        raise ValueError('an RPC function takes at most %d arguments, not %d' % (ARGUMENTS_MAX, len(values)))
    return [value if _fits(value) else arguments.to_bytes(value, 'RPC argument %d' % number, arguments.FIELD_MAX)
            for number, value in enumerate(values, 1)]


def _check_packet(name, items):
    """Raises a ValueError for what uWSGI's packet to another instance does not carry, or drops on the way."""
    if len(items) > PACKET_ARGUMENTS_MAX:
        raise ValueError('another instance takes at most %d arguments, not %d' % (PACKET_ARGUMENTS_MAX, len(items)))
    if b'' in items:
        raise ValueError('RPC argument %d is empty; to another instance that cannot be sent' % (items.index(b'') + 1))
    size = 2 + len(name) + sum([2 + len(item) for item in items])
    if size > PACKET_MAX:
        raise ValueError('the call has %d bytes; at most %d can be sent to another instance' % (size, PACKET_MAX))


def _run(node, name, values):
    """Calls a function; node: a C string, b'' for this instance. Returns bytes, or None."""
    items = _to_items(values)
    if node:
        _check_packet(name, items)
    texts = [ffi.new('char[]', item) for item in items]
    argv = ffi.new('char *[]', texts or 1)
    lengths = ffi.new('uint16_t[]', [len(item) for item in items] or 1)
    length = ffi.new('uint64_t *')
    result = lib.uwsgi_do_rpc(node or ffi.NULL, name, len(items), argv, lengths, length)
    if result == ffi.NULL:
        return None
    try:
        return ffi.unpack(result, length[0])
    finally:
        lib.upp_rpc_free(result)


def _find(given, name):
    """Notes the place of a name of this process that was given as str or bytes; returns it, None: it is not ours."""
    pointer = lib.upp_rpc_find(name)
    known = _by_handle.get(pointer[0]) if pointer else None
    if known is None:
        return None
    place = _Place(known, pointer)
    # call() takes what is behind an @ for a node
    if (type(given) is bytes or type(given) is str) and b'@' not in name:
        _places[given] = place
    return place


def _run_here(name, values):
    """Calls a function of this process; one of ours not by way of C and back. Returns bytes, or None."""
    place = _places.get(name) if type(name) is bytes or type(name) is str else None
    # another language may have taken the name since
    if place is None or place.pointer[0] != place.handle:
        checked = _to_name(name)
        place = _find(name, checked)
        if place is None:
            return _run(b'', checked, values)
    return _answer(place.name.function, _to_items(values))


def _is_here(node):
    return node is None or isinstance(node, (str, bytes)) and not node


def rpc(node, name, *values):
    """Calls a function of another instance and returns its result (bytes).

    node: str, IPV4:PORT, a unix socket's path or @NAME; None or '' is this instance. name, values: str or bytes.
    None: the function does not exist, raised, returned nothing, or the node did not answer within --socket-timeout.
    """
    if _is_here(node):
        return _run_here(name, values)
    return _run(arguments.to_node(node, 'node'), _to_name(name), values)


def call(name, *values):
    """Calls a function of this instance, or with a name like 'function@node' of another one. As rpc()."""
    if (type(name) is bytes or type(name) is str) and name in _places:
        return _run_here(name, values)
    name, _, node = arguments.to_c_string(name, 'RPC name').partition(b'@')
    if not node:
        return _run_here(name, values)
    return _run(arguments.to_node(node, 'node'), _to_name(name), values)
