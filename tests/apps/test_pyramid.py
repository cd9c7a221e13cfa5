"""Pyramid from Debian's package."""

from apps.site_tests import SiteTests

SITE = 'pyramid'


class TestPyramid(SiteTests):
    def expect_error(self, server):
        """Pyramid looks for a view that shows the exception; that there is none is an exception, too."""
        server.expect_traceback('HTTPNotFound', 'broken on purpose')
