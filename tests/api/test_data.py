"""uwsgi.embedded_data() and extract()."""

import http.server
import os
import shutil
import struct
import threading

import pytest

from api.console import APP, Console, Raised
from api.embedding import EMBED, make_library


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp('library'), {'page_html': b'<p>embedded</p>\0', 'empty': b''},
                        {'greeting': 'a text'})


@pytest.fixture
def console(start_console, library):
    console = start_console()
    console(EMBED % str(library))
    return console


def test_embedded_data(console):
    assert console("uwsgi.embedded_data('page_html'), uwsgi.embedded_data(b'empty')") == (b'<p>embedded</p>\0', b'')
    with pytest.raises(Raised, match="^ValueError: unable to find symbol 'nothing'$"):
        console("uwsgi.embedded_data('nothing')")
    with pytest.raises(Raised, match="^TypeError: symbol must be str or bytes, not int$"):
        console("uwsgi.embedded_data(5)")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == '/file?a=b' else 404)
        self.end_headers()
        self.wfile.write(b'from the net')

    def log_message(self, *arguments):
        pass


def test_extract(console, tmp_path):
    """From everywhere; None is what has nothing in it."""
    path = tmp_path / 'file'
    path.write_bytes(b'\0data' * 1000)
    (tmp_path / 'empty').touch()
    assert console('uwsgi.extract(%r), uwsgi.extract(%r)' % (str(path), bytes(path))) == (path.read_bytes(),) * 2
    assert console('uwsgi.extract(%r)' % str(tmp_path / 'empty')) is None
    assert console('uwsgi.extract("/proc/self/comm")').startswith(b'uwsgi')
    assert console("import os; r, w = os.pipe(); os.write(w, b'piped'); os.close(w); uwsgi.extract('fd://%d' % r)") == (
        b'piped')
    assert console("os.close(r); uwsgi.extract('exec://printf a; printf b')") == b'ab'
    assert console("uwsgi.extract('sym://page_html'), uwsgi.extract('sym://greeting')") == (
        b'<p>embedded</p>\0', b'a text')
    assert console("uwsgi.extract('-')") is None
    assert len(console("uwsgi.extract('section://.interp')")) > 5


def test_extract_from_http(console):
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = 'http://127.0.0.1:%d' % server.server_address[1]
        try:
            assert console('uwsgi.extract(%r)' % (address + '/file?a=b')) == b'from the net'
            with pytest.raises(Raised, match='^OSError: http://.*: 404 Not Found'):
                console('uwsgi.extract(%r)' % (address + '/other'))
        finally:
            server.shutdown()
            thread.join()
    with pytest.raises(Raised, match='^ConnectionRefusedError'):
        console('uwsgi.extract(%r)' % address)


def test_extract_from_slots(start_site, tmp_path, monkeypatch):
    """Data behind the end of uWSGI's binary, the last one first."""
    binary = tmp_path / 'uwsgi'
    shutil.copy(os.environ.get('UPP_UWSGI') or shutil.which('uwsgi-core') or shutil.which('uwsgi'), binary)
    with open(binary, 'ab') as file:
        for data in (b'first', b'second' * 1000):
            file.write(data + struct.pack('=Q', len(data)))
    monkeypatch.setenv('UPP_UWSGI', str(binary))
    console = Console(start_site(APP))
    assert console("uwsgi.extract('data://0'), uwsgi.extract('data://1')") == (b'second' * 1000, b'first')


def test_extract_fails(console):
    """uWSGI itself would end the process for each of these."""
    for url, message in (
            ('/does/not/exist', 'FileNotFoundError'), ('/', 'IsADirectoryError'), ('fd://x', 'ValueError: a fd://'),
            ('fd://9999', 'OSError'), ('exec://exit 3', 'OSError: exec://exit 3: exit status 3'),
            ('sym://nothing', 'OSError: sym://nothing: there is no such symbol'),
            ('section://nothing', "OSError: section://nothing: uWSGI's binary has no such section"),
            ('data://x', 'ValueError: a data:// URL has a number'),
            ('data://5', "OSError: data://5: uWSGI's binary has no such slot"),
            ('ftp://x', 'ValueError: URL must be a path or have one of the schemes data, exec, fd, http, section, sym'),
            ('a\0b', 'ValueError: URL must not have a NUL byte')):
        with pytest.raises(Raised) as raised:
            console('uwsgi.extract(%r)' % url)
        assert str(raised.value).startswith(message), url
