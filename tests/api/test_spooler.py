"""Tasks: added by any process, run by spoolers."""

import os
import signal
import time

import pytest

from api.console import Raised
from harness import wait_until

# In the spoolers: log what came and return what the task says.
RUN = '''
import os, time, uwsgi
def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)
    return uwsgi.SPOOL_OK
def run(task):
    print('TASK', os.getpid(), sorted(task.items(), key=repr))
    return eval(task.get(b'do', b'uwsgi.SPOOL_OK'))
uwsgi.spooler = run
'''


@pytest.fixture
def start_spooler(start_console, tmp_path):
    """A console with a spooler that looks for tasks once a second."""
    def start(options=None, run=RUN, **more):
        return start_console({'spooler': tmp_path / 'spool', 'spooler-frequency': 1, 'pypy-exec': 'run.py',
                              **(options or {})}, files={'run.py': run}, **more)
    return start


def tasks(server, count=1):
    """(pid, items of the task without its name) of the tasks that ran."""
    lines = server.wait_log('^TASK ', count)
    found = []
    for line in lines:
        _, pid, items = line.split(' ', 2)
        found.append((int(pid), {key: value for key, value in eval(items) if key != 'spooler_task_name'}))
    return found


def wait_empty(directory):
    wait_until(lambda: not os.listdir(directory), 'the spool to be empty')


# -- adding ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('call, task', [
    ('spool({"a": "b"})', {b'a': b'b'}),
    ('spool({b"a": b"b"})', {b'a': b'b'}),
    ('send_to_spooler(a="b", c=b"d")', {b'a': b'b', b'c': b'd'}),
    ('spool({"a": "b"}, c="d")', {b'a': b'b', b'c': b'd'}),
    (r'spool({"\u2603": bytearray(b"\0\xff"), "n": 7, "empty": ""})',
     {'\u2603'.encode(): b'\0\xff', b'n': b'7', b'empty': b''}),
    ('spool({"a": "b", "body": "text"})', {b'a': b'b', 'body': b'text'}),
    ('spool({"a": "b", b"body": bytes(1000000)})', {b'a': b'b', 'body': bytes(1000000)}),
    ('spool({})', {}),
])
def test_tasks(start_spooler, tmp_path, call, task):
    """str and bytes; the task has bytes, and str keys for what uWSGI adds."""
    console = start_spooler()
    path = console('uwsgi.' + call)
    assert os.path.dirname(path) == os.fsencode(tmp_path / 'spool')
    assert [found for _, found in tasks(console.server)] == [task]
    name = [value for key, value in eval(console.server.log_lines('^TASK')[0].split(' ', 2)[2])
            if key == 'spooler_task_name']
    assert name == [os.path.basename(path)]
    wait_empty(tmp_path / 'spool')


def test_callers_dict_stays_as_it_is(start_spooler):
    console = start_spooler()
    console('task = {"a": "b", b"body": b"c", "at": 1.5}; uwsgi.spool(task)')
    assert console('task') == {'a': 'b', b'body': b'c', 'at': 1.5}


def test_largest_task(start_spooler):
    """65535 bytes beside the body."""
    console = start_spooler()
    console('uwsgi.spool({"a": "x" * (65535 - 5)})')
    assert [found for _, found in tasks(console.server)] == [{b'a': b'x' * 65530}]


