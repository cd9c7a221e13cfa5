"""A response of as many bytes as the path says: /10240."""

from functools import lru_cache


@lru_cache(None)
def body(path):
    return b"x" * int(path[1:] or 0)


def application(environ, start_response):
    page = body(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(page)))])
    return [page]
