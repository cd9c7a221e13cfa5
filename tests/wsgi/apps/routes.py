"""What the test applications share: one function for each path, and notes that the test reads afterwards."""

import json

ROUTES = {}
NOTES = []


def route(function):
    """Serves /NAME and everything below it, without the function's trailing underscore."""
    ROUTES[function.__name__.rstrip('_')] = function
    return function


def note(text):
    NOTES.append(text)


def reply(start_response, body, status='200 OK', headers=()):
    """A plain complete response."""
    start_response(status, [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))] + list(headers))
    return [body]


@route
def hello(environ, start_response):
    return reply(start_response, b'hello')


@route
def reset(environ, start_response):
    del NOTES[:]
    return reply(start_response, b'')


@route
def notes(environ, start_response):
    return reply(start_response, json.dumps(NOTES).encode())


def application(environ, start_response):
    name = environ['PATH_INFO'].split('/')[1]
    return ROUTES[name](environ, start_response)


class Closing:
    """An iterable that notes when it is closed."""

    def __init__(self, chunks):
        self.chunks = iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        note('close')