@pytest.mark.parametrize('call, message', [
    ('spool({"a": "x" * 65531})', "ValueError: the task has 65536 bytes beside its body; at most 65535 are possible: "
                                  "put what is large into 'body'"),
    ('spool({"a": "x" * 65536})', "ValueError: the value of 'a' has 65536 bytes; at most 65535 are possible"),
    ('spool({"": "b"})', 'ValueError: a key of the task is empty'),
    ('spool({1: "b"})', 'TypeError: a key of the task must be str or bytes, not int'),
    ('spool({"a": None})', "TypeError: the value of 'a' must be str or bytes, not NoneType"),
    ('spool({"body": 1})', 'TypeError: body must be str or bytes, not int'),
    ('spool("a")', 'TypeError: the task must be a dict, not str'),
    ("spool()", r"ValueError: uwsgi.spool\(\) needs a task: a dict, or keyword arguments"),
    ('spool({}, {})', r'TypeError: uwsgi.spool\(\) takes one dict, not 2 values'),
    ('spool({"spooler": "/nowhere"})', "ValueError: there is no spooler b'/nowhere'; there is b'.*/spool'"),
    ('spool({"priority": "high"})', "ValueError: priority is b'high'; it must be a number that is not negative"),
    ('spool({"priority": "../1"})', r"ValueError: priority is b'../1'; it must be a number that is not negative"),
    ('spool({"priority": 1})', 'RuntimeError: tasks with a priority are not run; --spooler-ordered switches priorities '
                               'on'),
    ('spool({"at": "soon"})', "ValueError: at is b'soon'; it must be a number of seconds since the epoch"),
    ('spool({"at": -1})', "ValueError: at is b'-1'; it must not be negative"),
    ('set_spooler_frequency(-1)', 'ValueError: seconds is -1; it must be from 0 to 2147483647'),
    ('set_spooler_frequency("1")', 'TypeError: seconds must be int, not str'),
    ('spooler_get_task(1)', 'TypeError: path must be str or bytes, not int'),
])
def test_refused(refusing, call, message):
    with pytest.raises(Raised, match='^%s$' % message):
        refusing('uwsgi.' + call)


@pytest.fixture
def refusing(start_spooler, tmp_path):
    console = start_spooler()
    yield console
    assert os.listdir(tmp_path / 'spool') == []


def test_without_a_spooler(start_console):
    console = start_console()
    for call in ('spool({"a": "b"})', 'spooler_jobs()', 'set_spooler_frequency(1)', 'spooler_get_task("x")'):
        with pytest.raises(Raised, match='^RuntimeError: there is no spooler; --spooler DIRECTORY adds one$'):
            console('uwsgi.' + call)
    assert console('uwsgi.spooler_pid(), uwsgi.spooler_pids(), hasattr(uwsgi, "spoolers")') == (0, [], False)
    assert console('uwsgi.SPOOL_OK, uwsgi.SPOOL_RETRY, uwsgi.SPOOL_IGNORE') == (-2, -1, 0)


def test_task_cannot_be_written(start_spooler, tmp_path):
    """ValueError, and why is in the log."""
    console = start_spooler({'spooler-external': tmp_path / 'outside'})
    os.rmdir(tmp_path / 'outside')
    with pytest.raises(Raised, match='^ValueError: the task could not be written, see the log$'):
        console('uwsgi.spool({"spooler": %r})' % str(tmp_path / 'outside'))
    console.server.wait_log(r'open\("%s/.*No such file or directory' % (tmp_path / 'outside'))


def test_from_a_spooler_and_a_mule(start_console, tmp_path):
    """Every process can add tasks."""
    console = start_console({'spooler': tmp_path / 'spool', 'spooler-frequency': 1, 'pypy-exec': 'run.py',
                             'pypy-eval-post-fork': 'import uwsgi\nif uwsgi.mule_id(): uwsgi.spool(a="mule")'},
                            args=['--mule'], files={'run.py': '''
import os, uwsgi
def run(task):
    print('TASK', os.getpid(), list(task.items()))
    if task[b'a'] == b'mule':
        uwsgi.spool(a='spooler')
    return uwsgi.SPOOL_OK
uwsgi.spooler = run
'''})
    assert [task[b'a'] for _, task in tasks(console.server, 2)] == [b'mule', b'spooler']


# -- running ---------------------------------------------------------------------------------------------------------

def test_who_runs_tasks(start_spooler):
    """The spooler, which knows itself, in its own process."""
    console = start_spooler()
    console('uwsgi.spool(do="print(\'WHO\', uwsgi.i_am_the_spooler(), uwsgi.worker_id(), uwsgi.mule_id()) or -2")')
    assert console.server.wait_log('^WHO') == ['WHO True 0 0']
    pid = tasks(console.server)[0][0]
    assert console('uwsgi.spooler_pid(), uwsgi.spooler_pids(), uwsgi.i_am_the_spooler()') == (pid, [pid], None)


@pytest.mark.parametrize('result', ['uwsgi.SPOOL_RETRY', 'None', '"text"', '7', '2 ** 40'])
def test_retry(start_spooler, tmp_path, result):
    """What is not SPOOL_OK or SPOOL_IGNORE: the task runs again; what is no number is logged."""
    console = start_spooler()
    console('uwsgi.spool(do="uwsgi.SPOOL_OK if os.path.exists(%r) else %s")' % (
        str(tmp_path / 'go'), result.replace('"', "'")))
    tasks(console.server, 2)
    if result in ('None', '"text"', '2 ** 40'):
        console.server.wait_log('uwsgi.spooler returned .* for task uwsgi_spoolfile_on_.* which will be tried again')
    (tmp_path / 'go').touch()
    wait_empty(tmp_path / 'spool')


