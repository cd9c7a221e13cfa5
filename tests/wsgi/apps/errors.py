from routes import Closing, application, note, reply, route


class Silent(Exception):
    """An exception that cannot be shown."""

    def __str__(self):
        raise RuntimeError('no text')

    __repr__ = __str__


class Base(BaseException):
    pass


def recurse():
    return recurse()


def raise_(kind):
    """Raises the exception that the test names."""
    if kind == 'RecursionError':
        recurse()
    raise {'ValueError': ValueError('boom'), 'SystemExit': SystemExit(3), 'KeyboardInterrupt': KeyboardInterrupt(),
           'GeneratorExit': GeneratorExit(), 'Silent': Silent(), 'StopIteration': StopIteration(), 'Base': Base('boom'),
           'OSError': OSError(32, 'application pipe'), 'MemoryError': MemoryError()}[kind]


class Iterator:
    """Gives these chunks, then raises; close() may raise too."""

    def __init__(self, chunks, kind, close=None):
        self.chunks = list(chunks)
        self.kind = kind
        self.close_kind = close

    def __iter__(self):
        return self

    def __next__(self):
        if self.chunks:
            return self.chunks.pop(0)
        if self.kind:
            raise_(self.kind)
        raise StopIteration

    def close(self):
        note('close')
        if self.close_kind:
            raise_(self.close_kind)


@route
def at(environ, start_response):
    """/at/PLACE/EXCEPTION"""
    _, _, place, kind = environ['PATH_INFO'].split('/')
    if place == 'call':
        raise_(kind)
    start_response('200 OK', [('Content-Length', '8')] if place == 'declared' else [])
    if place == 'started':
        raise_(kind)
    if place == 'first':
        return Iterator([], kind)
    if place == 'empty':
        return Iterator([b'', b''], kind)
    if place in ('later', 'declared'):
        return Iterator([b'sent'], kind)
    if place == 'close':
        return Iterator([b'whole'], None, kind)
    if place == 'close_declared':
        return Iterator([b'whole'], None, kind)


@route
def written(environ, start_response):
    """After write() has sent something."""
    start_response('200 OK', [])(b'sent')
    raise ValueError('boom')


@route
def generator(environ, start_response):
    start_response('200 OK', [])
    yield b'sent'
    raise ValueError('boom')


@route
def chained(environ, start_response):
    try:
        raise KeyError('cause')
    except KeyError as error:
        raise ValueError('effect') from error


@route
def iter_fails(environ, start_response):
    class NoIter:
        def __iter__(self):
            raise ValueError('in iter')

        def close(self):
            note('close')

    start_response('200 OK', [])
    return NoIter()


@route
def multiline(environ, start_response):
    raise ValueError('one\ntwo\n\u20ac')


@route
def length(environ, start_response):
    """The body's __len__ is not to be trusted."""
    class Liar(list):
        def __len__(self):
            raise ValueError('in len')

    start_response('200 OK', [])
    return Liar([b'a', b'b'])
