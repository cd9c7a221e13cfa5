#!/usr/bin/env pypy3
"""A Django project: a page of links, a form, and sessions in sqlite.

    apt-get install python3-django                               # what Debian has is fine
    uwsgi --plugin ../../build/pypy_plugin.so --ini uwsgi.ini    # http://127.0.0.1:9090/
"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookmarks.settings")
    execute_from_command_line(sys.argv)
