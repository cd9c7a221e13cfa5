"""CherryPy from Debian's package."""

from apps.site_tests import SiteTests

SITE = 'cherrypy'


class TestCherryPy(SiteTests):
    pass
