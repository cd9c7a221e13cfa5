"""The projects of examples/, each started as its files say: uwsgi --ini uwsgi.ini. Only the port is another one."""

import re
import shutil

import pytest

from harness import FRONTS, Client
from harness.ports import release_port, reserve_port
from harness.server import REPOSITORY
from apps.visitor import Visitor


@pytest.fixture
def port():
    port = reserve_port()
    yield port
    release_port(port)


@pytest.fixture
def start_example(make_server, port):
    """start_example(name): a visitor of a copy of examples/NAME."""
    def start(name):
        server = make_server({}, args=['--ini', 'uwsgi.ini'])
        shutil.copytree(REPOSITORY / 'examples' / name, server.directory, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns('__pycache__', 'db.sqlite3'))
        ini = server.directory / 'uwsgi.ini'
        text = ini.read_text()
        assert text.count('127.0.0.1:9090') == 1
        ini.write_text(text.replace('127.0.0.1:9090', '127.0.0.1:%d' % port))
        server.start(ready='spawned uWSGI worker 2')
        return Visitor(Client(FRONTS['http'], ('127.0.0.1', port)))
    return start


def test_hello(start_example):
    visitor = start_example('hello')
    response = visitor.get('/')
    assert response.status == 200 and re.fullmatch(rb'Hello from PyPy [\d.]+\n', response.body)


def test_flask(start_example):
    visitor = start_example('flask')
    assert visitor.get('/').status == 200
    for note in ('buy <milk>', 'Zoë'):
        assert visitor.follow(visitor.submit('/', {'note': note})).status == 200
    page = visitor.get('/').body.decode()
    assert 'buy &lt;milk&gt;' in page and 'Zoë' in page


def test_django(start_example):
    visitor = start_example('django')
    assert b'none yet' in visitor.get('/').body
    token = re.search(b'name="csrfmiddlewaretoken" value="([^"]+)"', visitor.get('/page/7/').body)[1].decode()
    response = visitor.submit('/page/7/', {'name': 'Zoë', 'csrfmiddlewaretoken': token})
    assert '<a href="/page/7/">Zoë</a>' in visitor.follow(response).body.decode()
    style = visitor.get('/static/style.css')
    assert style.status == 200 and style.header('Content-Type') == 'text/css'
