# SPDX-License-Identifier: MIT
"""Checking and serialising what an application gives to start_response.

Nothing unchecked reaches the wire: types and control characters (PEP 3333;
response splitting), header names (RFC 9110 5.1), hop-by-hop headers (PEP 3333, "Other
HTTP Features").
"""
import re

# 8-bit sizes are uWSGI's, and nothing on the way to a client takes more
BLOCK_MAX = 65535

HOP_BY_HOP = frozenset(('connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer',
                        'trailers', 'transfer-encoding', 'upgrade'))

_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_status = re.compile(r'[2-9][0-9][0-9](?: [^\x00-\x1f\x7f]*)?\Z')
_forbidden = re.compile(r'[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]')

ORDINARY = 1
CONTENT_LENGTH = 2

# Names, values and status lines that were checked before; applications use few.
_known_names = {}
_known_values = set()
_known_statuses = {}
_KNOWN_MAX = 1024
_KNOWN_VALUE_LENGTH = 128

# A head of up to so many bytes is kept with its status, for the next response that has the same.
_KEPT_BLOCK = 2048


class Head:
    """A checked response head. Never changed: several responses may have it."""

    __slots__ = ('status', 'code', 'block', 'declared', 'headers')

    def __init__(self, status, code, block, declared, headers=None):
        self.status = status      # bytes, "200 OK"
        self.code = code          # int
        self.block = block        # bytes, "Name: value\r\n" lines
        self.declared = declared  # int, value of Content-Length; -1: none
        self.headers = headers    # list, what it was made of; None: it is not kept


class Status:
    """A checked status line, and the last head that had it."""

    __slots__ = ('line', 'code', 'last')

    def __init__(self, line, code):
        self.line = line  # bytes, "200 OK"
        self.code = code  # int
        self.last = None  # Head


def _check_name(name):
    """Returns the kind of the header `name`; raises what tells the author what is wrong."""
    if not isinstance(name, str):
        raise TypeError('response header names must be str, not %s: %r' % (type(name).__name__, name))
    if not _token.match(name):
        raise ValueError('response header name %r is not a token (RFC 9110 5.1)' % name)
    lower = name.lower()
    if lower in HOP_BY_HOP:
        raise ValueError('response header %r is hop-by-hop: only the server may send it (PEP 3333)' % name)
    kind = CONTENT_LENGTH if lower == 'content-length' else ORDINARY
    if len(_known_names) < _KNOWN_MAX:
        _known_names[name] = kind
    return kind


def _check_value(name, value):
    if not isinstance(value, str):
        raise TypeError('the value of response header %r must be str, not %s: %r' % (name, type(value).__name__, value))
    found = _forbidden.search(value)
    if found:
        what = 'a control character' if ord(found.group()) < 256 else 'a character outside of latin-1'
        raise ValueError('the value of response header %r contains %s: %r' % (name, what, value))
    if type(value) is str and len(value) <= _KNOWN_VALUE_LENGTH and len(_known_values) < _KNOWN_MAX:
        _known_values.add(value)


def _parse_length(value, before):
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise ValueError("the value of response header 'Content-Length' must be a number: %r" % value)
    length = int(value)
    if before not in (-1, length):
        raise ValueError("response header 'Content-Length' is given twice: %d and %d" % (before, length))
    if before == length:
        raise ValueError("response header 'Content-Length' is given twice")
    return length


def _unpack_pair(pair):
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError('response headers must be (name, value) tuples, not %r' % (pair,))
    return pair


def check_status(status):
    """Returns the Status of a status line such as '200 OK'."""
    if not isinstance(status, str):
        raise TypeError('the status must be str, not %s: %r' % (type(status).__name__, status))
    if not _status.match(status):
        raise ValueError("the status must be three digits of a final response, a space and a reason, such as "
                         "'200 OK', not %r" % status)
    try:
        known = Status(status.encode('latin-1'), int(status[:3]))
    except UnicodeEncodeError:
        raise ValueError('the status has characters outside of latin-1: %r' % status) from None
    if len(known.line) > 1024:
        raise ValueError('the status is longer than 1024 bytes')
    if len(_known_statuses) < _KNOWN_MAX:
        _known_statuses[status] = known
    return known


def _serialise(headers):
    """Returns (block as str, value of Content-Length or -1)."""
    lines = []
    declared = -1
    for pair in headers:
        name, value = pair if type(pair) is tuple and len(pair) == 2 else _unpack_pair(pair)
        kind = _known_names.get(name) if type(name) is str else None
        if kind is None:
            kind = _check_name(name)
        if type(value) is not str or value not in _known_values:
            _check_value(name, value)
        if kind is CONTENT_LENGTH:
            declared = _parse_length(value, declared)
        lines.append(name + ': ' + value + '\r\n')
    return ''.join(lines), declared


def is_length(pair):
    name = _unpack_pair(pair)[0]
    return isinstance(name, str) and name.lower() == 'content-length'


def check(status, headers):
    """Returns the Head of start_response(status, headers)."""
    known = _known_statuses.get(status) if type(status) is str else None
    if known is None:
        known = check_status(status)
    if type(headers) is not list:
        raise TypeError('the response headers must be a list, not %s' % type(headers).__name__)
    last = known.last
    if last is not None and headers == last.headers:
        return last
    given = headers
    if known.code == 204:
        # RFC 9110 8.6: a 204 must not have a Content-Length
        given = [pair for pair in headers if not is_length(pair)]
    text, declared = _serialise(given)
    if len(text) > BLOCK_MAX:
        raise ValueError('the response headers take more than %d bytes' % BLOCK_MAX)
    if len(text) > _KEPT_BLOCK:
        return Head(known.line, known.code, text.encode('latin-1'), declared)
    head = known.last = Head(known.line, known.code, text.encode('latin-1'), declared, headers[:])
    return head
