"""--uid and --gid: after uWSGI has given up root the interpreter starts, serves, reloads and ends as before."""

import json
import os
import pwd
import shutil
import tempfile
from pathlib import Path

import pytest

from harness import wait_until
from harness.server import default_plugin

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason='only root can become somebody else')

NOBODY = pwd.getpwnam('nobody')
DROP = {'uid': 'nobody', 'gid': str(NOBODY.pw_gid)}


@pytest.fixture
def public():
    """A directory that everybody may read, with the application and the plugin; pytest's own are for root only."""
    directory = Path(tempfile.mkdtemp(prefix='uwsgi-public-'))
    directory.chmod(0o755)
    shutil.copy(Path(__file__).parent / 'apps' / 'site.py', directory / 'site.py')
    (directory / 'site.py').chmod(0o644)
    yield directory
    shutil.rmtree(directory)


def start(make_site, public, options, **more):
    """A server whose working directory the user cannot even enter."""
    server = make_site({'pypy-wsgi': None, 'pypy-wsgi-file': str(public / 'site.py'), **DROP, **options},
                       app='raise RuntimeError("the wrong file")', **more)
    server.directory.chmod(0o700)
    return server.start()


@pytest.mark.parametrize('options', [
    {}, {'master': True, 'processes': 2}, {'master': True, 'threads': 2, 'lazy-apps': True},
    {'master': True, 'master-as-root': True}, {'drop-after-init': True}, {'drop-after-apps': True, 'master': True},
], ids=lambda options: '+'.join(options) or 'plain')
def test_unreadable_working_directory(make_site, public, options):
    """It starts, imports from the standard library, and serves as nobody."""
    server = start(make_site, public, options)
    about = json.loads(server.client().get('/about').body)
    assert (about['uid'], about['gid']) == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert server.client().post('/echo', b'x' * 100000).body == b'x' * 100000
    assert not server.log_lines('wrong file')


def test_first_import_happens_in_the_worker(make_site, public):
    """Modules that nothing has imported before root was given up are found by nobody, too."""
    (public / 'site.py').write_text('''
def application(environ, start_response):
    import colorsys, sqlite3, ssl, email.mime.text
    database = sqlite3.connect(':memory:')
    found = database.execute('select 40 + 2').fetchone()[0]
    start_response('200 OK', [])
    return [str(found).encode()]
''')
    server = start(make_site, public, {'master': True})
    server.allow_fds(r'\.(so|py|pyc)$|/dev/urandom')
    assert server.client().get('/').body == b'42'


def test_reload_as_nobody(make_site, public, fixed_address):
    """The master, no longer root, can start itself again."""
    plugin = default_plugin()
    if '/' in plugin:
        shutil.copy(plugin, public / 'pypy_plugin.so')
        (public / 'pypy_plugin.so').chmod(0o755)
        plugin = str(public / 'pypy_plugin.so')
    server = start(make_site, public, {'http-socket': fixed_address, 'master': True, 'chdir': str(public)},
                   plugin=plugin)
    server.ignore_fds()
    before = server.client().get('/generation').body
    server.reload()
    server.wait_log('spawned uWSGI worker 1 ', 2)
    wait_until(lambda: server.client().get('/generation').body != before, 'the application to be loaded again')
    assert json.loads(server.client().get('/about').body)['uid'] == NOBODY.pw_uid
