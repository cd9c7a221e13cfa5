"""Django from Debian's package, with four threads."""

import re

from apps.site_tests import ThreadedSiteTests

SITE = 'django'
OPTIONS = {'threads': 4}


class TestDjango(ThreadedSiteTests):
    def hidden_fields(self, visitor):
        page = visitor.get('/form').body.decode()
        return {'csrfmiddlewaretoken': re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]}

    def test_csrf(self, visitor):
        """A form without its token, or with the token of somebody else, is refused."""
        assert visitor.submit('/form', {'name': 'Zoë', 'age': '41'}).status == 403
        hidden = self.hidden_fields(visitor)
        visitor.cookies.clear()
        assert visitor.submit('/form', {'name': 'Zoë', 'age': '41', **hidden}).status == 403

    def test_session_row(self, visitor):
        """The session is in the database: the cookie is only its key."""
        visitor.get('/visits')
        assert re.fullmatch('[a-z0-9]{32}', visitor.cookies['sessionid'])
        visitor.cookies['sessionid'] = 'x' * 32
        assert visitor.get('/visits').body == b'1'
