"""The smallest application. From this directory, after `make` in the repository:

    uwsgi --plugin ../../build/pypy_plugin.so --ini uwsgi.ini
    curl http://127.0.0.1:9090/
"""

import platform


def application(environ, start_response):
    text = "Hello from %s %s\n" % (platform.python_implementation(), platform.python_version())
    body = text.encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
