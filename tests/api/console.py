"""Python statements in a worker: console('uwsgi.lock(); uwsgi.is_locked()') is True."""

import ast
from pathlib import Path

APP = Path(__file__).parent / 'apps' / 'console.py'


class Raised(Exception):
    """What the statements raised: str is 'ValueError: message'."""


class Console:
    """Sends statements to a server with APP and gives back the value of the last one."""

    def __init__(self, server, front=None):
        self.server = server
        self.client = server.client(front)

    def __call__(self, source):
        """The last expression's value: a literal, or the text of its repr(). Raised: it raised."""
        kind, _, text = self.client.request('POST', '/', body=source.encode()).body.decode().partition(' ')
        if kind == 'error':
            raise Raised(text)
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text
