"""Reads the body, as a form or an upload would be read, and says how long it was."""

BLOCK = 65536


def application(environ, start_response):
    size = 0
    while True:
        block = environ["wsgi.input"].read(BLOCK)
        if not block:
            break
        size += len(block)
    page = b"%d\n" % size
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(page)))])
    return [page]
