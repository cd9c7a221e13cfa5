"""uwsgi.sharedarea_*(): memory that all processes share."""

import pytest

from api.console import Raised
from api.together import ONE_EACH, meanwhile, together
from harness import wait_until

NUMBERS = [(8, 'read8', 'write8'), (8, 'readbyte', 'writebyte'), (16, 'read16', 'write16'), (32, 'read32', 'write32'),
           (64, 'read64', 'write64'), (64, 'readlong', 'writelong')]
SUMS = [(32, 'read32', 'write32', 'inc32', 'dec32'), (64, 'read64', 'write64', 'inc64', 'dec64'),
        (64, 'readlong', 'writelong', 'inclong', 'dec64')]


def refused(console, source, message):
    with pytest.raises(Raised) as raised:
        console(source)
    assert str(raised.value) == message


def test_bytes(start_console):
    """Bytes are written anywhere and read from anywhere; areas are apart."""
    console = start_console({'sharedarea': ['1', 'pages=2']})
    assert console(r'uwsgi.sharedarea_write(0, 10, b"a\0b"), uwsgi.sharedarea_read(0, 9, 5)') == (
        None, b'\0a\0b\0')
    assert console('uwsgi.sharedarea_write(1, 0, "\u20ac"), uwsgi.sharedarea_read(1, 0, 3)') == (
        None, '\u20ac'.encode())
    assert console('uwsgi.sharedarea_write(1, 1, bytearray(b"x")), uwsgi.sharedarea_read(1, 0, length=3)') == (
        None, b'\xe2x\xac')
    assert console('len(uwsgi.sharedarea_read(0, 0)), len(uwsgi.sharedarea_read(0, 4000, 0))') == (4096, 96)
    assert console('uwsgi.sharedarea_write(0, 4095, b"z"), uwsgi.sharedarea_read(0, 4095), uwsgi.sharedarea_read(0,'
                   ' 10, 3)') == (None, b'z', b'a\0b')


@pytest.fixture(scope='module')
def bits():
    """Numbers at the limits of so many bits."""
    return {bits: [0, 1, -1, 100, 2 ** (bits - 1) - 1, -2 ** (bits - 1)] for bits in (8, 16, 32, 64)}