def test_retry_after_an_exception(start_spooler, tmp_path):
    """It is logged each time, and the spooler lives."""
    console = start_spooler()
    console('uwsgi.spool(do="uwsgi.SPOOL_OK if os.path.exists(%r) else 1 / 0")' % str(tmp_path / 'go'))
    pids = {pid for pid, _ in tasks(console.server, 2)}
    (tmp_path / 'go').touch()
    wait_empty(tmp_path / 'spool')
    assert len(pids) == 1
    console.server.expect_traceback(*['ZeroDivisionError'] * len(console.server.log_lines('^ZeroDivisionError')))


def test_ignored_task(start_spooler, tmp_path):
    """SPOOL_IGNORE: the task stays where it is."""
    console = start_spooler()
    path = console('uwsgi.spool(do="uwsgi.SPOOL_IGNORE")')
    tasks(console.server, 2)
    assert os.path.exists(path)


def test_without_a_function(start_spooler):
    console = start_spooler(run='')
    path = console('uwsgi.spool(a="b")')
    console.server.wait_log('unable to find the spooler function')
    assert os.path.exists(path)


def test_broken_task(start_spooler, tmp_path):
    """A file that is no task is thrown away, with a log line."""
    console = start_spooler()
    (tmp_path / 'uwsgi_spoolfile_on_x').write_bytes(b'\x11\x05\x00\x00' + b'\xff\xffabc')
    os.rename(tmp_path / 'uwsgi_spoolfile_on_x', tmp_path / 'spool' / 'uwsgi_spoolfile_on_x')
    console.server.wait_log('task uwsgi_spoolfile_on_x is broken and thrown away: the string at byte 2 is longer')
    wait_empty(tmp_path / 'spool')


def test_at(start_spooler):
    """A task for later is not run now; one for a time that has passed is."""
    console = start_spooler()
    later = console('import time; uwsgi.spool(a="later", at=time.time() + 86400.5)')
    console('uwsgi.spool({"a": "now", b"at": str(time.time() - 5).encode()})')
    assert [task[b'a'] for _, task in tasks(console.server)] == [b'now']
    assert abs(os.stat(later).st_mtime - time.time() - 86400) < 3600
    wait_until(lambda: console('uwsgi.spooler_jobs()') == [later], 'the task that is done to be gone')
    os.utime(later)
    assert [task[b'a'] for _, task in tasks(console.server, 2)] == [b'now', b'later']


def test_priorities(start_spooler, tmp_path):
    """With --spooler-ordered, the lowest number first, and those without a number last."""
    console = start_spooler({'spooler-ordered': True})
    console('uwsgi.spool(a="first", do="wait_for(%r)")' % str(tmp_path / 'go'))
    tasks(console.server)   # the spooler is busy: what comes now waits
    for priority in (3, '10', b'1'):
        console('uwsgi.spool(a="%s", priority=%r)' % (int(priority), priority))
    assert len(console('uwsgi.spooler_jobs()')) == 4
    (tmp_path / 'go').touch()
    assert [task[b'a'] for _, task in tasks(console.server, 4)] == [b'first', b'1', b'3', b'10']


def test_several_spoolers(start_spooler, tmp_path):
    """A task goes to the first, or to the one that it names, by any path to it."""
    console = start_spooler({'spooler': [tmp_path / 'one', tmp_path / 'two']})
    os.symlink(tmp_path / 'two', tmp_path / 'link')
    assert console('uwsgi.spoolers') == (os.fsencode(tmp_path / 'one'), os.fsencode(tmp_path / 'two'))
    one, two = console('uwsgi.spooler_pids()')
    console('uwsgi.spool(a="1")')
    for directory in ('two', 'link'):
        console('uwsgi.spool(a="2", spooler=%r)' % str(tmp_path / directory))
    for pid, task in tasks(console.server, 3):
        assert pid == (one if task[b'a'] == b'1' else two)


