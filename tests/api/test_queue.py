"""uwsgi.queue_*(): a ring of slots."""

import pytest

from api.console import Raised
from api.together import together

# the smallest that uWSGI takes: slots and sizes make up a page
QUEUE = {'queue': 8, 'queue-blocksize': 512}
# a slot's own header has 16 bytes
LARGEST = 512 - 16


def refused(console, source, message):
    with pytest.raises(Raised) as raised:
        console(source)
    assert str(raised.value) == message


def test_first_in_first_out(start_console):
    console = start_console(QUEUE)
    assert console('[uwsgi.queue_pull(), uwsgi.queue_pop(), uwsgi.queue_last(), uwsgi.queue_get(0)]') == [None] * 4
    assert console(r'[uwsgi.queue_push("\u20ac"), uwsgi.queue_push(b"\0\xff"), uwsgi.queue_push(bytearray(b"3"))]') == [
        True] * 3
    assert console('uwsgi.queue_slot(), uwsgi.queue_pull_slot()') == (3, 0)
    assert console('[uwsgi.queue_pull() for _ in range(4)]') == ['\u20ac'.encode(), b'\0\xff', b'3', None]
    assert console('uwsgi.queue_slot(), uwsgi.queue_pull_slot()') == (3, 3)


def test_last_in_first_out(start_console):
    """An empty queue that is popped stays as it is: what is pushed then is what is pulled."""
    console = start_console(QUEUE)
    console('for message in "abc": uwsgi.queue_push(message)')
    assert console('[uwsgi.queue_pop() for _ in range(4)], uwsgi.queue_slot()') == ([b'c', b'b', b'a', None], 0)
    assert console('uwsgi.queue_push("d"), uwsgi.queue_pull()') == (True, b'd')


def test_last(start_console):
    """Newest first; slots that are empty are None, and there are no more than slots."""
    console = start_console(QUEUE)
    console('for message in "abc": uwsgi.queue_push(message)')
    assert console('[uwsgi.queue_last(), uwsgi.queue_last(0), uwsgi.queue_last(1), uwsgi.queue_last(count=2)]') == [
        b'c', b'c', [b'c'], [b'c', b'b']]
    assert console('uwsgi.queue_last(5)') == [b'c', b'b', b'a', None, None]
    assert console('uwsgi.queue_last(1000)') == [b'c', b'b', b'a'] + [None] * 5


def test_ring(start_console):
    """The ninth message of eight slots takes the place of the first."""
    console = start_console(QUEUE)
    assert console('uwsgi.queue_size') == 8
    console('for number in range(9): uwsgi.queue_push("%d" % number)')
    assert console('uwsgi.queue_slot(), [uwsgi.queue_get(slot) for slot in range(8)]') == (
        1, [b'8', b'1', b'2', b'3', b'4', b'5', b'6', b'7'])
    assert console('uwsgi.queue_last(3)') == [b'8', b'7', b'6']


def test_slots(start_console):
    """A slot is written and read without moving the queue on."""
    console = start_console(QUEUE)
    assert console('uwsgi.queue_set(7, "seven"), uwsgi.queue_get(7), uwsgi.queue_slot()') == (True, b'seven', 0)
    for function in ('get(%s)', 'set(%s, "m")'):
        for slot in ('-1', '8'):
            refused(console, 'uwsgi.queue_' + function % slot,
                    'ValueError: slot is %s; it must be from 0 to 7' % slot)
        refused(console, 'uwsgi.queue_' + function % '"0"', 'TypeError: slot must be int, not str')


def test_size(start_console):
    """A message that does not fit is not taken, and its neighbour stays whole."""
    console = start_console(QUEUE)
    console('uwsgi.queue_set(1, "neighbour")')
    assert console('[uwsgi.queue_set(0, "x" * n) for n in (%d, %d, 520)], len(uwsgi.queue_get(0))' % (
        LARGEST, LARGEST + 1)) == ([True, None, None], LARGEST)
    assert console('[uwsgi.queue_push("x" * n) for n in (%d, %d)], uwsgi.queue_slot()' % (LARGEST + 1, LARGEST)) == (
        [None, True], 1)
    assert console('[uwsgi.queue_push(""), uwsgi.queue_set(0, b""), uwsgi.queue_get(1)]') == [None, None, b'neighbour']
    refused(console, 'uwsgi.queue_push(5)', 'TypeError: message must be str or bytes, not int')
    refused(console, 'uwsgi.queue_last(-1)',
            'ValueError: count is -1; it must be from 0 to 9223372036854775807')


def test_off(start_console):
    console = start_console()
    for function in ('get(0)', 'last()', 'pop()', 'pull()', 'pull_slot()', 'push("m")', 'set(0, "m")', 'slot()'):
        refused(console, 'uwsgi.queue_' + function, 'RuntimeError: there is no queue; --queue makes one')
    assert console('hasattr(uwsgi, "queue_size")') is False


def test_store(start_console, tmp_path):
    """A queue in a file is there again after a start, whatever lengths it has."""
    store = tmp_path / 'queue'
    options = {**QUEUE, 'queue-store': str(store)}
    console = start_console(options)
    console('uwsgi.queue_push("kept"); uwsgi.queue_push("broken")')
    console.server.end_test()
    console.server.stop()
    with open(store, 'r+b') as file:
        file.seek(16 + 512)
        file.write(b'\xff' * 8)
    console = start_console(options)
    assert console('[uwsgi.queue_get(1), uwsgi.queue_last(2), uwsgi.queue_pull(), uwsgi.queue_pull()]') == [
        None, [None, b'kept'], b'kept', None]


CROWD = """
def crowd(messages=2000):
    import os
    name = os.urandom(8).hex()
    pulled = []
    for number in range(messages):
        uwsgi.queue_push('%s-%d:' % (name, number) + 'x' * (number % 50))
        pulled.append(uwsgi.queue_pull())
    return pulled
crowd()
"""


def test_crowd(start_console):
    """What two processes of two threads push at once is pulled once, and whole."""
    console = start_console({'queue': 65536, 'queue-blocksize': 128, 'processes': 2, 'threads': 2})
    pulled = [message for messages in together(console, CROWD, 4) for message in messages]
    assert None not in pulled and len(set(pulled)) == 4 * 2000
    for message in pulled:
        name, _, rest = message.partition(b':')
        assert rest == b'x' * (int(name.split(b'-')[1]) % 50)
    assert console('uwsgi.queue_pull()') is None
