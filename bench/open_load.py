"""Load that comes at a given rate, whether the server keeps up or not.

    open_load.py PORT RATE SECONDS [CONNECTIONS [PATH]]
    open_load.py PORT 0 REQUESTS 1        one after the other

Writes, for each request, when it was due (seconds from the start) and how long after that its response was there
(milliseconds), a line each. A request that has to wait for a free connection has waited, too: a pause of the
server shows in every request that was due meanwhile.
"""

import gc
import selectors
import socket
import sys
import time
from collections import deque


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock


def is_whole(data):
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    start = data.lower().index(b"content-length:", 0, head + 2) + 15
    return len(data) >= head + 4 + int(data[start:data.index(b"\r", start)])


class Load:
    """Connections, what is due on them, and what came."""

    def __init__(self, port, connections, path):
        self.port = port
        self.request = ("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path).encode()
        self.selector = selectors.DefaultSelector()
        self.free = deque()
        self.running = {}    # socket -> [due, what came]
        self.results = []    # (due, milliseconds)
        for _ in range(connections):
            self.free.append(self.open())

    def open(self):
        sock = connect(self.port)
        self.selector.register(sock, selectors.EVENT_READ)
        return sock

    def send(self, sock, due):
        self.running[sock] = [due, b""]
        try:
            sock.send(self.request)
        except (BrokenPipeError, ConnectionResetError):
            self.replace(sock)

    def replace(self, sock):
        """A worker that ends closes its idle connections: another one takes over."""
        self.selector.unregister(sock)
        sock.close()
        if sock not in self.running:
            self.free.remove(sock)
            self.free.append(self.open())
            return
        due, came = self.running.pop(sock)
        if came:
            raise SystemExit("a response was cut off")
        self.send(self.open(), due)

    def receive(self, sock, now):
        try:
            data = sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self.replace(sock)
            return
        state = self.running[sock]
        state[1] += data
        if is_whole(state[1]):
            self.results.append((state[0], (now() - state[0]) * 1000))
            del self.running[sock]
            self.free.append(sock)


def run(port, rate, seconds, connections=32, path="/"):
    """Returns [(due, milliseconds)]."""
    load = Load(port, connections, path)
    count, sent = int(rate * seconds), 0
    started = time.perf_counter()

    def now():
        return time.perf_counter() - started

    while sent < count or load.running:
        while sent < count and load.free and sent / rate <= now():
            load.send(load.free.popleft(), sent / rate)
            sent += 1
        wait = max(sent / rate - now(), 0) if sent < count and load.free else 1
        for key, _ in load.selector.select(wait):
            load.receive(key.fileobj, now)
    return load.results


def run_serial(port, count, path="/"):
    """The same for so many requests, each after the response to the one before."""
    load = Load(port, 1, path)
    started = time.perf_counter()

    def now():
        return time.perf_counter() - started

    for _ in range(count):
        load.send(load.free.popleft(), now())
        while load.running:
            for key, _ in load.selector.select():
                load.receive(key.fileobj, now)
    return load.results


def main(port, rate, seconds, connections=32, path="/"):
    gc.disable()
    results = (run(int(port), float(rate), float(seconds), int(connections), path) if float(rate)
               else run_serial(int(port), int(seconds), path))
    for due, milliseconds in results:
        print("%.4f %.3f" % (due, milliseconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
