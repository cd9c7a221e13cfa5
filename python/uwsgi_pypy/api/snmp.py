# SPDX-License-Identifier: MIT
"""Values that uWSGI's SNMP agent shows, as 1.3.6.1.4.1.35156.17.2.NUMBER.

`number` is everywhere that last part (int, 1 to 100). A value has the kind that
was used last.
"""
from _uwsgi_pypy import lib

from . import arguments

__all__ = ('snmp_decr_counter32', 'snmp_decr_counter64', 'snmp_decr_gauge', 'snmp_incr_counter32',
           'snmp_incr_counter64', 'snmp_incr_gauge', 'snmp_set_community', 'snmp_set_counter32', 'snmp_set_counter64',
           'snmp_set_gauge')

_MOST = {
    lib.UPP_SNMP_COUNTER32: 2 ** 32 - 1,
    lib.UPP_SNMP_GAUGE: 2 ** 32 - 1,
    lib.UPP_SNMP_COUNTER64: 2 ** 64 - 1,
}


def _check_is_on():
    if not lib.upp_snmp_is_on():
        raise RuntimeError('SNMP is off; --snmp switches it on')


def _change(function, number, kind, value):
    _check_is_on()
    number = arguments.to_int(number, 'number', 1, lib.UPP_SNMP_VALUES)
    function(number, kind, arguments.to_int(value, 'value', 0, _MOST[kind]))
    return True


def snmp_set_counter32(number, value):
    """Makes a value a counter of 32 bits (int). Returns True."""
    return _change(lib.upp_snmp_set, number, lib.UPP_SNMP_COUNTER32, value)


def snmp_set_counter64(number, value):
    """Makes a value a counter of 64 bits (int). Returns True."""
    return _change(lib.upp_snmp_set, number, lib.UPP_SNMP_COUNTER64, value)


def snmp_set_gauge(number, value):
    """Makes a value a gauge of 32 bits (int). Returns True."""
    return _change(lib.upp_snmp_set, number, lib.UPP_SNMP_GAUGE, value)


def snmp_incr_counter32(number, value=1):
    """Adds to a counter of 32 bits, which wraps. Returns True."""
    return _change(lib.upp_snmp_add, number, lib.UPP_SNMP_COUNTER32, value)


def snmp_incr_counter64(number, value=1):
    """Adds to a counter of 64 bits, which wraps. Returns True."""
    return _change(lib.upp_snmp_add, number, lib.UPP_SNMP_COUNTER64, value)


def snmp_incr_gauge(number, value=1):
    """Adds to a gauge, which stays at 2^32 - 1. Returns True."""
    return _change(lib.upp_snmp_add, number, lib.UPP_SNMP_GAUGE, value)


def snmp_decr_counter32(number, value=1):
    """Subtracts from a counter of 32 bits, which wraps. Returns True."""
    return _change(lib.upp_snmp_subtract, number, lib.UPP_SNMP_COUNTER32, value)


def snmp_decr_counter64(number, value=1):
    """Subtracts from a counter of 64 bits, which wraps. Returns True."""
    return _change(lib.upp_snmp_subtract, number, lib.UPP_SNMP_COUNTER64, value)


def snmp_decr_gauge(number, value=1):
    """Subtracts from a gauge, which stays at 0. Returns True."""
    return _change(lib.upp_snmp_subtract, number, lib.UPP_SNMP_GAUGE, value)


def snmp_set_community(community):
    """Sets the name that requests have to give (at most 72 bytes; an empty one answers nobody). Returns True."""
    _check_is_on()
    community = arguments.to_c_string(community, 'community', lib.UPP_SNMP_COMMUNITY_MAX)
    lib.upp_snmp_community(community, len(community))
    return True
