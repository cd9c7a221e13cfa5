"""How long a busy thread holds up the requests of the others: the times of small requests, each a few milliseconds after
the last one, while another thread of the worker computes, as machine code, as interpreted code, or not at all.

    python3 bench/busy_thread.py [--plugin build/pypy_plugin.so] [--uwsgi uwsgi-core] [--count 2000]

It needs two cores that nothing else uses: what the kernel lets a thread wait for a core is in the times, too.
"""

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

# seconds between two requests: the busy thread has the GIL for long when the next one comes
PAUSE = 0.003

APP = '''
def compiled():
    number = 0
    while True:
        number = (number * 3 + 1) % 1000003

def interpreted():
    """New code each time, which is never compiled."""
    while True:
        names = {}
        exec('number = 0\\nfor i in range(50): number = (number * 3 + i) % 1000003', names)

def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '2')])
    path = environ['PATH_INFO']
    if path != '/':
        globals()[path[1:]]()
    return [b'ok']
'''


def measure(arguments, busy):
    """Sorted times in milliseconds."""
    with tempfile.TemporaryDirectory() as directory, socket.socket() as free:
        with open(os.path.join(directory, 'app.py'), 'w') as file:
            file.write(APP)
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
        free.close()
        server = subprocess.Popen(
            [arguments.uwsgi, '--plugin', os.path.abspath(arguments.plugin), '--http-socket', '127.0.0.1:%d' % port, '--master',
             '--threads', '2', '--wsgi', 'app', '--disable-logging'],
            cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            return sorted(times(port, busy, arguments.count))
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def connect(port):
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection('127.0.0.1', port)
            connection.connect()
            return connection
        except OSError:
            time.sleep(0.05)
    sys.exit('the server did not start')


def times(port, busy, count):
    connection = connect(port)

    def ask():
        connection.request('GET', '/')
        connection.getresponse().read()
    for _ in range(count):
        ask()
    if busy:
        other = connect(port)
        other.request('GET', '/' + busy)
        for _ in range(100):
            ask()
    result = []
    for _ in range(count):
        time.sleep(PAUSE)
        begin = time.perf_counter()
        ask()
        result.append((time.perf_counter() - begin) * 1000)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--plugin', default='build/pypy_plugin.so')
    parser.add_argument('--uwsgi', default=os.environ.get('UPP_UWSGI', 'uwsgi-core'))
    parser.add_argument('--count', type=int, default=2000)
    arguments = parser.parse_args()
    print('busy thread    median    90%    99%    longest   (ms)')
    for busy in ('', 'compiled', 'interpreted'):
        found = measure(arguments, busy)
        print('%-12s %8.2f %6.2f %6.2f %8.2f' % (busy or 'none', *(found[len(found) * part // 100] for part in (50, 90, 99)),
                                                 found[-1]))


if __name__ == '__main__':
    main()
