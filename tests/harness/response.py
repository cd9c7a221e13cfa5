"""Reads responses strictly (RFC 9112) and says exactly how each of them ended.

A test must be able to tell a complete response from one that was cut off, and a server that sends a byte too many from
one that does not, so nothing here is forgiving: a head that is not HTTP raises MalformedResponse.
"""

import re
import socket
from dataclasses import dataclass, field

_STATUS_LINE = re.compile(rb'(HTTP/1\.[01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)')
_FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_CHUNK_SIZE = re.compile(rb'[0-9a-fA-F]{1,16}')


class MalformedResponse(AssertionError):
    pass


class ResponseTimeout(AssertionError):
    pass


@dataclass
class Response:
    status: int = None       # None: the connection ended before a head came
    reason: str = ''
    version: str = ''
    headers: list = field(default_factory=list)   # (name, value) as they came, latin-1
    body: bytes = b''
    framing: str = None      # what says where the body ends: 'none', 'length', 'chunked', 'close'
    ended: str = None        # what ended it: 'framed' (its own framing), 'eof' or 'reset'
    extra: bytes = b''       # bytes that came after the end of the response
    interim: list = field(default_factory=list)   # 1xx responses before this one

    @property
    def complete(self):
        """The client knows that it has the whole response."""
        return self.ended == 'framed' or (self.framing == 'close' and self.ended == 'eof')

    @property
    def empty(self):
        """The connection ended without a single byte of a response."""
        return self.status is None

    @property
    def text(self):
        return self.body.decode('latin-1')

    def values(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The value of a header that occurs at most once; None when it is absent."""
        values = self.values(name)
        assert len(values) <= 1, '%s came %d times: %r' % (name, len(values), self.headers)
        return values[0] if values else None


class ResponseReader:
    """Responses out of one socket, one after the other."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b''      # received, not yet used
        self.ended = None    # 'eof' or 'reset' once the peer has ended the connection

    def read(self, method='GET'):
        """The next response, as far as it came."""
        response = Response()
        while True:
            head = self._until(b'\r\n\r\n')
            if head is None:
                response.ended = self.ended
                if self.data:
                    raise MalformedResponse('no head in %r' % self.data)
                return response
            _parse_head(response, head)
            if not 100 <= response.status < 200 or response.status == 101:
                break
            response.interim.append((response.status, response.headers))
            response.headers = []
        self._read_body(response, method)
        return response

    def read_rest(self):
        """Everything up to the end of the connection."""
        while self.receive():
            pass
        data, self.data = self.data, b''
        return data

    def _read_body(self, response, method):
        lengths = response.values('Content-Length')
        codings = response.values('Transfer-Encoding')
        if method == 'HEAD' or response.status in (101, 204, 304):
            response.framing, response.ended = 'none', 'framed'
        elif codings:
            if [coding.lower() for coding in codings] != ['chunked'] or lengths:
                raise MalformedResponse('ambiguous framing: %r' % response.headers)
            response.framing = 'chunked'
            self._read_chunks(response)
        elif lengths:
            if len(lengths) != 1 or not re.fullmatch('[0-9]+', lengths[0]):
                raise MalformedResponse('ambiguous framing: %r' % response.headers)
            response.framing = 'length'
            response.body = self._take(int(lengths[0]))
            response.ended = 'framed' if len(response.body) == int(lengths[0]) else self.ended
        else:
            response.framing = 'close'
            response.body = self.read_rest()
            response.ended = self.ended

    def _read_chunks(self, response):
        while True:
            line = self._until(b'\r\n')
            if line is None:
                response.ended = self.ended
                return
            if not _CHUNK_SIZE.fullmatch(line):
                raise MalformedResponse('chunk size %r' % line)
            size = int(line, 16)
            chunk = self._take(size)
            response.body += chunk
            end = self._take(2)
            if len(chunk) < size or len(end) < 2:
                response.ended = self.ended
                return
            if end != b'\r\n':
                raise MalformedResponse('end of chunk %r' % end)
            if size == 0:
                response.ended = 'framed'
                return

    def _until(self, mark):
        """What comes before the mark, which is dropped; None when the connection ends first."""
        while mark not in self.data:
            if not self.receive():
                return None
        found, _, self.data = self.data.partition(mark)
        return found

    def _take(self, size):
        """size bytes, or fewer when the connection ends first."""
        parts, missing = [], size
        while missing:
            if not self.data and not self.receive():
                break
            part, self.data = self.data[:missing], self.data[missing:]
            parts.append(part)
            missing -= len(part)
        return b''.join(parts)

    def receive(self):
        """Receives what comes next; False once the connection has ended."""
        if self.ended:
            return False
        try:
            data = self.sock.recv(1 << 18)
        except socket.timeout:
            raise ResponseTimeout('the server neither answered nor closed; so far: %r' % self.data[-2000:]) from None
        except (ConnectionResetError, BrokenPipeError):
            self.ended = 'reset'
            return False
        if not data:
            self.ended = 'eof'
            return False
        self.data += data
        return True


def _parse_head(response, head):
    lines = head.split(b'\r\n')
    match = _STATUS_LINE.fullmatch(lines[0])
    if not match:
        raise MalformedResponse('status line %r' % lines[0])
    response.version, response.reason = match[1].decode(), match[3].decode('latin-1')
    response.status = int(match[2])
    for line in lines[1:]:
        match = _FIELD_LINE.fullmatch(line)
        if not match:
            raise MalformedResponse('header line %r' % line)
        response.headers.append((match[1].decode(), match[2].decode('latin-1')))
