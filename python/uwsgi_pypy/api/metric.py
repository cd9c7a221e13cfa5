# SPDX-License-Identifier: MIT
"""uWSGI's metrics: numbers that the stats server, SNMP and pushers show."""
from _uwsgi_pypy import ffi, lib

from . import arguments

__all__ = ('metric_dec', 'metric_div', 'metric_get', 'metric_inc', 'metric_mul', 'metric_set', 'metric_set_max',
           'metric_set_min')

# name as str or bytes -> C's handle; metrics are never removed
_found = {}


def _find(name):
    """Returns the handle of a metric, None if there is none. TypeError, ValueError; RuntimeError: metrics are off."""
    if type(name) in (str, bytes) and name in _found:
        return _found[name]
    metric = lib.upp_metric_find(arguments.to_c_string(name, 'name'))
    if metric == ffi.NULL:
        if not lib.upp_metric_is_on():
            raise RuntimeError('metrics are off; --enable-metrics switches them on, --metric adds some')
        return None
    if type(name) in (str, bytes):
        _found[name] = metric
    return metric


def _change(name, operation, value):
    """Returns True, or uWSGI's None: there is no such metric, or uWSGI computes it."""
    metric = _find(name)
    value = arguments.to_int(value, 'value', arguments.INT64_MIN, arguments.INT64_MAX)
    if value == 0 and operation == lib.UPP_NUMBER_DIVIDE:
        raise ValueError('value is 0; nothing can be divided by it')
    if metric is None or lib.upp_metric_change(metric, operation, value) != lib.UPP_OK:
        return None
    return True


def metric_get(name):
    """Returns the metric's value (int), 0 if there is no such metric."""
    metric = _find(name)
    return 0 if metric is None else lib.upp_metric_get(metric)


def metric_set(name, value=1):
    """Gives a metric a value (int). Returns True, or None: there is no such metric, or uWSGI computes it."""
    return _change(name, lib.UPP_NUMBER_REPLACE, value)


def metric_inc(name, value=1):
    """Adds to a metric; as metric_set()."""
    return _change(name, lib.UPP_NUMBER_ADD, value)


def metric_dec(name, value=1):
    """Subtracts from a metric; as metric_set()."""
    return _change(name, lib.UPP_NUMBER_SUBTRACT, value)


def metric_mul(name, value=1):
    """Multiplies a metric; as metric_set()."""
    return _change(name, lib.UPP_NUMBER_MULTIPLY, value)


def metric_div(name, value=1):
    """Divides a metric, towards zero; as metric_set(). ValueError: value is 0."""
    return _change(name, lib.UPP_NUMBER_DIVIDE, value)


def metric_set_max(name, value=1):
    """Gives a metric a value if that is more than it has; as metric_set()."""
    return _change(name, lib.UPP_NUMBER_MAXIMUM, value)


def metric_set_min(name, value=1):
    """Gives a metric a value if that is less than it has, and more than its initial value; as metric_set()."""
    return _change(name, lib.UPP_NUMBER_MINIMUM, value)
