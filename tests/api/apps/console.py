"""Runs the Python that it is sent, inside the request, and answers with the result or the exception."""

import ast
import traceback

import uwsgi

NAMES = {'uwsgi': uwsgi}


def run(source):
    """Runs statements; returns the value of the last one if it is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, '<console>', 'exec'), NAMES)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), '<console>', 'eval'), NAMES)


def application(environ, start_response):
    source = environ['wsgi.input'].read().decode()
    try:
        answer = 'value %r' % (run(source),)
    except Exception as error:
        answer = 'error ' + ''.join(traceback.format_exception_only(type(error), error)).strip()
    body = answer.encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
