"""uwsgi.cache_*(): local caches, those of another instance, and many who use one at once."""

import pytest

from api.console import Raised
from api.together import ONE_EACH, together
from harness import wait_until

SMALL = 'name=small,items=20,keysize=16,blocksize=64'
SECOND = 'name=second,items=1000,blocksize=4096'
BIG = 'name=big,items=10,blocks=1000,blocksize=4096,bitmap=1'

FUNCTIONS = ('clear()', 'dec("k")', 'del("k")', 'div("k")', 'exists("k")', 'get("k")', 'inc("k")', 'keys()', 'mul("k")',
             'num("k")', 'set("k", "v")', 'update("k", "v")')


def refused(console, source, message):
    with pytest.raises(Raised) as raised:
        console(source)
    assert str(raised.value) == message


def test_values(start_console):
    """A key is set once, updated at will, and gone when it was deleted; nothing is None, not False."""
    console = start_console({'cache2': SMALL})
    assert console('[uwsgi.cache_get("k"), uwsgi.cache_exists("k"), uwsgi.cache_del("k")]') == [None] * 3
    assert console('[uwsgi.cache_set("k", "one"), uwsgi.cache_set("k", "two"), uwsgi.cache_get("k")]') == [
        True, None, b'one']
    assert console('[uwsgi.cache_update("k", "three"), uwsgi.cache_update("new", "four"), uwsgi.cache_get("k"),'
                   ' uwsgi.cache_get("new"), uwsgi.cache_exists("k")]') == [True, True, b'three', b'four', True]
    assert console('[uwsgi.cache_del("k"), uwsgi.cache_del("k"), uwsgi.cache_get("k")]') == [True, None, None]
    # a value that is shorter than the one before leaves nothing of it
    assert console('uwsgi.cache_update("k", b"x" * 60); uwsgi.cache_update("k", b"y"); uwsgi.cache_get("k")') == b'y'


def test_before_the_fork(start_console):
    """What is stored while the applications are loaded is there in all workers."""
    console = start_console({'cache2': SMALL, 'pypy-eval': 'import uwsgi; uwsgi.cache_set("early", "bird")'})
    assert console('uwsgi.cache_get("early")') == b'bird'


def test_bytes_and_text(start_console):
    """Keys and values are bytes; text is UTF-8; every kind of byte is kept."""
    console = start_console({'cache2': SMALL})
    assert console('uwsgi.cache_set("k\xe9", "\u20ac"); uwsgi.cache_get("k\xe9".encode())') == '\u20ac'.encode()
    assert console(r'uwsgi.cache_set(b"a\0b", bytes(range(64))); uwsgi.cache_get(b"a\0b")') == bytes(range(64))
    assert console(r'uwsgi.cache_get(b"a\0c")') is None
    assert console('uwsgi.cache_set(bytearray(b"array"), memoryview(b"view")); uwsgi.cache_get("array")') == b'view'
    assert sorted(console('uwsgi.cache_keys()')) == [b'a\0b', b'array', 'k\xe9'.encode()]


def test_no_character(start_console):
    """What a str has that is in no UTF-8 is an error that names the argument; bytes of os.fsdecode() go through."""
    console = start_console({'cache2': SMALL})
    for call, name in (('cache_get("ab\\ud800")', 'key'), ('cache_set("k", "ab\\ud800")', 'value'),
                       ('cache_get("k", "ab\\ud800")', 'cache'), ('log("ab\\ud800")', 'message'),
                       ('call("ab\\ud800")', 'RPC name')):
        with pytest.raises(Raised, match=r"^ValueError: %s has '\\ud800' at index 2, which is no character and not in UTF-8$"
                           % name):
            console('uwsgi.' + call)
    assert console('uwsgi.cache_set("k\\udcff", "v"); uwsgi.cache_get(b"k\\xff")') == b'v'


