import threading

import uwsgi
from uwsgidecorators import cron, mulefunc, postfork, rpc, timer, thread

forked = []
local = threading.local()
background = threading.Event()


@postfork
def begin():
    forked.append(uwsgi.worker_id() > 0)


@rpc('double')
def double(what):
    return what * 2


@timer(3600, target='mule')
def hourly(number):
    pass


@cron(0, 0, -1, -1, -1)
def daily(number):
    pass


@mulefunc
def work(*arguments):
    uwsgi.cache_set('worked', repr(arguments).encode(), 0, 'pages')


@postfork
@thread
def in_the_background():
    background.set()


def environ_of(environ):
    """Values, and the types of objects; without the number of the thread, and what the loop has besides."""
    for name, value in sorted(environ.items()):
        if name not in ('uwsgi.core', 'wsgi.input_terminated'):
            yield '%s=%s\n' % (name, value if isinstance(value, (str, bytes, int, tuple)) else 'object')


def api():
    uwsgi.cache_update('page', b'text', 0, 'pages')
    uwsgi.queue_push(b'item')
    uwsgi.sharedarea_write(0, 0, b'shared')
    uwsgi.metric_set('visits', 5)
    uwsgi.lock(1)
    uwsgi.unlock(1)
    background.wait()
    return [
        uwsgi.cache_get('page', 'pages'), uwsgi.cache_get('none', 'pages'), uwsgi.cache_exists('page', 'pages'),
        uwsgi.queue_pull(), uwsgi.sharedarea_read(0, 0, 6), uwsgi.metric_get('visits'), uwsgi.rpc(None, b'double', b'ab'),
        uwsgi.numproc, forked, sorted(uwsgi.opt), uwsgi.opt['greeting'],
        uwsgi.opt['processes'], uwsgi.opt['master'], uwsgi.buffer_size, uwsgi.version, uwsgi.version_info,
        uwsgi.SPOOL_OK, uwsgi.mule_id(), uwsgi.masterpid() > 0, uwsgi.unbit, uwsgi.hostname]


def locals_of(environ):
    """Each thread has its own."""
    local.count = getattr(local, 'count', 0) + 1
    return threading.current_thread() is not threading.main_thread() or local.count > 0


def application(environ, start_response):
    path = environ['PATH_INFO']
    headers = [('Content-Type', 'text/plain')]
    if path == '/environ':
        start_response('200 OK', headers)
        return [''.join(environ_of(environ)).encode('latin-1')]
    if path == '/api':
        start_response('200 OK', headers)
        return [repr(api()).encode()]
    if path == '/mule':
        work('for', 5)
        while not uwsgi.cache_exists('worked', 'pages'):
            threading.Event().wait(0.01)
        start_response('200 OK', headers)
        return [uwsgi.cache_get('worked', 'pages')]
    if path == '/body':
        start_response('200 OK', headers)
        lines = [environ['wsgi.input'].readline(), environ['wsgi.input'].read(3)]
        return lines + [environ['wsgi.input'].read()]
    if path == '/write':
        write = start_response('299 Odd Reason', headers + [('X-Twice', '1'), ('x-twice', '2')])
        write(b'first')
        return [b'second']
    if path == '/file':
        start_response('200 OK', headers)
        return environ['wsgi.file_wrapper'](open('blob.bin', 'rb'), 4096)
    if path == '/iterated':
        start_response('200 OK', headers + [('Content-Length', '10')])
        return (b'12' for _ in range(5))
    if path == '/variables':
        uwsgi.set_logvar('who', 'me')
        start_response('200 OK', headers)
        return [str(locals_of(environ)).encode(), uwsgi.get_logvar('who')]
    start_response('404 Not Found', headers)
    return [b'nothing at ', path.encode('latin-1')]
