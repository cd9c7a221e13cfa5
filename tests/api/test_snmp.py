"""uwsgi.snmp_*(), as an SNMP client sees it."""

import socket

import pytest

from api.console import Raised
from api.together import meanwhile
from harness import wait_until
from harness.ports import release_port, reserve_port

# 1.3.6.1.4.1.35156.17.2, the values of applications
BASE = bytes.fromhex('2b060104018292541102')
COUNTER32, GAUGE, COUNTER64, NULL = 0x41, 0x42, 0x46, 0x05


def field(kind, content):
    assert len(content) < 128
    return bytes([kind, len(content)]) + content


def get_request(number, community):
    """An SNMP v2c GetRequest."""
    variable = field(0x30, field(0x06, BASE + bytes([number])) + field(0x05, b''))
    pdu = field(0xa0, field(0x02, b'\x11\x22') + field(0x02, b'\0') + field(0x02, b'\0') + field(0x30, variable))
    return field(0x30, field(0x02, b'\x01') + field(0x04, community) + pdu)


class Agent:
    """Asks uWSGI's agent."""

    def __init__(self, port):
        self.address = ('127.0.0.1', port)

    def ask(self, number, community):
        """(type, value) or None if there was no answer so far."""
        request = get_request(number, community)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            sock.sendto(request, self.address)
            try:
                answer = sock.recv(1000)
            except socket.timeout:
                return None
        assert answer[1] == len(answer) - 2
        # the request with another type, and the value in the place of the empty one
        kind, length, value = answer[len(request) - 2], answer[len(request) - 1], answer[len(request):]
        assert length == len(value)
        return kind, int.from_bytes(value, 'big')

    def get(self, number, community=b'public'):
        return wait_until(lambda: self.ask(number, community), 'an SNMP answer')


@pytest.fixture
def start_agent(start_console):
    """start_agent(): a console, and what asks its agent."""
    ports = []

    def start(**options):
        ports.append(reserve_port())
        # its argument is optional, so it has to come with the option
        console = start_console({'snmp-community': 'public', **options}, args=['--snmp=127.0.0.1:%d' % ports[0]])
        return console, Agent(ports[0])
    yield start
    for port in ports:
        release_port(port)


def refused(console, source, message):
    with pytest.raises(Raised) as raised:
        console(source)
    assert str(raised.value) == message


def test_values(start_agent):
    """Each value has the type that it was given, and a number of as many bits."""
    console, agent = start_agent()
    assert agent.get(1) == (NULL, 0)
    for call, number, answer in [
            ('set_counter32(1, 7)', 1, (COUNTER32, 7)), ('incr_counter32(1)', 1, (COUNTER32, 8)),
            ('incr_counter32(1, 4294967287)', 1, (COUNTER32, 4294967295)), ('incr_counter32(1)', 1, (COUNTER32, 0)),
            ('decr_counter32(1)', 1, (COUNTER32, 4294967295)), ('decr_counter32(1, 5)', 1, (COUNTER32, 4294967290)),
            ('set_counter64(2, 2 ** 64 - 3)', 2, (COUNTER64, 2 ** 64 - 3)),
            ('incr_counter64(2)', 2, (COUNTER64, 2 ** 64 - 2)), ('incr_counter64(2, 4)', 2, (COUNTER64, 2)),
            ('decr_counter64(2)', 2, (COUNTER64, 1)), ('decr_counter64(2, 2 ** 63)', 2, (COUNTER64, 2 ** 63 + 1)),
            ('set_gauge(100, 5)', 100, (GAUGE, 5)), ('incr_gauge(100)', 100, (GAUGE, 6)),
            ('incr_gauge(100, 2 ** 32 - 1)', 100, (GAUGE, 2 ** 32 - 1)), ('decr_gauge(100)', 100, (GAUGE, 2 ** 32 - 2)),
            ('set_gauge(100, 3)', 100, (GAUGE, 3)), ('decr_gauge(100, 4)', 100, (GAUGE, 0)),
            ('incr_gauge(50)', 50, (GAUGE, 1)), ('decr_gauge(51)', 51, (GAUGE, 0))]:
        assert console('uwsgi.snmp_' + call) is True
        assert agent.get(number) == answer, call


def test_crowd(start_agent):
    """No count of two processes of four threads is lost, while the agent is asked."""
    console, agent = start_agent(processes=2, threads=4)
    source = 'for _ in range(20000): uwsgi.snmp_incr_counter64(1, 3); uwsgi.snmp_decr_counter64(1)'
    with meanwhile() as pool:
        running = [pool.submit(console, source) for _ in range(8)]
        assert agent.get(1)[0] in (NULL, COUNTER64)
        assert [request.result() for request in running] == [None] * 8
    assert agent.get(1) == (COUNTER64, 8 * 20000 * 2)


def test_community(start_agent):
    """Only who gives the name gets an answer."""
    console, agent = start_agent()
    console('uwsgi.snmp_set_gauge(1, 1)')
    assert console('uwsgi.snmp_set_community("c" * 72)') is True
    assert console('uwsgi.snmp_set_community("secret")') is True
    assert agent.get(1, b'secret') == (GAUGE, 1)
    # the agent answers one after the other: the second answer says that the first one will not come
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(60)
        sock.sendto(get_request(1, b'public'), agent.address)
        sock.sendto(get_request(1, b'secret'), agent.address)
        assert b'secret' in sock.recv(1000)
    refused(console, 'uwsgi.snmp_set_community("c" * 73)',
            'ValueError: community has 73 bytes; at most 72 are possible')
    refused(console, 'uwsgi.snmp_set_community(1)', 'TypeError: community must be str or bytes, not int')
    refused(console, r'uwsgi.snmp_set_community("a\0")', 'ValueError: community must not have a NUL byte')


def test_refused(start_console):
    console = start_console({'snmp': True})
    for function, most in [('counter32', 2 ** 32 - 1), ('counter64', 2 ** 64 - 1), ('gauge', 2 ** 32 - 1)]:
        for verb in ('set', 'incr', 'decr'):
            call = 'uwsgi.snmp_%s_%s' % (verb, function)
            for number in (0, 101):
                refused(console, '%s(%d, 1)' % (call, number),
                        'ValueError: number is %d; it must be from 1 to 100' % number)
            for value in (-1, most + 1):
                refused(console, '%s(1, %d)' % (call, value),
                        'ValueError: value is %d; it must be from 0 to %d' % (value, most))
            refused(console, call + '("1", 1)', 'TypeError: number must be int, not str')


def test_off(start_console):
    console = start_console()
    calls = ['%s_%s(1, 1)' % (verb, kind) for verb in ('set', 'incr', 'decr')
             for kind in ('counter32', 'counter64', 'gauge')]
    for call in [*calls, 'set_community("public")']:
        refused(console, 'uwsgi.snmp_' + call, 'RuntimeError: SNMP is off; --snmp switches it on')
