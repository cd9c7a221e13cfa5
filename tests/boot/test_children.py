"""Processes that the application forks: signals end them, and only them."""

import pytest

from harness import ENGINES

# Each of the functions starts processes, sends signals and says how they ended.
APP = '''
import multiprocessing, os, signal, subprocess, threading, time
fork = multiprocessing.get_context('fork')
together = threading.Barrier(%d)

def end(process):
    process.terminate()
    process.join()
    return process.exitcode

def process():
    """Told to end at once, and when it runs."""
    early = fork.Process(target=time.sleep, args=(600,))
    early.start()
    codes = [end(early)]
    running = fork.Event()
    late = fork.Process(target=lambda: (running.set(), time.sleep(600)))
    late.start()
    running.wait()
    return codes + [end(late)]

def pool():
    reader, writer = os.pipe()
    with fork.Pool(2, lambda: (os.write(writer, b'x'), time.sleep(600))) as pool:
        processes = list(pool._pool)
        os.read(reader, 1)   # both are busy
        os.read(reader, 1)
    pool.join()
    os.close(reader)
    os.close(writer)
    return [process.exitcode for process in processes]

def signals():
    codes = []
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        pid = os.fork()
        if not pid:
            signal.alarm(60)
            while True:
                signal.pause()
        os.kill(pid, number)
        codes.append(os.waitpid(pid, 0)[1] & 0x7f)
    return codes

def programs():
    """They inherit what is blocked."""
    program = subprocess.Popen(['sleep', '60'])
    program.terminate()
    return [program.wait()]

def handler():
    """Of a process that sets a handler and forks: it is still there in the grandchild."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            signal.signal(signal.SIGTERM, lambda number, frame: os._exit(7))
            pid = os.fork()
            if not pid:
                signal.alarm(60)
                os.write(writer, b'x')
                while True:   # a signal that comes just before a sleep does not end it
                    time.sleep(0.01)
            os.read(reader, 1)
            os.kill(pid, signal.SIGTERM)
            os._exit(os.waitpid(pid, 0)[1] >> 8)
        finally:
            os._exit(1)
    os.close(writer)
    os.close(reader)
    return [os.waitpid(pid, 0)[1] >> 8]

def application(environ, start_response):
    together.wait()   # in each thread of the worker
    ended = globals()[environ['PATH_INFO'][1:]]()
    start_response('200 OK', [])
    return [b'%%d %%r' %% (os.getpid(), ended)]
'''


@pytest.mark.parametrize('threads', [1, 2])
@pytest.mark.parametrize('engine', list(ENGINES))
def test_signals(start_server, engine, threads):
    """terminate() and kill() end what the application started, in each thread; the worker lives on."""
    options = {'http-socket': True, 'master': True, 'pypy-wsgi': 'app', 'threads': threads, **ENGINES[engine]}
    server = start_server(options, app=APP % threads)
    server.ignore_fds()   # multiprocessing leaves pipes to the garbage collector

    def ended(what):
        connections = [server.client().connect() for _ in range(threads)]
        for connection in connections:
            connection.send_request('GET', '/' + what)
        return {connection.read().body.decode() for connection in connections}

    pid = server.worker_pids()[0]
    assert ended('process') == {'%d [-15, -15]' % pid}
    assert ended('pool') == {'%d [-15, -15]' % pid}
    assert ended('signals') == {'%d [1, 2, 3, 15]' % pid}
    assert ended('programs') == {'%d [-15]' % pid}
    if threads == 1:   # Python allows handlers in the main thread only
        assert ended('handler') == {'%d [7]' % pid}
    assert not server.log_lines('Gracefully killing|SIGINT/SIGTERM received|waits for running')


def test_signals_of_a_process_of_the_master(start_server):
    """One that was started when the application was loaded does not end the server with it."""
    server = start_server({'http-socket': True, 'master': True, 'pypy-wsgi': 'app'}, app='''
import multiprocessing, os, signal, threading, time
fork = multiprocessing.get_context('fork')
process = []
def later():
    while not os.path.exists('serving'):
        time.sleep(0.01)
    process.append(fork.Process(target=time.sleep, args=(600,)))
    process[0].start()
    process[0].terminate()
    process[0].join()
    print('ENDED', process[0].exitcode)
threading.Thread(target=later, daemon=True).start()

def application(environ, start_response):
    start_response('200 OK', [])
    return [b'hello']
''')
    server.write('serving', '')
    assert server.wait_log('^ENDED') == ['ENDED -15']
    assert server.client().get('/').body == b'hello'
    assert not server.log_lines('SIGINT/SIGTERM received|reload')
