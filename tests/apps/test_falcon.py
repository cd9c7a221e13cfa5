"""Falcon from Debian's package."""

from apps.site_tests import SiteTests

SITE = 'falcon'


class TestFalcon(SiteTests):
    def expect_error(self, server):
        """Falcon writes "[ERROR] GET /fails => Traceback ..." to wsgi.errors: not a line of its own."""
