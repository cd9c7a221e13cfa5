import os
import sys
import time

from routes import Closing, application, note, reply, route

GOOD = [('X-Good', 'yes')]


class Sized(list):
    """A list that must be closed."""

    def close(self):
        note('close')


@route
def body(environ, start_response):
    """A whole body of the kind that the path names."""
    kind = environ['PATH_INFO'].rpartition('/')[2]
    start_response('200 OK', GOOD)
    return {
        'list': lambda: [b'one', b'two', b'three'],
        'one': lambda: [b'onetwothree'],
        'tuple': lambda: (b'one', b'two', b'three'),
        'generator': lambda: (chunk for chunk in [b'one', b'', b'two', b'three']),
        'map': lambda: map(bytes.lower, [b'ONE', b'TWO', b'THREE']),
        'iterator': lambda: Closing([b'one', b'two', b'three']),
        'dict': lambda: {b'one': 1, b'two': 2, b'three': 3},
        'bytes': lambda: b'onetwothree',
        'letters': lambda: (b'%c' % letter for letter in b'onetwothree'),
        'bytes_subclass': lambda: [type('Bytes', (bytes,), {})(b'onetwo'), b'three'],
    }[kind]()


@route
def empty(environ, start_response):
    kind = environ['PATH_INFO'].rpartition('/')[2]
    start_response('200 OK', GOOD)
    return {'list': [], 'bytes': b'', 'generator': iter([]), 'chunk': [b''], 'chunks': [b'', b'', b'']}[kind]


@route
def big(environ, start_response):
    """64 chunks of 64 kB, each of another letter."""
    start_response('200 OK', [])
    return (bytes([65 + number % 26]) * 65536 for number in range(64))


@route
def late_head(environ, start_response):
    """Nothing is committed by empty chunks."""
    start_response('200 OK', [('X-First', '1')])
    yield b''
    note('first chunk taken')
    try:
        raise ValueError('handled')
    except ValueError:
        start_response('404 Gone', GOOD, sys.exc_info())
    yield b'page'


WRONG = {'str': 'text', 'int': 65, 'none': None, 'list': [b'x'], 'float': 1.5}


@route
def wrong_chunk(environ, start_response):
    """/wrong_chunk/KIND/first or later"""
    _, _, kind, place = environ['PATH_INFO'].split('/')
    start_response('200 OK', [])
    return Closing([WRONG[kind], b'never'] if place == 'first' else [b'sent', WRONG[kind], b'never'])


@route
def wrong_body(environ, start_response):
    kind = environ['PATH_INFO'].rpartition('/')[2]
    start_response('200 OK', [])
    return WRONG[kind]


@route
def stepwise(environ, start_response):
    """The second chunk comes when the test has seen the first."""
    start_response('200 OK', [])
    yield b'first'
    deadline = time.monotonic() + 60
    while not os.path.exists('seen') and time.monotonic() < deadline:
        time.sleep(0.01)
    yield b'second'


def failing(*chunks):
    yield from chunks
    raise ValueError('in the iterator')


def endless():
    """Ends by itself only after more than a client ever gets: then nobody stopped it."""
    for _ in range(30000):
        yield b'x' * 65536
    note('exhausted')


def small_endless():
    while True:
        yield b'tick\n'
        time.sleep(0.001)


@route
def close(environ, start_response):
    """A response of the kind that the path names, noting close()."""
    kind = environ['PATH_INFO'].rpartition('/')[2]
    head = {'no_content': ('204 No Content', []), 'not_modified': ('304 Not Modified', []),
            'exact': ('200 OK', [('Content-Length', '4')]), 'beyond': ('200 OK', [('Content-Length', '2')]),
            'bad_header': ('200 OK', [('X-Bad', 'a\nb')])}.get(kind, ('200 OK', []))
    iterable = {
        'fails_first': lambda: failing(), 'fails_later': lambda: failing(b'sent'), 'endless': endless,
        'small_endless': small_endless, 'wrong': lambda: ['text'], 'empty': lambda: [],
    }.get(kind, lambda: [b'ab', b'cd'])()
    if kind == 'bad_header':
        return Closing(late_start(start_response, head))
    start_response(*head)
    return Sized(iterable) if kind == 'sized' else Closing(iterable)


def late_start(start_response, head):
    start_response(*head)
    yield b'never'


@route
def head_is_enough(environ, start_response):
    start_response('200 OK', GOOD)
    return Closing(endless())


@route
def write_gone(environ, start_response):
    """write() to a client that has gone raises OSError here."""
    write = start_response('200 OK', [])
    try:
        for _ in range(30000):
            write(b'x' * 65536)
    except OSError:
        note('OSError')
    return []


@route
def order(environ, start_response):
    """What happens when: each chunk is taken after the one before was sent, close() comes last."""
    def chunks():
        for number in range(3):
            note('chunk %d' % number)
            yield b'%d' % number
        note('end')
    start_response('200 OK', [])
    return Closing(chunks())


@route
def iter_once(environ, start_response):
    """__iter__ is called once, and the object it returns is iterated, but the returned object is closed."""
    class Outer:
        def __iter__(self):
            note('iter')
            return iter([b'a', b'b'])

        def close(self):
            note('close')

    start_response('200 OK', [])
    return Outer()


@route
def old_sequence(environ, start_response):
    """The iteration protocol of sequences without __iter__."""
    class Old:
        def __getitem__(self, index):
            return [b'a', b'b'][index]

    start_response('200 OK', [])
    return Old()
