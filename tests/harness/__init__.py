"""Starts real uWSGI servers and talks to them byte by byte.

    client.py      connections, requests and what came back, with how it ended
    response.py    the reader of responses; strict, and exact about the end
    uwsgi_packet.py  the uwsgi protocol's request packet
    fronts.py      the ways into a server that most tests run over
    server.py      one uWSGI: options, directory, log, processes, stop
    checks.py      what must hold after every test, whatever it did
    fleet.py       the server a test module shares
    assertions.py  what several tests say about a response
    load.py        clients that ask one thing after the other while something happens to the server
    nginx.py       a real nginx in front
    websocket.py   the client's side of a websocket
"""

from harness.assertions import assert_aborted, assert_internal_error, assert_not_served
from harness.client import Client, Connection
from harness.fleet import Fleet, ServerSpec
from harness.fronts import ENGINES, FRONTS, Front
from harness.load import KeepAliveLoad, Load
from harness.nginx import Nginx
from harness.response import Response, ResponseTimeout
from harness.server import Server, ServerFailed
from harness.wait import wait_until
from harness.websocket import WebSocket

__all__ = [
    'Client', 'Connection', 'FRONTS', 'Fleet', 'Front', 'KeepAliveLoad', 'Load', 'Nginx', 'Response', 'ResponseTimeout', 'Server',
    'ServerFailed', 'ServerSpec', 'WebSocket', 'assert_aborted', 'assert_internal_error', 'assert_not_served',
    'wait_until',
]
