"""Load while something happens to the server: clients that ask one thing after the other and miss nothing."""

import threading
from collections import Counter

from harness.wait import wait_until


class Load:
    """with Load(client, '/path') as load: ...; then load.check().

    Each of the threads sends request after request, each on a connection of its own, until the block ends. Every
    answer must be a complete 200; check() says what was not. `bodies` counts the different bodies that came.
    """

    def __init__(self, client, target, threads=3):
        self.client = client
        self.target = target
        self.bodies = Counter()
        self.failures = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, name='load-%d' % number) for number in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        while not self._over.is_set():
            try:
                with self.client.connect() as connection:
                    connection.send_request('GET', self.target)
                    answer = connection.read_last()
            except (OSError, AssertionError) as error:
                answer = error
            good = getattr(answer, 'status', None) == 200 and answer.complete and not answer.extra
            with self._lock:
                if good:
                    self.bodies[answer.body] += 1
                else:
                    self.failures.append(answer)
            if not good:
                return

    @property
    def count(self):
        with self._lock:
            return sum(self.bodies.values())

    def wait_more(self, number):
        """Waits until so many further requests were answered; fails when one was lost."""
        wanted = self.count + number
        wait_until(lambda: self.count >= wanted or self.failures, '%d answers' % number)
        self.check()

    def check(self):
        assert not self.failures, 'after %d good answers: %r' % (self.count, self.failures[:3])


class KeepAliveLoad:
    """Clients on connections that stay, as browsers do it: a new one after `Connection: close`, and a request again
    when its connection was closed before a byte of the answer (RFC 9112 9.3.1). Everything else is a lost request."""

    def __init__(self, client, target='/pid', threads=3):
        self.client, self.target = client, target
        self.answers, self.failures = [0] * threads, []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc_info):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self, number):
        while not self.over.is_set():
            try:
                with self.client.connect() as connection:
                    used = 0
                    while not self.over.is_set():
                        answer = connection.get(self.target)
                        if answer.empty and used:
                            break
                        assert answer.status == 200 and answer.complete, (used, answer)
                        self.answers[number] += 1
                        used += 1
                        if answer.header('Connection') == 'close':
                            break
            except (OSError, AssertionError) as error:
                self.failures.append(error)
                return

    @property
    def count(self):
        return sum(self.answers)

    def wait_more(self, number):
        wanted = self.count + number
        wait_until(lambda: self.count >= wanted or self.failures, '%d answers' % number)
        self.check()

    def check(self):
        assert not self.failures, 'after %d answers: %r' % (self.count, self.failures[:3])
