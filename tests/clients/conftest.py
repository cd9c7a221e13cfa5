"""Programs that others wrote, as clients of both engines; apps/site.py is what they ask for."""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness import ServerSpec
from harness.ports import release_port, reserve_port

APPS = Path(__file__).parent / 'apps'


@pytest.fixture(scope='module')
def server_spec():
    # uWSGI's own path decodes a chunked body only when told to
    return ServerSpec(app=APPS / 'site.py', options={'wsgi-manage-chunked-input': True, 'static-map': '/static=static'},
                      files={path.relative_to(APPS).as_posix(): path.read_bytes() for path in APPS.glob('static/*')})


@pytest.fixture
def url(client):
    return 'http://%s:%d' % client.address


@pytest.fixture
def run():
    """run(program, argument, ...): what it printed; it has to end with 0."""
    def run(*command, input=b'', errors=False):
        program = shutil.which(command[0])
        assert program, '%s is not installed: tools/packages.sh test' % command[0]
        result = subprocess.run([program, *map(str, command[1:])], input=input, capture_output=True, timeout=120)
        assert result.returncode == 0, (command, result)
        return (result.stdout, result.stderr) if errors else result.stdout
    return run


@pytest.fixture
def fixed_port():
    """For a server that is reloaded: one with port 0 would get another port then."""
    port = reserve_port()
    yield port
    release_port(port)
