"""Python statements in a worker: console('uwsgi.lock(); uwsgi.is_locked()') is True."""

import ast
from pathlib import Path

# What a server with two workers has to run before the fork for ask_both(): a signal to both for each round.
FOR_BOTH = '''
import uwsgi
for number in range(200, 210):
    uwsgi.register_signal(number, 'workers', lambda number: None)
'''

APP = Path(__file__).parent / 'apps' / 'console.py'


class Raised(Exception):
    """What the statements raised: str is 'ValueError: message'."""


class Console:
    """Sends statements to a server with APP and gives back the value of the last one."""

    def __init__(self, server, front=None):
        self.server = server
        self.client = server.client(front)
        self.rounds = 0

    def __call__(self, source):
        """The last expression's value: a literal, or the text of its repr(). Raised: it raised."""
        return self.value(self.client.request('POST', '/', body=source.encode()))

    @staticmethod
    def value(response):
        """What a response says; for those who send the statements themselves."""
        kind, _, text = response.body.decode().partition(' ')
        if kind == 'error':
            raise Raised(text)
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text

    def ask_both(self, expression):
        """{worker: value} of an expression in both workers of a server with FOR_BOTH; ten times at most."""
        number = 200 + self.rounds
        self.rounds += 1
        with self.server.client().connect() as connection:
            # one worker answers only after the other one did, which so gets the second request
            code = 'answer = (%s); uwsgi.log("round %d"); uwsgi.signal_wait(%d); uwsgi.worker_id(), answer'
            connection.send_request('POST', '/', body=(code % (expression, number, number)).encode())
            self.server.wait_log('^round %d$' % number)
            found = [self('uwsgi.worker_id(), (%s)' % expression)]
            self('uwsgi.signal(%d)' % number)
            found.append(self.value(connection.read()))
        return dict(found)
