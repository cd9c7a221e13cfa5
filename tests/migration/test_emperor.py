"""An emperor with a vassal in ini and one in YAML; each names the plugin itself."""

import pytest

SITE = 'emperor'
MAIN = 'emperor.ini'
READY = r'vassal one.ini is ready to accept'


@pytest.fixture(scope='module', autouse=True)
def loyal(both):
    for server in both.servers:
        for vassal in ('one.ini', 'two.yaml'):
            server.wait_log('vassal %s is ready to accept' % vassal)


@pytest.mark.parametrize('target', ['/', '/demo?a=b'])
@pytest.mark.parametrize('name', ['http.sock', 'http2.sock'])
def test_requests(both, target, name):
    response = both.ask('GET', target, {'X-Own': 'header'}, name=name)
    assert response.status == 200


def test_uwsgi_protocol(both):
    assert both.ask('GET', '/', front='uwsgi').body == b'I am one, 2'
