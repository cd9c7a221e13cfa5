"""Load that does not wait for answers: requests come when they come, as those of many visitors do."""

import random
import selectors
import socket
import time
from collections import deque

from processes import Failed

SLOW_EVERY = 100


class Arrivals:
    """So many requests a second, at random times; one in SLOW_EVERY goes to /slow, the others are `quick`.

    kept: number of connections that stay, which take turns; 0: a new one for each request.
    """

    def __init__(self, port, rate, kept=0):
        self.address = ("127.0.0.1", port)
        self.rate = rate
        self.quick = []     # milliseconds
        self.sent = 0
        self.selector = selectors.DefaultSelector()
        self.keeps = kept > 0
        self.idle = deque(self.connect() for _ in range(kept))

    def connect(self):
        sock = socket.create_connection(self.address, timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def run(self, seconds, seed):
        random_times = random.Random(seed)
        begin = due = time.perf_counter()
        while due < begin + seconds or self.selector.get_map():
            now = time.perf_counter()
            if now >= due and due < begin + seconds:
                self.send(due)
                due += random_times.expovariate(self.rate)
                continue
            for key, _ in self.selector.select(min(max(due - now, 0), 0.1)):
                self.receive(key.fileobj, *key.data)
        for sock in self.idle:
            sock.close()

    def send(self, due):
        self.sent += 1
        is_slow = self.sent % SLOW_EVERY == 0
        sock = self.idle.popleft() if self.idle else self.connect()
        sock.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"/slow" if is_slow else b"/"))
        self.selector.register(sock, selectors.EVENT_READ, (is_slow, due))

    def receive(self, sock, is_slow, due):
        """A response is small enough to come in one piece."""
        if not sock.recv(65536).endswith(b"Hello World\n"):
            raise Failed("no answer")
        if not is_slow:
            self.quick.append(1e3 * (time.perf_counter() - due))
        self.selector.unregister(sock)
        if self.keeps:
            self.idle.append(sock)
        else:
            sock.close()
