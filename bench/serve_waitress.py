"""waitress as its documentation advises for busy servers: its queue logs nothing.

    serve_waitress.py APP PORT BACKLOG
"""

import logging
import os
import sys
from importlib import import_module

import waitress


def main(app, port, backlog):
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    sys.path.insert(0, os.getcwd())
    waitress.serve(import_module(app).application, host="127.0.0.1", port=int(port), backlog=int(backlog),
                   connection_limit=int(backlog), asyncore_use_poll=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
