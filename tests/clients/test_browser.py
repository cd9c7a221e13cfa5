"""A browser without a screen: a page, its style sheet, script and images, and what the script fetches."""

import html
import re

import pytest

# On an http11 socket of uWSGI's own a worker waits on one of a browser's connections while it asks on another.
pytestmark = pytest.mark.fronts('http', 'loop')


def test_chromium(run, url, tmp_path):
    """All of the page came, each answer to its own request, over the few connections that a browser opens."""
    page = run('chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--virtual-time-budget=60000',
               '--user-data-dir=%s' % tmp_path, '--dump-dom', url + '/page').decode()
    found = dict(re.findall(r'<p id="(\w+)">\1: (.*?)</p>', html.unescape(page)))
    assert found == {'styled': '123px', 'loaded': ' '.join(map(str, range(1, 13))), 'answers': '7 14 21 true 204'}, page
