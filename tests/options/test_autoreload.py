"""--py-autoreload: what makes the server reload, and what does not."""

import os

import pytest

from harness import wait_until

APP = '''
import importlib, os

def application(environ, start_response):
    start_response('200 OK', [])
    module = environ['PATH_INFO'][1:]
    try:
        return [(module and importlib.import_module(module).text or TEXT).encode()]
    except ImportError:
        return [b'no such module']

TEXT = 'first'
'''


@pytest.fixture
def start(make_server, fixed_address):
    def run(options=None, files=None, app=APP, **more):
        options = {'http-socket': fixed_address, 'py-autoreload': 1, 'wsgi': 'app', **(options or {})}
        options = {option: value for option, value in options.items() if value is not None}
        server = make_server(options, app=app, files=files, **more).start()
        server.ignore_fds()
        server.wait_log('^Python auto-reloader enabled$')
        return server
    return run


def reloads(server):
    return len(server.log_lines('^Python auto-reloader enabled$')) - 1


def wait_reload(server, number=1):
    server.wait_log('^Python auto-reloader enabled$', number + 1)
    assert reloads(server) == number


def get(server, target='/'):
    return server.client().get(target).body


@pytest.mark.parametrize('option', ['pypy-autoreload', 'py-autoreload', 'py-auto-reload', 'python-autoreload',
                                    'python-auto-reload'])
def test_changed_module(start, option):
    """The new text is served; the log names the file; a second change reloads again."""
    server = start({'py-autoreload': None, option: 1})
    for number, text in enumerate(('second', 'third'), 1):
        server.write('app.py', APP.replace('first', text))
        wait_reload(server, number)
        assert get(server) == text.encode()
    lines = server.log_lines('^.uwsgi-python-reloader. module/file .*/app.py has been modified$')
    assert len(lines) == 2


@pytest.mark.parametrize('options', [{'lazy-apps': True}, {'processes': 3, 'threads': 2}, {'pypy-loop': 'on'}], ids=str)
def test_ways_to_serve(start, options):
    server = start(options)
    server.write('app.py', APP.replace('first', 'second'))
    wait_reload(server)
    assert get(server) == b'second'
    assert len(server.log_lines('has been modified$')) == 1


def test_wsgi_file(start):
    """A file that was never imported."""
    server = start({'wsgi': None, 'wsgi-file': 'site.wsgi'}, {'site.wsgi': APP})
    server.write('site.wsgi', APP.replace('first', 'second'))
    wait_reload(server)
    assert get(server) == b'second'


@pytest.mark.parametrize('broken', ['TEXT = (', 'import nowhere\n', '1 / 0\n'])
def test_failed_import(start, broken):
    """A module that could not be imported at the start is watched all the same."""
    server = start(app=broken)
    server.expect_traceback('Error')
    assert server.client().get('/').status == 500
    server.write('app.py', APP)
    wait_reload(server)
    assert get(server) == b'first'


def test_module_that_is_missing(start):
    """The file of an import that found nothing comes to be."""
    server = start(app='import late\n' + APP)
    server.expect_traceback('ModuleNotFoundError')
    assert server.client().get('/').status == 500
    server.write('late.py', '')
    wait_reload(server)
    assert get(server) == b'first'


@pytest.mark.parametrize('name', ['new.py', 'package/new.py', 'other/__init__.py'])
def test_new_file(start, name):
    """In a directory with modules, and a new directory in it."""
    server = start(app='import package\n' + APP, files={'package/__init__.py': ''})
    server.write(name, 'text = "new"')
    wait_reload(server)


def test_module_imported_by_a_request(start, tmp_path):
    """Its directory is watched from then on."""
    (tmp_path / 'later').mkdir()
    (tmp_path / 'later/later.py').write_text('text = "one"')
    server = start({'pp': tmp_path / 'later'})
    assert get(server, '/later') == b'one'
    (tmp_path / 'later/later.py').write_text('text = "two"')
    wait_reload(server)
    assert get(server, '/later') == b'two'


def test_file_behind_a_link(start, tmp_path):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'real/module.py').write_text('text = "one"')
    (tmp_path / 'links').mkdir()
    (tmp_path / 'links/module.py').symlink_to(tmp_path / 'real/module.py')
    server = start({'pp': tmp_path / 'links', 'import': 'module'})
    (tmp_path / 'real/module.py').write_text('text = "two"')
    wait_reload(server)
    assert get(server, '/module') == b'two'