def test_frequency(start_spooler, tmp_path):
    """A file that nobody announced is found at the next look, and looks can be made more frequent."""
    console = start_spooler({'spooler-frequency': 3600})
    assert console('uwsgi.set_spooler_frequency(1)') is True
    console('uwsgi.spool(a="wake up")')
    tasks(console.server)
    wait_empty(tmp_path / 'spool')
    data = b'\x11\x06\x00\x00\x01\x00a\x01\x00b'
    (tmp_path / 'file').write_bytes(data)
    os.rename(tmp_path / 'file', tmp_path / 'spool' / 'uwsgi_spoolfile_on_x')
    assert tasks(console.server, 2)[1][1] == {b'a': b'b'}


def test_spooler_is_replaced(start_spooler):
    """One that was killed comes back and runs what is left."""
    console = start_spooler()
    first = console('uwsgi.spooler_pid()')
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: console('uwsgi.spooler_pid()') not in (0, first), 'a new spooler')
    console('uwsgi.spool(a="b")')
    assert tasks(console.server)[0][0] != first


def test_lazy_apps_are_not_in_the_spooler(start_console, tmp_path):
    """What a lazy application sets is unknown there; what runs before the fork is not."""
    console = start_console({'spooler': tmp_path / 'spool', 'lazy-apps': True, 'spooler-frequency': 1})
    console('uwsgi.spooler = print; uwsgi.spool(a="b")')
    console.server.wait_log('unable to find the spooler function')


# -- looking ---------------------------------------------------------------------------------------------------------

def test_jobs_and_tasks(start_spooler, tmp_path):
    console = start_spooler()
    path = console('uwsgi.spool({"a": "b", "body": "c", "at": 4000000000})')
    assert console('uwsgi.spooler_jobs()') == [path]
    wanted = {'spooler_task_name': path, b'a': b'b', b'at': b'4000000000', 'body': b'c'}
    assert console('uwsgi.spooler_get_task(%r)' % path) == wanted
    assert console('uwsgi.spooler_get_task(%r)' % path.decode()) == wanted
    for content in (b'', b'\x11', b'\x11\x05\x00\x00abc', b'\x11\x03\x00\x00\x01\x00a'):
        (tmp_path / 'broken').write_bytes(content)
        assert console('uwsgi.spooler_get_task(%r)' % str(tmp_path / 'broken')) is None
    assert console('uwsgi.spooler_get_task(%r)' % str(tmp_path / 'missing')) is None


def test_task_that_runs_now(start_spooler, tmp_path):
    """spooler_get_task() says None: the spooler has it."""
    console = start_spooler()
    path = console('uwsgi.spool(do="wait_for(%r)")' % str(tmp_path / 'go'))
    tasks(console.server)
    assert console('uwsgi.spooler_get_task(%r)' % path) is None
    (tmp_path / 'go').touch()
    wait_empty(tmp_path / 'spool')


def test_parsefile(start_console, tmp_path):
    """Packets and tasks; what is neither is None and a log line."""
    console = start_console()
    file = tmp_path / 'packet'
    parse = 'uwsgi.parsefile(%r)' % str(file)
    for modifier in (b'\0', b'\x11'):
        file.write_bytes(modifier + b'\x0b\x00\x00\x01\x00a\x01\x00b\x01\x00c\x00\x00' + b'body')
        assert console(parse) == {b'a': b'b', b'c': b''}
    assert console('uwsgi.parsefile(%r)' % os.fsencode(file)) == {b'a': b'b', b'c': b''}
    for content, why in ((b'\x05\x00\x00\x00', 'its modifier 5 is not one of a file with variables'),
                         (b'\0\0', 'it has no header'), (b'\0\x05\0\0abc', 'it ends after 7 of 9 bytes'),
                         (b'\0\x03\0\0\x01\0a', 'the last key has no value')):
        file.write_bytes(content)
        assert console(parse) is None
        console.server.wait_log(r'uwsgi.parsefile\(.*\): %s' % why)
    file.unlink()
    assert console(parse) is None
    console.server.wait_log('No such file or directory')


@pytest.mark.memory
def test_memory_stays_flat(start_spooler):
    """Adding tasks leaves nothing behind in a worker."""
    console = start_spooler(run='')
    add = '''
import gc, os
for number in range(5000):
    os.unlink(uwsgi.spool({'a': 'x' * 1000, 'at': 4000000000}, body='y' * 1000))
gc.collect()
uwsgi.mem()[0]'''
    console(add)
    first = console(add)
    console(add)
    assert console(add) - first < 8 << 20
