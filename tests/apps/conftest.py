"""Real applications: a module here names its site, SITE = 'flask', and the server runs sites/flask_site.py.

sites/app.py is what uWSGI loads: it puts wsgiref.validate around the site for the visitors who ask for it.
"""

import pytest

pytest.register_assert_rewrite('apps.site_tests', 'apps.visitor')

from harness import ServerSpec  # noqa: E402
from apps.site_tests import BLOB, SITES  # noqa: E402
from apps.visitor import Visitor  # noqa: E402


@pytest.fixture(scope='module')
def server_spec(request):
    site = SITES / ('%s_site.py' % request.module.SITE)
    return ServerSpec(app=SITES / 'app.py', files={'site_under_test.py': site, 'blob.bin': BLOB},
                      options=getattr(request.module, 'OPTIONS', {}))


@pytest.fixture(params=['plain', 'validated'])
def visitor(request, client):
    """A browser with an empty cookie jar; once as it is, once through wsgiref.validate."""
    return Visitor(client, validated=request.param == 'validated')