def test_interrupted(start_console):
    """A signal's handler that reads the cache while it is read, and threads that do, get their own values."""
    console = start_console({'cache2': SMALL})
    assert console('''
import signal, threading
keys = ['%d' % number for number in range(4)]
for key in keys: uwsgi.cache_set(key, key * 60)
wrong = []
ended = False
def look(key, count):
    for _ in range(count):
        found = uwsgi.cache_get(key)
        if found != key.encode() * 60: wrong.append((key, found))
signal.signal(signal.SIGUSR2, lambda number, frame: look('0', 3))
def interrupt():
    while not ended: signal.raise_signal(signal.SIGUSR2)
threads = [threading.Thread(target=look, args=(key, 20000)) for key in keys[2:]] + [threading.Thread(target=interrupt)]
for thread in threads: thread.start()
look('1', 100000)
ended = True
for thread in threads: thread.join()
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
wrong[:3]''') == []


def test_names(start_console):
    """Caches are apart; the first one needs no name; one that is not there answers None to everything but keys."""
    console = start_console({'cache2': [SMALL, SECOND]})
    console('uwsgi.cache_set("k", "1"); uwsgi.cache_set("k", "2", 0, "second")')
    assert console('[uwsgi.cache_get("k"), uwsgi.cache_get("k", "small"), uwsgi.cache_get("k", b"second"),'
                   ' uwsgi.cache_get("k", None), uwsgi.cache_get("k", cache="")]') == [b'1', b'1', b'2', b'1', b'1']
    assert console('uwsgi.cache_clear("second"), uwsgi.cache_keys("second"), uwsgi.cache_keys()') == (True, [], [b'k'])
    assert console('[uwsgi.cache_get("k", "third"), uwsgi.cache_set("k", "v", 0, "third"), uwsgi.cache_inc("k", 1, 0,'
                   ' "third"), uwsgi.cache_num("k", "third"), uwsgi.cache_exists("k", "third"),'
                   ' uwsgi.cache_del("k", "third"), uwsgi.cache_clear("third")]') == [None, None, None, 0] + [None] * 3
    refused(console, 'uwsgi.cache_keys("third")', 'ValueError: cache is not one of this instance')


def test_long_keys(start_console):
    """Keys and values are of any length that the cache has, whatever the way they take inside."""
    console = start_console({'cache2': ['name=long,items=10,keysize=20000,blocksize=100000', SECOND]})
    for length in (1, 8191, 8192, 8193, 20000):
        assert console('uwsgi.cache_set("k" * %d, b"v" * %d); [uwsgi.cache_get("k" * %d), uwsgi.cache_get(b"k" * %d, '
                       '"long")]' % ((length,) * 4)) == [b'v' * length] * 2
    assert console('uwsgi.cache_get("k" * 8192, "second"), uwsgi.cache_get("k" * 20001)') == (None, None)


def test_hits(start_console):
    """A read counts once, whatever the size of the value."""
    console = start_console({'cache2': SECOND.replace('4096', '65536'), 'stats': True})
    console('uwsgi.cache_set("small", "v"); uwsgi.cache_set("big", "v" * 65536)')

    def hits():
        cache, = console.server.stats()['caches']
        return cache['hits'], cache['miss']
    before = hits()
    console('uwsgi.cache_get("small"), uwsgi.cache_get("big"), uwsgi.cache_get("big"), uwsgi.cache_get("none")')
    assert hits() == (before[0] + 3, before[1] + 1)


def test_keys(start_console):
    """All keys, of more than one to a slot of the hash table; clear takes them all."""
    console = start_console({'cache2': 'name=keys,items=600,blocksize=64,hashsize=7'})
    names = sorted(b'key-%d' % number for number in range(500))
    console('for number in range(500): uwsgi.cache_set("key-%d" % number, "v")')
    assert sorted(console('uwsgi.cache_keys()')) == names
    assert console('uwsgi.cache_clear(), uwsgi.cache_keys(), uwsgi.cache_get("key-7")') == (True, [], None)