def test_touch(start):
    server = start()
    os.utime(server.directory / 'app.py', (1, 1))
    wait_reload(server)


def test_replaced(start):
    """As editors save: another file takes its name."""
    server = start()
    server.write('app.tmp', APP.replace('first', 'second'))
    os.replace(server.directory / 'app.tmp', server.directory / 'app.py')
    wait_reload(server)
    assert get(server) == b'second'


def test_what_does_not_reload(start):
    """Other files, editors' files, ignored modules, source that nobody imported; then one change that does."""
    files = {'ignored.py': '', 'unused.py': '', 'page.html': ''}
    server = start({'py-auto-reload-ignore': 'ignored', 'import': 'ignored'}, files)
    for name in ('ignored.py', 'unused.py', 'page.html', 'data.json', '.#app.py', '.app.py.swp', 'app.py~', '#app.py#'):
        server.write(name, '# changed')
    (server.directory / '__pycache__').mkdir()
    server.write('__pycache__/app.pyc', 'cached')
    os.chmod(server.directory / 'app.py', 0o600)
    server.write('app.py', APP.replace('first', 'second'))
    wait_reload(server)
    assert [line.split()[2].rpartition('/')[2] for line in server.log_lines('has been modified')] == ['app.py']


def test_templates(start):
    """--pypy-autoreload-watch: all files of a directory, at any depth, also new ones."""
    server = start({'pypy-autoreload-watch': ['templates', 'settings.toml']},
                   {'templates/base.html': '', 'templates/deep/er/page.html': '', 'settings.toml': ''})
    for number, name in enumerate(('templates/base.html', 'templates/deep/er/page.html', 'templates/new.html',
                                   'templates/new/page.html', 'settings.toml'), 1):
        server.write(name, '# changed')
        wait_reload(server, number)
        # of a new directory the log may name the directory
        path = server.log_lines('has been modified')[-1].split()[2]
        assert path.endswith((name, '/templates/new'))


# as on a file system that others may change
REMOTE = 'from uwsgi_pypy import autoreload; autoreload.is_remote = lambda directory: True'


def test_without_the_kernel(start):
    """It looks by itself: changed modules, new ones, those that failed, and files on request; and nothing else."""
    files = {'ignored.py': '', 'page.html': '', 'templates/page.html': ''}
    server = start({'pypy-eval': REMOTE, 'py-auto-reload-ignore': 'ignored', 'import': 'ignored',
                    'pypy-autoreload-watch': 'templates'}, files)
    for name in ('ignored.py', 'page.html', '.app.py.swp'):
        server.write(name, '# changed')
    for number, name in enumerate(('app.py', 'new.py', 'templates/page.html', 'templates/new.html'), 1):
        server.write(name, APP.replace('first', 'second') if name == 'app.py' else '# changed')
        wait_reload(server, number)
        assert server.log_lines('has been modified')[-1].split()[2].endswith('/' + name)
    assert get(server) == b'second'


def test_idle(start):
    """Nothing runs while nothing changes: the thread sleeps until the kernel wakes it."""
    server = start()
    assert get(server) == b'first'
    path = '/proc/%d/task' % server.worker_pids()[0]

    def sleeping():
        """Threads that wait for inotify and for nothing else: poll() without a time."""
        calls = [open('%s/%s/syscall' % (path, task)).read().split() for task in os.listdir(path)]
        polls = {'7': 3, '271': None}   # poll(fds, count, milliseconds); ppoll
        return [call for call in calls if call[0] == '7' and int(call[polls['7']], 16) & 0xffffffff == 0xffffffff]
    wait_until(sleeping, 'a thread in poll() without a timeout')


def test_off(start_site):
    """Without the option nothing is noted."""
    server = start_site({'wsgi': 'app'}, app=APP + 'import sys\nTEXT = repr(sys.meta_path)\n')
    assert b'Recorder' not in server.client().get('/').body


def test_not_a_number(launch):
    server = launch({'http-socket': True, 'py-autoreload': 'yes'}, 1)
    assert server.log_lines('^--py-autoreload yes: give a number that is not negative$')
