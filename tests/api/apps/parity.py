"""Evaluates what it is sent, under any Python plugin, and tells what came of it as JSON.

A request's body is a list of [expression, alone]. An outcome is the text of the value's repr(), or the name of the
exception's class. What is to run alone runs in a fork of the process, where it may end or hang: 'ends', 'hangs'.
calls.json beside this file is done when it is loaded, before the workers exist; `GET /` gives the outcomes.
"""

import json
import os
import select
import signal

import uwsgi

# seconds, for what is expected to hang only
PATIENCE = 10


class Odd:
    """A value that no function of the module takes."""


def kind(value):
    """The value with its types only, a list with each once: for what differs from run to run."""
    if isinstance(value, dict):
        return {key: kind(item) for key, item in sorted(value.items(), key=repr)}
    if isinstance(value, tuple):
        return tuple(map(kind, value))
    if isinstance(value, list):
        return [kind(item) for index, item in enumerate(value) if kind(item) not in map(kind, value[:index])]
    return type(value)


def attributes():
    """The module's names with what they are; functions are all the same."""
    return {name: 'function' if callable(getattr(uwsgi, name)) and not isinstance(getattr(uwsgi, name), type)
            else type(getattr(uwsgi, name)).__name__
            for name in dir(uwsgi) if not name.startswith('__')}


def evaluate(expression):
    try:
        return repr(eval(expression, NAMES))
    except Exception as error:
        return 'absent' if isinstance(error, (AttributeError, NameError)) else type(error).__name__


NAMES = {name: getattr(uwsgi, name) for name in dir(uwsgi) if not name.startswith('__')}
NAMES.update(uwsgi=uwsgi, Odd=Odd, kind=kind, attributes=attributes, os=os)


def evaluate_alone(expression):
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        signal.signal(signal.SIGABRT, signal.SIG_DFL)
        os.write(writer, evaluate(expression).encode())
        os._exit(0)
    os.close(writer)
    try:
        if not select.select([reader], [], [], PATIENCE)[0]:
            os.kill(pid, signal.SIGKILL)
            return 'hangs'
        return os.read(reader, 65536).decode() or 'ends'
    finally:
        os.close(reader)
        os.waitpid(pid, 0)


def run(calls):
    return [(evaluate_alone if alone else evaluate)(expression) for expression, alone in calls]


def application(environ, start_response):
    body = environ['wsgi.input'].read()
    answer = json.dumps(run(json.loads(body)) if body else EARLY).encode()
    start_response('200 OK', [('Content-Type', 'application/json'), ('Content-Length', str(len(answer)))])
    return [answer]


uwsgi.register_rpc('echo', lambda *words: b' '.join(words))

try:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'calls.json')) as file:
        EARLY = run(json.load(file))
except FileNotFoundError:
    EARLY = []