def test_what_does_not_fit(start_console):
    """A cache refuses what is too large for it with None; what no cache can take is an error."""
    console = start_console({'cache2': SMALL})
    assert console('[uwsgi.cache_set("k" * 16, "v" * 64), uwsgi.cache_set("k" * 17, "v"),'
                   ' uwsgi.cache_set("k", "v" * 65), uwsgi.cache_update("k", "v" * 65), uwsgi.cache_set("", "v"),'
                   ' uwsgi.cache_set("k", ""), uwsgi.cache_get("k" * 65535)]') == [True] + [None] * 6
    # 65537 would be the key "k" in 16 bits
    console('uwsgi.cache_set("k", "v")')
    for function in ('get(key)', 'exists(key)', 'del(key)', 'num(key)', 'set(key, "v")', 'update(key, "v")', 'inc(key)'):
        refused(console, 'key = "k" * 65537; uwsgi.cache_' + function,
                'ValueError: key has 65537 bytes; at most 65535 are possible')
    assert console('uwsgi.cache_get("k")') == b'v'
    # 19 items, as the first slot is never used
    assert console('[uwsgi.cache_set("n%d" % n, "v") for n in range(18)]').count(None) == 1
    console.server.wait_log('cache "small" is FULL')


def test_wrong_types(start_console):
    console = start_console({'cache2': SMALL})
    refused(console, 'uwsgi.cache_get(1)', 'TypeError: key must be str or bytes, not int')
    refused(console, 'uwsgi.cache_set("k", None)', 'TypeError: value must be str or bytes, not NoneType')
    refused(console, 'uwsgi.cache_get("k", 1)', 'TypeError: cache must be str or bytes, not int')
    refused(console, r'uwsgi.cache_get("k", "a\0b")', 'ValueError: cache must not have a NUL byte')
    refused(console, 'uwsgi.cache_set("k", "v", 1.5)', 'TypeError: expires must be int, not float')
    refused(console, 'uwsgi.cache_set("k", "v", -1)',
            'ValueError: expires is -1; it must be from 0 to 9223372036854775807')
    refused(console, 'uwsgi.cache_inc("k", 2 ** 63)',
            'ValueError: value is 9223372036854775808; it must be from -9223372036854775808 to 9223372036854775807')
    refused(console, 'uwsgi.cache_div("k", 0)', 'ValueError: value is 0; nothing can be divided by it')


def test_off(start_console):
    """Without a cache every function names the option that makes one."""
    console = start_console()
    for function in FUNCTIONS:
        refused(console, 'uwsgi.cache_' + function, 'RuntimeError: there is no cache; --cache2 makes one')


@pytest.mark.parametrize('cache', [SECOND, BIG], ids=['slots', 'bitmap'])
def test_numbers(start_console, cache):
    """Numbers have 64 bits and a sign, are made when they are not there, and wrap."""
    console = start_console({'cache2': cache})
    # what a bitmap cache finds in the blocks that it takes next
    console('uwsgi.cache_set("old", b"x" * 20000); uwsgi.cache_del("old")')
    assert console('[uwsgi.cache_inc("n"), uwsgi.cache_inc("n", 9), uwsgi.cache_num("n"), uwsgi.cache_mul("n"),'
                   ' uwsgi.cache_num("n"), uwsgi.cache_mul("n", -3), uwsgi.cache_num("n"), uwsgi.cache_div("n"),'
                   ' uwsgi.cache_num("n"), uwsgi.cache_div("n", 7), uwsgi.cache_num("n"), uwsgi.cache_dec("n"),'
                   ' uwsgi.cache_dec("n", 5), uwsgi.cache_num("n")]') == [
        True, True, 10, True, 20, True, -60, True, -30, True, -4, True, True, -10]
    assert console('uwsgi.cache_get("n")') == (-10).to_bytes(8, 'little', signed=True)
    assert console('uwsgi.cache_dec("low", 2 ** 62); uwsgi.cache_mul("low"); low = uwsgi.cache_num("low");'
                   ' uwsgi.cache_div("low", -1); low, uwsgi.cache_num("low"), uwsgi.cache_dec("low"),'
                   ' uwsgi.cache_num("low")') == (-2 ** 63, -2 ** 63, True, 2 ** 63 - 1)
    assert console('uwsgi.cache_inc("b", -2 ** 63), uwsgi.cache_num("b"), uwsgi.cache_num("none")') == (
        True, -2 ** 63, 0)


