"""Bottle from Debian's package."""

from apps.site_tests import SiteTests

SITE = 'bottle'


class TestBottle(SiteTests):
    pass
