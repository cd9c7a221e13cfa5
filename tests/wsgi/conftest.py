"""A module here names its application, APP = 'iteration' for apps/iteration.py, and may have OPTIONS for its server."""

import json
from pathlib import Path

import pytest

from harness import ServerSpec, wait_until

APPS = Path(__file__).parent / 'apps'


@pytest.fixture(scope='module')
def server_spec(request):
    module = request.module
    return ServerSpec(app=APPS / (module.APP + '.py'), files={'routes.py': APPS / 'routes.py'},
                      options=getattr(module, 'OPTIONS', {}))


class Notes:
    """What the application noted since the test began; see apps/routes.py."""

    def __init__(self, client):
        self.client = client
        assert client.get('/reset').status == 200

    def __call__(self):
        return json.loads(self.client.get('/notes').body)

    def wait(self, count=1):
        """Waits until there are so many; returns them."""
        wait_until(lambda: len(self()) >= count, lambda: '%d notes; there are %r' % (count, self()))
        return self()


@pytest.fixture
def notes(client):
    return Notes(client)