def test_no_number(start_console):
    """What is not a number stays what it is."""
    console = start_console({'cache2': SMALL})
    assert console('uwsgi.cache_set("k", "text"); [uwsgi.cache_inc("k"), uwsgi.cache_num("k"),'
                   ' uwsgi.cache_get("k")]') == [None, 0, b'text']


def test_numbers_begin(start_console):
    """math_initial is what a number is before it is calculated with."""
    console = start_console({'cache2': SMALL + ',math_initial=100'})
    assert console('uwsgi.cache_inc("a"); uwsgi.cache_div("b", 3); uwsgi.cache_num("a"), uwsgi.cache_num("b")') == (
        101, 33)


@pytest.mark.parametrize('how', ['swept', 'lazy'])
def test_expiry(start_console, how):
    """A key is there for its time, and then no more; an update can make it stay."""
    console = start_console({'cache2': SMALL + (',lazy_expire=1' if how == 'lazy' else ''), 'cache-expire-freq': 1})
    assert console('[uwsgi.cache_set("short", "v", 1), uwsgi.cache_set("long", "v", expires=1000),'
                   ' uwsgi.cache_set("stays", "v", 1), uwsgi.cache_update("stays", "v"),'
                   ' uwsgi.cache_inc("number", 1, 1)]') == [True] * 5
    wait_until(lambda: console('uwsgi.cache_get("short")') is None, 'the key to expire')
    wait_until(lambda: console('uwsgi.cache_num("number")') == 0, 'the number to expire')
    assert console('[uwsgi.cache_get("long"), uwsgi.cache_get("stays"), uwsgi.cache_exists("short")]') == [
        b'v', b'v', None]


def test_least_recently_used(start_console):
    """Reading a key keeps it in a purge_lru cache that is full."""
    console = start_console({'cache2': 'name=lru,items=4,blocksize=64,purge_lru=1'})
    assert console('for key in "abc": uwsgi.cache_set(key, "v")\n'
                   'uwsgi.cache_get("a"); uwsgi.cache_set("d", "v"); [uwsgi.cache_get(key) for key in "abcd"]') == [
        b'v', None, b'v', b'v']


def test_big_values(start_console):
    """Megabytes go in and out, again and again, without memory growing."""
    console = start_console({'cache2': BIG})
    console('value = bytes(range(256)) * 8000; uwsgi.cache_set("big", value)')
    assert console('uwsgi.cache_get("big") == value')
    # 2 GB in all
    console('import gc, resource; gc.collect()\n'
            'for _ in range(100): uwsgi.cache_get("big")\n'
            'gc.collect(); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss')
    assert console('for _ in range(1000): uwsgi.cache_get("big")\n'
                   'resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before') < 200000


