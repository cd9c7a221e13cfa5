import io
import os
import threading
import zipfile

from routes import application, note, reply, route

CONTENT = bytes(range(256)) * 40   # 10240 bytes, more than one block of the wrapper


class Noting:
    """A file that notes close(); the names that it has are those of the file."""

    def __init__(self, file, *names):
        self.file = file
        for name in names:
            setattr(self, name, getattr(file, name))

    def close(self):
        self.file.close()
        note('close')


class ReadOnly:
    """Nothing but read()."""

    def __init__(self, data):
        self.read = io.BytesIO(data).read


class Failing:
    def __init__(self):
        self.calls = 0

    def read(self, size=-1):
        self.calls += 1
        if self.calls > 1:
            raise ValueError('in read')
        return b'sent'

    def close(self):
        note('close')


def stored(data=CONTENT):
    with open('stored.bin', 'wb') as file:
        file.write(data)
    return open('stored.bin', 'rb')


def moved(position):
    """The position of the object counts: its buffer has read far more from the descriptor."""
    file = stored()
    file.read(position)
    return file


def unbuffered(position):
    stored().close()
    file = open('stored.bin', 'rb', buffering=0)
    file.seek(position)
    return file


def pipe():
    reader, writer = os.pipe()

    def fill():
        with open(writer, 'wb') as file:
            file.write(CONTENT)
    threading.Thread(target=fill).start()
    return open(reader, 'rb')


def zip_member():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as file:
        file.writestr('member', CONTENT)
    return zipfile.ZipFile(archive).open('member')


def memory(position):
    file = io.BytesIO(CONTENT)
    file.seek(position)
    return file


def large():
    with open('large.bin', 'wb') as file:
        for number in range(100):
            file.write(bytes([65 + number % 26]) * 65536)
    return open('large.bin', 'rb')


FILES = {
    'real': stored, 'empty': lambda: stored(b''), 'moved': lambda: moved(10), 'at_end': lambda: moved(len(CONTENT)),
    'unbuffered': lambda: unbuffered(10), 'memory': lambda: io.BytesIO(CONTENT), 'memory_moved': lambda: memory(10),
    'memory_empty': lambda: io.BytesIO(b''), 'pipe': pipe, 'zip': zip_member, 'read_only': lambda: ReadOnly(CONTENT),
    'proc': lambda: open('/proc/self/comm', 'rb'), 'large': large,
    'noting': lambda: Noting(stored(), 'read', 'fileno', 'tell'),
    'noting_read': lambda: Noting(stored(), 'read'),
    'noting_memory': lambda: Noting(io.BytesIO(CONTENT), 'read', 'fileno'),
    'noting_large': lambda: Noting(large(), 'read', 'fileno', 'tell'), 'text': lambda: open(__file__),
    'text_memory': lambda: io.StringIO('text'), 'failing': Failing,
}


@route
def send(environ, start_response):
    """/send/FILE?LENGTH: Content-Length, empty for none"""
    kind = environ['PATH_INFO'].rpartition('/')[2]
    length = environ['QUERY_STRING']
    start_response('200 OK', [('Content-Length', length)] if length else [])
    return environ['wsgi.file_wrapper'](FILES[kind](), 4096)


@route
def written(environ, start_response):
    """/written/FILE?LENGTH: write() came first, and the file is the rest of the body."""
    kind = environ['PATH_INFO'].rpartition('/')[2]
    length = environ['QUERY_STRING']
    write = start_response('200 OK', [('Content-Length', length)] if length else [])
    write(b'before:')
    return environ['wsgi.file_wrapper'](FILES[kind]())


@route
def wrapped(environ, start_response):
    """A middleware iterates the wrapper; the block size is honoured."""
    wrapper = environ['wsgi.file_wrapper'](io.BytesIO(CONTENT), 4096)
    start_response('200 OK', [])
    return (b'%d ' % len(block) for block in wrapper)


@route
def default_block(environ, start_response):
    """The block size is optional."""
    start_response('200 OK', [])
    return environ['wsgi.file_wrapper'](io.BytesIO(CONTENT))


@route
def real_blocks(environ, start_response):
    """The blocks of a real file, taken by a middleware that closes what it took."""
    wrapper = environ['wsgi.file_wrapper'](FILES['noting'](), 1000)
    start_response('200 OK', [])
    blocks = list(wrapper)
    wrapper.close()
    return blocks


@route
def unused(environ, start_response):
    """The wrapper is made but not returned: nothing of it is sent."""
    wrapper = environ['wsgi.file_wrapper'](FILES['noting']())
    wrapper.close()
    return reply(start_response, b'something else')


@route
def yielded(environ, start_response):
    """After chunks of its own: the wrapper's blocks follow them."""
    start_response('200 OK', [])
    yield b'before:'
    yield from environ['wsgi.file_wrapper'](io.BytesIO(b'inside'))
    yield b':after'


@route
def replaced(environ, start_response):
    """start_response in the wrapper's place: a status without body."""
    start_response('304 Not Modified', [])
    return environ['wsgi.file_wrapper'](FILES['noting']())


@route
def present(environ, start_response):
    return reply(start_response, repr('wsgi.file_wrapper' in environ).encode())
