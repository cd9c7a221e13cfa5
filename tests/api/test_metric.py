"""uwsgi.metric_*()."""

import pytest

from api.console import Raised
from api.together import together
from harness import wait_until

FUNCTIONS = ('dec', 'div', 'get', 'inc', 'mul', 'set', 'set_max', 'set_min')
METRICS = {'metric': ['name=counter', 'name=gauge,type=gauge,initial_value=10', 'name=alias,alias=counter,type=alias'],
           'stats': True}


def refused(console, source, message):
    with pytest.raises(Raised) as raised:
        console(source)
    assert str(raised.value) == message


def test_values(start_console):
    """All processes see what one has done; the stats server shows it."""
    console = start_console({**METRICS, 'processes': 2})
    assert console('uwsgi.metric_get("counter"), uwsgi.metric_get("gauge")') == (0, 10)
    for call, value in [('inc("counter")', 1), ('inc(b"counter", 41)', 42), ('dec("counter")', 41),
                        ('dec("counter", 1)', 40), ('mul("counter", 3)', 120), ('div("counter", -7)', -17),
                        ('mul("counter")', -17), ('div("counter")', -17), ('div("counter", -1)', 17),
                        ('set("counter", -2 ** 63)', -2 ** 63), ('div("counter", -1)', -2 ** 63), ('set("counter")', 1),
                        ('set_max("counter", 5)', 5), ('set_max("counter", 4)', 5), ('set_min("counter", 3)', 3),
                        ('set_min("counter", 7)', 3), ('set_min("counter")', 1),
                        ('set("counter", 2 ** 63 - 1)', 2 ** 63 - 1)]:
        assert console('uwsgi.metric_%s, uwsgi.metric_get("counter")' % call) == (True, value), call
    console('uwsgi.metric_set("gauge", 77)')
    metrics = console.server.stats()['metrics']
    assert (metrics['counter']['value'], metrics['gauge']['value']) == (2 ** 63 - 1, 77)
    assert console('uwsgi.metric_get("alias")') == 2 ** 63 - 1


def test_unknown(start_console):
    """A metric that is not there is 0 and cannot be changed; neither can one that uWSGI computes."""
    console = start_console(METRICS)
    assert console('uwsgi.metric_get("none")') == 0
    for function in FUNCTIONS:
        if function != 'get':
            for name in ('none', 'core.busy_workers', 'alias'):
                assert console('uwsgi.metric_%s("%s")' % (function, name)) is None
    wait_until(lambda: console('uwsgi.metric_get("worker.1.requests")') > 0, 'uWSGI to count the requests')


def test_refused(start_console):
    console = start_console(METRICS)
    for function in FUNCTIONS:
        refused(console, 'uwsgi.metric_%s(1)' % function, 'TypeError: name must be str or bytes, not int')
        refused(console, r'uwsgi.metric_%s("a\0")' % function, 'ValueError: name must not have a NUL byte')
        if function != 'get':
            refused(console, 'uwsgi.metric_%s("counter", "1")' % function, 'TypeError: value must be int, not str')
            refused(console, 'uwsgi.metric_%s("counter", 2 ** 63)' % function,
                    'ValueError: value is 9223372036854775808; '
                    'it must be from -9223372036854775808 to 9223372036854775807')
    refused(console, 'uwsgi.metric_div("counter", 0)', 'ValueError: value is 0; nothing can be divided by it')


def test_off(start_console):
    console = start_console()
    for function in FUNCTIONS:
        refused(console, 'uwsgi.metric_%s("counter")' % function,
                'RuntimeError: metrics are off; --enable-metrics switches them on, --metric adds some')


def test_crowd(start_console):
    """No count of two processes of four threads is lost."""
    console = start_console({**METRICS, 'processes': 2, 'threads': 4})
    together(console, 'for _ in range(10000): uwsgi.metric_inc("counter", 3); uwsgi.metric_dec("counter")', 8)
    assert console('uwsgi.metric_get("counter")') == 8 * 10000 * 2