def test_another_instance(start_console, make_server):
    """name@address is a cache of another instance, reached by its uwsgi socket."""
    other = make_server({'socket': True, 'plugin': 'cache', 'cache2': [SECOND, BIG], 'master': True,
                         'need-app': False}).start()
    address = 'second@%s:%d' % other.address('socket')
    console = start_console({'cache2': SMALL})
    console('C = %r' % address)
    assert console('[uwsgi.cache_get("k", C), uwsgi.cache_exists("k", C), uwsgi.cache_del("k", C)]') == [None] * 3
    assert console('[uwsgi.cache_set("k", "one", 0, C), uwsgi.cache_set("k", "two", 0, C), uwsgi.cache_get("k", C),'
                   ' uwsgi.cache_update("k", b"three", 100, C), uwsgi.cache_get("k", cache=C),'
                   ' uwsgi.cache_exists("k", C)]') == [True, None, b'one', True, b'three', True]
    assert console('uwsgi.cache_set("n", (-7).to_bytes(8, "little", signed=True), 0, C); uwsgi.cache_num("n", C)') == -7
    assert console('[uwsgi.cache_get("k"), uwsgi.cache_keys()]') == [None, []]
    assert console('[uwsgi.cache_del("k", C), uwsgi.cache_get("k", C), uwsgi.cache_clear(C), uwsgi.cache_num("n", C)]'
                   ) == [True, None, True, 0]
    assert console('uwsgi.cache_set("k", "v", 0, "nothing@" + C.partition("@")[2])') is None
    console('big = "big@" + C.partition("@")[2]; value = bytes(range(256)) * 4000')
    assert console('uwsgi.cache_set("k", value, 0, big), uwsgi.cache_get("k", big) == value') == (True, True)
    refused(console, 'uwsgi.cache_inc("k", 1, 0, C)',
            'ValueError: cache is of another instance; only those of this one can calculate')
    refused(console, 'uwsgi.cache_keys(C)', 'ValueError: cache is not one of this instance')
    with pytest.raises(Raised, match='ValueError: key has 65500 bytes; at most [0-9]+ are possible'):
        console('uwsgi.cache_get("k" * 65500, C)')
    # its buffer has room for 4096 bytes of request
    assert console('uwsgi.cache_get("k" * 5000, C)') is None
    other.allow_alarm('invalid request block size')
    other.stop()
    assert console('[uwsgi.cache_get("k", C), uwsgi.cache_set("k", "v", 0, C), uwsgi.cache_exists("k", C),'
                   ' uwsgi.cache_del("k", C), uwsgi.cache_clear(C), uwsgi.cache_num("k", C)]') == [
        None, None, None, None, None, 0]


def test_another_instance_only(start_console, make_server):
    """It takes no cache of one's own."""
    other = make_server({'socket': True, 'plugin': 'cache', 'cache2': SMALL, 'master': True}).start()
    console = start_console()
    console('C = "@%s:%d"' % other.address('socket'))
    assert console('uwsgi.cache_set("k", "v", 0, C), uwsgi.cache_get("k", C), uwsgi.cache_get("x", C)') == (
        True, b'v', None)


CROWD = """
def crowd(turns=3000):
    import os, random
    uwsgi.cache_inc('here', 1, 0, 'numbers')
    while uwsgi.cache_num('here', 'numbers') < 8:
        pass
    torn = 0
    for turn in range(turns):
        number = random.randrange(256)
        # a value is of one kind of byte, and as long as that says
        uwsgi.cache_update('value', bytes([number]) * (number * 7 + 1))
        value = uwsgi.cache_get('value')
        if value != value[:1] * (value[0] * 7 + 1):
            torn += 1
        uwsgi.cache_inc('sum', 2, 0, 'numbers')
        uwsgi.cache_dec('sum', 1, 0, 'numbers')
        if turn % 100 == 0:
            assert uwsgi.cache_keys() == [b'value'] and uwsgi.cache_exists('value')
    return os.getpid(), torn
crowd()
"""


@pytest.mark.parametrize('kind', ['', ',bitmap=1', ',lazy_expire=1', ',purge_lru=1'],
                         ids=['slots', 'bitmap', 'lazy', 'lru'])
def test_crowd(start_console, kind):
    """Two processes of four threads write and read the same key: no value is torn, no sum is wrong."""
    console = start_console({'cache2': ['name=values,items=10,blocks=100,blocksize=2048' + kind,
                                        'name=numbers,items=10,blocks=100,blocksize=64' + kind],
                             'processes': 2, 'threads': 4, **ONE_EACH})
    found = together(console, CROWD, 8)
    assert len({pid for pid, _ in found}) == 2
    assert [torn for _, torn in found] == [0] * 8
    assert console('uwsgi.cache_num("sum", "numbers")') == 8 * 3000