def test_numbers(start_console, bits):
    """Numbers of 8 to 64 bits, written signed or unsigned and read signed, at any position."""
    console = start_console({'sharedarea': 1})
    for size, read, write in NUMBERS:
        assert console('found = []\n'
                       'for number in %r:\n'
                       '    assert uwsgi.sharedarea_%s(0, 5, number) is None\n'
                       '    found.append(uwsgi.sharedarea_%s(0, 5))\n'
                       'found' % (bits[size], write, read)) == bits[size]
        assert console('uwsgi.sharedarea_%s(0, 0, %d), uwsgi.sharedarea_%s(0, 0), uwsgi.sharedarea_read(0, 0, %d)' % (
            write, 2 ** size - 2, read, size // 8)) == (None, -2, b'\xfe' + b'\xff' * (size // 8 - 1))
        for wrong in (2 ** size, -2 ** (size - 1) - 1):
            refused(console, 'uwsgi.sharedarea_%s(0, 0, %d)' % (write, wrong),
                    'ValueError: value is %d; it must be from %d to %d' % (wrong, -2 ** (size - 1), 2 ** size - 1))


def test_sums(start_console, bits):
    """They wrap, touch nothing beside them, and have no result."""
    console = start_console({'sharedarea': 1})
    for size, read, write, inc, dec in SUMS:
        console('def total(start, function, *amount):\n'
                '    uwsgi.sharedarea_write(0, 0, b"." * 32)\n'
                '    uwsgi.sharedarea_%s(0, 9, start)\n'
                '    assert function(0, 9, *amount) is None\n'
                '    data = uwsgi.sharedarea_read(0, 0, 32)\n'
                '    assert data[:9] == b"." * 9 and data[9 + %d:] == b"." * (23 - %d)\n'
                '    return uwsgi.sharedarea_%s(0, 9)\n' % (write, size // 8, size // 8, read))
        half = 2 ** (size - 1)
        for start, function, amount, total in [
                (5, inc, '', 6), (5, dec, '', 4), (5, inc, -7, -2), (5, dec, -7, 12), (half - 1, inc, 1, -half),
                (-half, dec, 1, half - 1), (1, inc, -half, 1 - half), (1, dec, -half, 1 - half), (-1, dec, -half, half - 1)]:
            assert console('total(%d, uwsgi.sharedarea_%s, %s)' % (start, function, amount)) == total
        refused(console, 'uwsgi.sharedarea_%s(0, 0, %d)' % (inc, half),
                'ValueError: value is %d; it must be from %d to %d' % (half, -half, half - 1))


def test_outside(start_console):
    """Nothing reaches over the ends of an area."""
    console = start_console({'sharedarea': ['1', '1']})
    for width, functions in [(1, ['read8(0, %d)', 'write8(0, %d, 1)', 'readbyte(0, %d)', 'writebyte(0, %d, 1)',
                                  'read(0, %d)', 'write(0, %d, "x")']),
                             (2, ['read16(0, %d)', 'write16(0, %d, 1)', 'write(0, %d, "xx")']),
                             (4, ['read32(0, %d)', 'write32(0, %d, 1)', 'inc32(0, %d)', 'dec32(0, %d)']),
                             (8, ['read64(0, %d)', 'write64(0, %d, 1)', 'inc64(0, %d)', 'dec64(0, %d)',
                                  'readlong(0, %d)', 'writelong(0, %d, 1)', 'inclong(0, %d)'])]:
        for function in functions:
            console('uwsgi.sharedarea_' + function % (4096 - width))
            for position in (-1, 4097 - width, 2 ** 64):
                refused(console, 'uwsgi.sharedarea_' + function % position,
                        'ValueError: position is %d; it must be from 0 to %d' % (position, 4096 - width))
    refused(console, 'uwsgi.sharedarea_read(0, 10, 4087)', 'ValueError: length is 4087; it must be from 0 to 4086')
    refused(console, 'uwsgi.sharedarea_read(0, 0, -1)', 'ValueError: length is -1; it must be from 0 to 4096')
    refused(console, 'uwsgi.sharedarea_write(0, 0, b"x" * 4097)',
            'ValueError: position is 0; it must be from 0 to -1')


ALL = ('read(%s, 0)', 'write(%s, 0, "x")', 'read8(%s, 0)', 'write8(%s, 0, 1)', 'readbyte(%s, 0)', 'writebyte(%s, 0, 1)',
       'read16(%s, 0)', 'write16(%s, 0, 1)', 'read32(%s, 0)', 'write32(%s, 0, 1)', 'read64(%s, 0)', 'write64(%s, 0, 1)',
       'readlong(%s, 0)', 'writelong(%s, 0, 1)', 'inc32(%s, 0)', 'inc64(%s, 0)', 'inclong(%s, 0)', 'dec32(%s, 0)',
       'dec64(%s, 0)', 'rlock(%s)', 'wlock(%s)', 'unlock(%s)', 'memoryview(%s)', 'object(%s)')


def test_no_such_area(start_console):
    console = start_console({'sharedarea': ['1', '1']})
    assert len(ALL) == 24
    for function in ALL:
        for area in ('-1', '2'):
            refused(console, 'uwsgi.sharedarea_' + function % area,
                    'ValueError: area is %s; it must be from 0 to 1' % area)
        refused(console, 'uwsgi.sharedarea_' + function % '"0"', 'TypeError: area must be int, not str')


def test_off(start_console):
    console = start_console()
    for function in ALL:
        refused(console, 'uwsgi.sharedarea_' + function % 0,
                'RuntimeError: there is no shared area; --sharedarea makes one')


def test_object(start_console):
    """--sharedarea alone makes no object."""
    console = start_console({'sharedarea': 1})
    refused(console, 'uwsgi.sharedarea_object(0)',
            'ValueError: area 0 has no object; --py-sharedarea makes areas with one')


def test_between_processes(start_console):
    """What one worker writes, in the functions or in a memoryview, another one reads."""
    console = start_console({'sharedarea': 2, 'processes': 2, **ONE_EACH})
    with meanwhile() as pool:
        busy = pool.submit(console, 'import os, time\n'
                                    'view = uwsgi.sharedarea_memoryview(0)\n'
                                    'view[100:105] = b"hello"\n'
                                    'uwsgi.sharedarea_write64(0, 0, -12345)\n'
                                    'uwsgi.sharedarea_write(0, 8188, "tail")\n'
                                    'uwsgi.sharedarea_write8(0, 99, 1)\n'
                                    'while uwsgi.sharedarea_read8(0, 99) == 1: time.sleep(0.001)\n'
                                    'os.getpid(), uwsgi.sharedarea_read(0, 200, 3)')
        # once it has written, it waits: it is the other one that answers
        wait_until(lambda: console('uwsgi.sharedarea_read8(0, 99)'), 'the other worker to have written')
        assert console('import os; view = uwsgi.sharedarea_memoryview(0)\n'
                       'bytes(view[100:105]), uwsgi.sharedarea_read64(0, 0), bytes(view[8188:])') == (
            b'hello', -12345, b'tail')
        other = console('view[200:203] = b"hey"; uwsgi.sharedarea_write8(0, 99, 2); os.getpid()')
        pid, found = busy.result()
    assert pid != other and found == b'hey'


def test_memoryview(start_console):
    """It is the memory itself, writable, as bytes; it stays when all else is collected."""
    console = start_console({'sharedarea': 2})
    assert console('view = uwsgi.sharedarea_memoryview(0); view.readonly, view.format, view.itemsize, len(view)') == (
        False, 'B', 1, 8192)
    assert console('import gc; gc.collect(); view[0] = 255; uwsgi.sharedarea_read8(0, 0)') == -1
    assert console('uwsgi.sharedarea_write(0, 8191, b"!"); view[-1], view.tobytes()[8191:]') == (33, b'!')
    refused(console, 'view[8192] = 1', 'IndexError: index out of range')


LOCKS = """
import threading
order = []
held, release = threading.Event(), threading.Event()

def hold(lock):
    lock(0)
    held.set()
    release.wait()
    order.append('given back')
    uwsgi.sharedarea_unlock(0)

def use(function, *arguments):
    held.wait()
    started.set()
    function(*arguments)
    order.append('used')

def contend(lock, function, *arguments):
    global started
    order.clear(), held.clear(), release.clear()
    started = threading.Event()
    threads = [threading.Thread(target=hold, args=[lock]), threading.Thread(target=use, args=[function, *arguments])]
    for thread in threads:
        thread.start()
    started.wait()
    release.set()
    for thread in threads:
        thread.join()
    return order
"""


def test_lock_keeps_others_out(start_console):
    """Who wants to write waits for who holds the lock, and who wants to read, for who writes."""
    console = start_console({'sharedarea': 1, 'threads': 2})
    console(LOCKS)
    waits = ['given back', 'used']
    for call in ('sharedarea_read, 0, 0, 5', 'sharedarea_read8, 0, 0'):
        assert console('contend(uwsgi.sharedarea_wlock, uwsgi.%s)' % call) == waits
    for lock in ('rlock', 'wlock'):
        for call in ('sharedarea_write, 0, 0, "x"', 'sharedarea_inc32, 0, 0', 'sharedarea_write64, 0, 0, 1'):
            assert console('contend(uwsgi.sharedarea_%s, uwsgi.%s)' % (lock, call)) == waits


def test_lock_and_use(start_console):
    """Who holds the lock for writing reads and writes under it, and still holds it; so with reading."""
    console = start_console({'sharedarea': ['1', '1']})
    assert console('uwsgi.sharedarea_wlock(0), uwsgi.sharedarea_write32(0, 0, 41), uwsgi.sharedarea_inc32(0, 0),'
                   ' uwsgi.sharedarea_write(0, 4, "abc"), uwsgi.sharedarea_read32(0, 0),'
                   ' uwsgi.sharedarea_read(0, 4, 3)') == (None, None, None, None, 42, b'abc')
    for function in ('rlock', 'wlock'):
        refused(console, 'uwsgi.sharedarea_%s(0)' % function,
                'RuntimeError: this thread holds the lock of the area already')
    assert console('uwsgi.sharedarea_unlock(0)') is None
    refused(console, 'uwsgi.sharedarea_unlock(0)', 'RuntimeError: this thread does not hold the lock of the area')
    # for reading it is taken as often as one likes
    assert console('uwsgi.sharedarea_rlock(0), uwsgi.sharedarea_rlock(0), uwsgi.sharedarea_read32(0, 0),'
                   ' uwsgi.sharedarea_unlock(0)') == (None, None, 42, None)
    refused(console, 'uwsgi.sharedarea_wlock(0)', 'RuntimeError: this thread holds the lock of the area already')
    for function in ('write(0, 0, "x")', 'write8(0, 0, 1)', 'inc32(0, 0)', 'dec64(0, 0)'):
        refused(console, 'uwsgi.sharedarea_' + function,
                'RuntimeError: this thread holds the lock of the area for reading only')
    assert console('uwsgi.sharedarea_write8(1, 0, 1), uwsgi.sharedarea_unlock(0), uwsgi.sharedarea_wlock(0),'
                   ' uwsgi.sharedarea_unlock(0), uwsgi.sharedarea_write8(0, 0, 1)') == (None,) * 5


CROWD = """
def crowd(turns=5000):
    import os
    torn = 0
    for turn in range(turns):
        uwsgi.sharedarea_write(0, 100, bytes([turn % 256]) * 3000)
        data = uwsgi.sharedarea_read(0, 100, 3000)
        torn += data != data[:1] * 3000
        uwsgi.sharedarea_inc64(0, 1)
        uwsgi.sharedarea_dec32(0, 9)
        uwsgi.sharedarea_wlock(1)
        uwsgi.sharedarea_write64(1, 0, uwsgi.sharedarea_read64(1, 0) + 1)
        uwsgi.sharedarea_unlock(1)
    return os.getpid(), torn
crowd()
"""


def test_crowd(start_console):
    """Two processes of four threads: no data is torn, no sum is wrong."""
    console = start_console({'sharedarea': ['1', '1'], 'processes': 2, 'threads': 4})
    found = together(console, CROWD, 8)
    assert [torn for _, torn in found] == [0] * 8
    assert console('uwsgi.sharedarea_read64(0, 1), uwsgi.sharedarea_read32(0, 9), uwsgi.sharedarea_read64(1, 0)') == (
        8 * 5000, -8 * 5000, 8 * 5000)
