"""The client's side of a websocket (RFC 6455): frame by frame, right ones and wrong ones."""

import base64
import hashlib
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MORE = 0

KEY = base64.b64encode(b'the sample nonce').decode()
_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
_MASK = b'\x12\x34\x56\x78'

HEADERS = {'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY}


def accept_of(key):
    """What a server has to answer to a key."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()


def frame(kind, payload=b'', last=True, mask=_MASK, reserved=0):
    """The bytes of a client's frame; mask=None: not masked."""
    size = len(payload)
    masked = 0x80 if mask else 0
    data = struct.pack('!B', (0x80 if last else 0) | reserved << 4 | kind)
    if size < 126:
        data += struct.pack('!B', masked | size)
    elif size < 65536:
        data += struct.pack('!BH', masked | 126, size)
    else:
        data += struct.pack('!BQ', masked | 127, size)
    if not mask:
        return data + payload
    key = (mask * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, 'big') ^ int.from_bytes(key, 'big')
    return data + mask + mixed.to_bytes(size, 'big')


class WebSocket:
    """with WebSocket(client, '/path') as socket: ...   `early`: bytes sent together with the request."""

    def __init__(self, client, target, headers=(), early=b''):
        self.connection = client.connect()
        self.connection.send(client.encode('GET', target, {**HEADERS, **dict(headers)}) + early)
        self.response = self.connection.read()

    def __enter__(self):
        assert self.response.status == 101, self.response
        return self

    def __exit__(self, *exc_info):
        self.connection.close()

    def send(self, *arguments, **options):
        """Sends frame(...)."""
        self.connection.send(frame(*arguments, **options))

    def _take(self, size):
        reader = self.connection.reader
        while len(reader.data) < size:
            assert reader.receive(), 'the connection ended (%s) inside a frame: %r' % (reader.ended, reader.data)
        data, reader.data = reader.data[:size], reader.data[size:]
        return data

    def read(self):
        """The next frame: (kind, payload). The server sends whole messages only, and no mask."""
        first, size = self._take(2)
        assert first & 0x80 and not first & 0x70 and not size & 0x80, (first, size)
        if size == 126:
            size, = struct.unpack('!H', self._take(2))
        elif size == 127:
            size, = struct.unpack('!Q', self._take(8))
        return first & 0x0f, self._take(size)

    def exchange(self, message):
        """Sends a text message and reads what comes back."""
        self.send(TEXT, message)
        kind, payload = self.read()
        assert kind in (TEXT, BINARY), (kind, payload)
        return payload

    def read_close(self):
        """Reads the server's close, the last it sends; returns its status code, None without one."""
        kind, payload = self.read()
        assert kind == CLOSE, (kind, payload)
        assert self.connection.wait_closed()[1] == b''
        return struct.unpack('!H', payload)[0] if payload else None

    def close(self, code=1000):
        """Closes as a client should; returns the status code of the server's answer."""
        self.send(CLOSE, struct.pack('!H', code))
        return self.read_close()
