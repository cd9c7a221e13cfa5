"""Flask from Debian's package, with four threads."""

from apps.site_tests import ThreadedSiteTests

SITE = 'flask'
OPTIONS = {'threads': 4}


class TestFlask(ThreadedSiteTests):
    def test_error_handlers(self, visitor, server):
        assert visitor.get('/nowhere/else').body == b'nothing here: /nowhere/else'
        server.expect_traceback('broken on purpose')
        assert visitor.get('/fails').body == b'sorry: broken on purpose'

    def test_a_forged_session_is_not_believed(self, visitor):
        visitor.get('/visits')
        visitor.cookies['session'] = visitor.cookies['session'][:-4] + 'AAAA'
        assert visitor.get('/visits').body == b'1'
