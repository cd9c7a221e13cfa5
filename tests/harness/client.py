"""A client that sends the bytes it is told to and misses nothing of what comes back."""

import socket
import struct

from harness.response import ResponseReader
from harness.uwsgi_packet import as_bytes, packet, request_variables
from harness.wait import TIMEOUT


class Connection:
    """One connection to one front."""

    def __init__(self, client):
        self.client = client
        self.front = client.front
        address = client.address
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX)
        else:
            self.sock = socket.socket()
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(address)
        self.reader = ResponseReader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def send(self, data):
        """Sends all of it; a server that closes meanwhile is not an error here: reading tells."""
        try:
            self.sock.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            pass

    def send_request(self, method, target, headers=(), body=b'', **options):
        self.send(self.client.encode(method, target, headers, body, **options))

    def read(self, method='GET'):
        """The next response, read up to its own end."""
        return self.reader.read(method)

    def request(self, method, target, headers=(), body=b'', **options):
        """One exchange; the connection stays as the server leaves it."""
        self.send_request(method, target, headers, body, **options)
        return self.read(method)

    def get(self, target, headers=()):
        return self.request('GET', target, headers)

    def read_last(self, method='GET'):
        """The next response and everything after it: response.extra holds what should not be there."""
        response = self.read(method)
        if not self.reader.ended:
            self.half_close()
            response.extra = self.reader.read_rest()
        return response

    def wait_for(self, data):
        """Waits until these bytes have come; they stay unread."""
        while data not in self.reader.data:
            assert self.reader.receive(), 'the connection ended (%s) before %r; so far %r' % (
                self.reader.ended, data, self.reader.data)

    def wait_closed(self):
        """Waits until the server ends the connection by itself; returns 'eof' or 'reset', and what came before."""
        rest = self.reader.read_rest()
        return self.reader.ended, rest

    def half_close(self):
        """We shall send nothing more (FIN); the server may still answer."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.sock.close()

    def reset(self):
        """Gone at once: the server's next read or write fails (RST)."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()


class Client:
    """Makes requests of one front; the same calls whatever the protocol is."""

    def __init__(self, front, address):
        self.front = front
        self.address = address   # (host, port) or the path of a unix socket
        self.connections = []

    def connect(self):
        connection = Connection(self)
        self.connections.append(connection)
        return connection

    def close(self):
        while self.connections:
            self.connections.pop().close()

    def request(self, method, target, headers=(), body=b'', **options):
        """One exchange on a connection of its own, read to the very end of the connection."""
        with self.connect() as connection:
            connection.send_request(method, target, headers, body, **options)
            return connection.read_last(method)

    def get(self, target, headers=(), **options):
        return self.request('GET', target, headers, **options)

    def head(self, target, headers=(), **options):
        return self.request('HEAD', target, headers, **options)

    def post(self, target, body, headers=(), **options):
        return self.request('POST', target, headers, body, **options)

    def raw(self, data):
        """Sends these bytes, then FIN; the response and whatever follows it."""
        with self.connect() as connection:
            connection.send(data)
            return connection.read_last()

    def raw_all(self, data):
        """Sends these bytes, then FIN; everything that came, unparsed, and how the connection ended."""
        with self.connect() as connection:
            connection.send(data)
            connection.half_close()
            rest = connection.reader.read_rest()
            return rest, connection.reader.ended

    def encode(self, method, target, headers=(), body=b'', protocol='HTTP/1.1', content_length=True, variables=(),
               modifier1=0):
        """The bytes of a request.

        headers: dict or pairs; content_length: True counts the body, a number is sent as it is, False sends none;
        variables: further request variables (uwsgi protocol only), a value of None removes one.
        """
        headers = list(headers.items() if isinstance(headers, dict) else headers)
        names = {as_bytes(name).lower() for name, _ in headers}
        if self.front.http and b'host' not in names:
            headers.insert(0, ('Host', 'localhost'))
        if content_length is True:
            if body and b'content-length' not in names and b'transfer-encoding' not in names:
                headers.append(('Content-Length', str(len(body))))
        elif content_length is not False:
            headers.append(('Content-Length', str(content_length)))
        if self.front.http:
            assert not variables and not modifier1, 'HTTP has no request variables'
            head = b'%s %s %s\r\n' % (as_bytes(method), as_bytes(target), as_bytes(protocol))
            head += b''.join(b'%s: %s\r\n' % (as_bytes(name), as_bytes(value)) for name, value in headers)
            return head + b'\r\n' + body
        all_variables = request_variables(method, target, headers, protocol)
        for name, value in dict(variables).items():
            if value is None:
                all_variables.pop(as_bytes(name), None)
            else:
                all_variables[as_bytes(name)] = as_bytes(value)
        return packet(all_variables, modifier1) + body
