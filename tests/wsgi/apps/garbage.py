import routes
from routes import note, reply, route


@route
def x(environ, start_response):
    return reply(start_response, b'served')


def application(environ, start_response):
    """Counts every call but those of the test's own."""
    if environ.get('PATH_INFO') not in ('/notes', '/reset'):
        note([environ.get('REQUEST_METHOD'), environ.get('PATH_INFO')])
    return routes.application(environ, start_response)
