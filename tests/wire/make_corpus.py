"""Writes corpus/: one file for each case, from the tables below.

    python3 make_corpus.py            writes them
    python3 make_corpus.py --check    fails if a file is not what the tables say

README.md has the format.
"""

import argparse
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / 'corpus'

HOST = b'Host: example.com\r\n'
# What an attacker wants to be run: no case lists it.
HIDDEN = b'GET /hidden HTTP/1.1\r\n' + HOST + b'\r\n'
NEXT = b'GET /next HTTP/1.1\r\n' + HOST + b'\r\n'

CASES = {}


def escape(data):
    """Printable ASCII as it is, the rest as \\r, \\n, \\\\ or \\xNN."""
    special = {0x0D: '\\r', 0x0A: '\\n', 0x5C: '\\\\'}
    return ''.join(special.get(c) or (chr(c) if 0x20 <= c <= 0x7E else '\\x%02x' % c) for c in data)


class Request:
    """What is expected of one request that is accepted."""

    def __init__(self, target='/', method='GET', version='1.1', host=b'example.com', keep=None, body=None,
                 expect=False, upgrade=False, headers=()):
        self.keep = version == '1.1' if keep is None else keep
        self.lines = ['request: %s %s HTTP/%s' % (method, target, version)]
        if host:
            self.lines.append('host: ' + escape(host))
        self.lines.append('keep: ' + ('yes' if self.keep else 'no'))
        self.lines += ['expect: yes'] * expect + ['upgrade: yes'] * upgrade
        if body is not None:
            self.lines.append('body: ' + escape(body))
        self.lines += ['header: ' + escape(header) for header in headers]


def accept(name, about, data, *requests, end=None):
    """The requests are run, one after the other; then the server waits, closes, or answers with the status `end`."""
    if end is None:
        end = 'open' if not requests or requests[-1].keep else 'close'
    lines = ['about: ' + about] + [line for request in requests for line in request.lines] + ['end: %s' % end]
    assert name not in CASES, name
    CASES[name] = '\n'.join(lines).encode() + b'\n---\n' + data


def refuse(name, about, data, status=400):
    """Nothing is run: an answer with this status, and the connection is closed."""
    accept(name, about, data, end=status)


def get(*headers, target=b'/', version=b'HTTP/1.1', host=HOST, method=b'GET'):
    lines = b''.join(header + b'\r\n' for header in headers)
    return method + b' ' + target + b' ' + version + b'\r\n' + host + lines + b'\r\n'


def post(*headers, body=b'', **more):
    return get(*headers, method=b'POST', **more) + body


def chunked(body):
    return post(b'Transfer-Encoding: chunked', body=body)


# ---- the request line (RFC 9112 3) --------------------------------------------------------------------------------

LINE = 'RFC 9112 3: method SP request-target SP HTTP-version CRLF'

accept('line/get', 'the smallest request of HTTP/1.1', get(), Request())
accept('line/http-1.0', 'HTTP/1.0 needs no Host and closes', get(version=b'HTTP/1.0', host=b''),
       Request(version='1.0', host=None))
accept('line/method-any-token', 'RFC 9110 9.1: a method is any token', get(method=b"a!#$%&'*+-.^_`|~9"),
       Request(method="a!#$%&'*+-.^_`|~9"))
accept('line/method-case', 'methods are case-sensitive: passed on as sent', get(method=b'get'), Request(method='get'))
for method in ('HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'SOURCE', 'PRI', 'M-SEARCH', 'QUERY',
               'DESCRIBE', 'FLUSH'):
    accept('line/method-' + method.lower(), 'RFC 9110 9: a method', get(method=method.encode()), Request(method=method))

for name, line in {
    'no-target': b'GET HTTP/1.1',
    'no-version': b'GET /x',
    'no-version-space': b'GET /x ',
    'one-word': b'BAD',
    'only-space': b' ',
    'space-first': b' GET / HTTP/1.1',
    'tab-first': b'\tGET / HTTP/1.1',
    'space-twice': b'GET  / HTTP/1.1',
    'space-twice-before-version': b'GET /  HTTP/1.1',
    'space-after-version': b'GET / HTTP/1.1 ',
    'tab-for-space': b'GET\t/\tHTTP/1.1',
    'tab-after-method': b'GET\t/ HTTP/1.1',
    'vertical-tab': b'GET /\x0bHTTP/1.1',
    'space-in-target': b'GET /?foo= bar HTTP/1.1',
    'version-twice': b'GET / HTTP/1.1 HTTP/1.1',
    'four-words': b'GET / extra HTTP/1.1',
    'method-empty': b' / HTTP/1.1',
    'method-separator': b'GE(T / HTTP/1.1',
    'method-slash': b'GET/ / HTTP/1.1',
    'method-colon': b'GET: / HTTP/1.1',
    'method-quote': b'"GET" / HTTP/1.1',
    'method-nul': b'GE\0T / HTTP/1.1',
    'method-del': b'GE\x7fT / HTTP/1.1',
    'method-8bit': b'G\xc9T / HTTP/1.1',
    'lower-case-version': b'GET / http/1.1',
    'version-name': b'GET / HTTQ/1.1',
    'version-icy': b'SOURCE / ICE/1.0',
    'version-rtsp': b'DESCRIBE / RTSP/1.0',
    'version-short': b'GET / HTTP/1',
    'version-no-digits': b'GET / HTTP/',
    'version-comma': b'GET / HTTP/1,1',
    'version-two-digits': b'GET / HTTP/1.10',
    'version-leading-zero': b'GET / HTTP/01.1',
    'version-sign': b'GET / HTTP/+1.1',
    'version-letters': b'GET / HTTP/a.b',
    'version-space': b'GET / HTTP/ 1.1',
    'version-three-parts': b'GET / HTTP/1.1.1',
    'version-junk': b'GET / HTTP/1.1x',
    'cr-in-line': b'GET /\r HTTP/1.1',
    'response-line': b'HTTP/1.1 200 OK',
}.items():
    refuse('line/' + name, LINE, line + b'\r\n' + HOST + b'\r\n' + HIDDEN)

for version in ('0.9', '1.2', '1.9', '2.0', '3.0', '9.9', '0.0'):
    refuse('line/version-' + version, 'RFC 9110 15.6.6: a version that is not served',
           get(version=b'HTTP/' + version.encode()) + HIDDEN, 505)
refuse('line/h2-preface', 'RFC 9113 3.4: HTTP/2 is not spoken here', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505)
refuse('line/tls-hello', 'a TLS client on a plain socket: refused at its first byte',
       bytes.fromhex('16030100a5010000a10303') + bytes(range(32)))
refuse('line/connect', 'RFC 9110 9.3.6: CONNECT is for proxies',
       b'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n', 501)
refuse('line/connect-origin-form', 'CONNECT with any target', get(method=b'CONNECT'), 501)
refuse('line/http-0.9', 'HTTP/0.9 has no version', b'GET /\r\n\r\n')

# ---- lines and empty lines (RFC 9112 2.2) -------------------------------------------------------------------------

ENDS = 'RFC 9112 2.2: a line ends with CRLF; a bare CR or LF is read in two ways'

accept('lines/empty-before-1', 'RFC 9112 2.2: an empty line before the request', b'\r\n' + get(), Request())
accept('lines/empty-before-2', 'two of them', b'\r\n\r\n' + get(), Request())
refuse('lines/empty-before-3', 'and no more', b'\r\n\r\n\r\n' + get())
accept('lines/empty-after-body', 'old clients send CRLF after a body',
       post(b'Content-Length: 2', body=b'ab\r\n') + NEXT, Request(method='POST', body=b'ab'), Request('/next'))
accept('lines/unfinished', 'half a request: the server waits', b'GET / HTTP/1.1\r\nHost: exam')
accept('lines/unfinished-cr', 'all but the last LF', get()[:-1])
accept('lines/nothing', 'a connection on which nothing comes', b'')
for name, data in {
    'lf-only': get().replace(b'\r\n', b'\n'),
    'lf-before': b'\n' + get(),
    'lf-after-line': b'GET / HTTP/1.1\n' + HOST + b'\r\n',
    'lf-after-header': b'GET / HTTP/1.1\r\nHost: example.com\n\r\n',
    'lf-at-end': b'GET / HTTP/1.1\r\n' + HOST + b'\n',
    'lf-lf-at-end': b'GET / HTTP/1.1\r\nHost: example.com\n\n',
    'lf-in-value': get(b'X-A: b\nTransfer-Encoding: chunked'),
    'lf-in-name': get(b'X\nA: b'),
    'cr-only': get().replace(b'\r\n', b'\r'),
    'cr-cr-cr': b'GET / HTTP/1.1\r\nHost: example.com\r\r\r',
    'cr-cr-lf': b'GET / HTTP/1.1\r\nHost: example.com\r\r\n\r\n',
    'cr-before': b'\r' + get(),
    'cr-in-value': get(b'X-A: b\rTransfer-Encoding: chunked'),
    'cr-in-name': get(b'X\rA: b'),
    'cr-after-colon': get(b'X-A:\rb'),
    'cr-at-end': b'GET / HTTP/1.1\r\n' + HOST + b'\rx',
    'lf-cr-swapped': b'GET / HTTP/1.1\n\r' + HOST + b'\r\n',
    'unicode-line-end': get(b'X-A: b\xc2\x85Content-Length: 5')[:-2] + b'\n',
}.items():
    refuse('lines/' + name, ENDS, data + HIDDEN)

# ---- headers (RFC 9112 5) -----------------------------------------------------------------------------------------

accept('header/ows', 'RFC 9112 5.1: optional white space around a value is not of it',
       get(b'X-A: \t b c\t ', b'X-B:d', b'X-C:', b'X-D: \t '),
       Request(headers=(b'X-A: b c', b'X-B: d', b'X-C: ', b'X-D: ')))
accept('header/tab-in-value', 'HTAB inside a value stays', get(b'X-A: b\tc'), Request(headers=(b'X-A: b\tc',)))
accept('header/obs-text', 'RFC 9110 5.5: bytes above 0x7f are opaque data', get(b'X-A: caf\xc3\xa9 \xff'),
       Request(headers=(b'X-A: caf\xc3\xa9 \xff',)))
accept('header/name-any-token', 'RFC 9110 5.1: a name is a token', get(b"!#$%&'*+-.^_`|~09aZ: x"),
       Request(headers=(b"!#$%&'*+-.^_`|~09aZ: x",)))
accept('header/repeated', 'a list over two lines: both are seen', get(b'X-A: 1', b'x-a: 2'),
       Request(headers=(b'X-A: 1', b'x-a: 2')))
accept('header/colons-in-value', 'the first colon ends the name', get(b'X-A: b:c::d'), Request(headers=(b'X-A: b:c::d',)))
accept('header/colon-first-in-value', 'an empty name is not a colon in the value', get(b'X-A::b'), Request(headers=(b'X-A: :b',)))
accept('header/quotes', 'quotes protect nothing on this level', get(b'X-A: "b, c', b'X-B: d"'),
       Request(headers=(b'X-A: "b, c', b'X-B: d"')))
accept('header/underscore-length', 'Content_Length is not Content-Length', get(b'Content_Length: 5') + NEXT,
       Request(), Request('/next'))
accept('header/underscore-encoding', 'Transfer_Encoding is not Transfer-Encoding',
       post(b'Transfer_Encoding: chunked', b'Content-Length: 2', body=b'ab'), Request(method='POST', body=b'ab'))
accept('header/underscore-host', 'Host_ is not Host', get(b'Host_: evil.example'), Request())
accept('header/case', 'RFC 9110 5.1: names in any case', post(b'cONTENT-lENGTH: 2', body=b'ab', host=b'hOST: example.com\r\n'),
       Request(method='POST', body=b'ab'))
accept('header/fifty', 'fifty headers are few', get(*(b'X-%d: %d' % (i, i) for i in range(49))),
       Request(headers=(b'X-0: 0', b'X-48: 48')))
accept('header/long-value', 'a long value', get(b'X-A: ' + b'v' * 3000), Request(headers=(b'X-A: ' + b'v' * 3000,)))
accept('header/long-name', 'a long name', get(b'X' * 300 + b': v'), Request(headers=(b'X' * 300 + b': v',)))
accept('header/proxy', 'httpoxy: Proxy is a header as any other here', get(b'Proxy: http://evil.example'),
       Request(headers=(b'Proxy: http://evil.example',)))

NAMES = 'RFC 9112 5: field-name ":"; the name is a token and nothing is before it or the colon'
for name, header in {
    'space-before-colon': b'X-A : b',
    'tab-before-colon': b'X-A\t: b',
    'space-in-name': b'X A: b',
    'tab-in-name': b'X\tA: b',
    'no-colon': b'X-A',
    'no-colon-value': b'X-A b',
    'empty-name': b': b',
    'only-colon': b':',
    'space-name': b' : b',
    'name-nul': b'X\0A: b',
    'name-slash': b'X/A: b',
    'name-parenthesis': b'X(A): b',
    'name-quote': b'"X-A": b',
    'name-at': b'X@A: b',
    'name-bracket': b'X[A]: b',
    'name-brace': b'X{A}: b',
    'name-equals': b'X=A: b',
    'name-comma': b'X,A: b',
    'name-semicolon': b'X;A: b',
    'name-backslash': b'X\\A: b',
    'name-8bit': b'X\xe9: b',
    'name-utf8': 'X\u2010A: b'.encode(),
    'name-nbsp': b'X-A\xa0: b',
    'name-del': b'X\x7f: b',
    'name-escape': b'X\x1b: b',
}.items():
    refuse('header/' + name, NAMES, get(header) + HIDDEN)

VALUES = 'RFC 9110 5.5: no control character but HTAB in a value'
for name, c in {'nul': 0, 'soh': 1, 'backspace': 8, 'vertical-tab': 11, 'form-feed': 12, 'escape': 27, 'us': 31,
                'del': 127}.items():
    refuse('header/value-' + name, VALUES, get(b'X-A: b' + bytes([c]) + b'c') + HIDDEN)
refuse('header/value-nul-first', VALUES, get(b'X-A: \0') + HIDDEN)
refuse('header/value-nul-last', VALUES, get(b'X-A: b\0') + HIDDEN)

FOLD = 'RFC 9112 5.2: a folded line is refused'
for name, header in {
    'fold-space': b'X-A: b\r\n c',
    'fold-tab': b'X-A: b\r\n\tc',
    'fold-empty-value': b'X-A:\r\n b',
    'fold-only-space': b'X-A: b\r\n ',
    'fold-length': b'Content-Length:\r\n 5',
    'fold-encoding': b'Transfer-Encoding:\r\n chunked',
    'fold-encoding-name': b'X-A: b\r\n Transfer-Encoding: chunked',
}.items():
    refuse('header/' + name, FOLD, get(header) + HIDDEN)
refuse('header/fold-first', 'white space between request line and first header',
       b'GET / HTTP/1.1\r\n Host: example.com\r\n' + HOST + b'\r\n' + HIDDEN)
refuse('header/fold-host', FOLD, get(host=b'Host: example.com\r\n .evil.example\r\n') + HIDDEN)

# ---- Content-Length and Transfer-Encoding (RFC 9112 6) ------------------------------------------------------------

accept('body/length', 'a body by its length', post(b'Content-Length: 5', body=b'hello') + NEXT,
       Request(method='POST', body=b'hello'), Request('/next'))
accept('body/length-0', 'no bytes of body', post(b'Content-Length: 0') + NEXT, Request(method='POST', body=b''), Request('/next'))
accept('body/length-leading-zeros', 'RFC 9110 8.6: 1*DIGIT', post(b'Content-Length: 0000000000000000000000005', body=b'hello'),
       Request(method='POST', body=b'hello'))
accept('body/length-ows', 'OWS around the number', post(b'Content-Length: \t5  ', body=b'hello'),
       Request(method='POST', body=b'hello'))
accept('body/length-get', 'a GET may have a body, and it is not the next request', get(b'Content-Length: %d' % len(HIDDEN)) + HIDDEN + NEXT,
       Request(body=HIDDEN), Request('/next'))
accept('body/length-1.0', 'HTTP/1.0 with a body', post(b'Content-Length: 2', version=b'HTTP/1.0', body=b'ab'),
       Request(method='POST', version='1.0', body=b'ab'))
accept('body/none', 'RFC 9112 6.3: neither header, no body', post() + NEXT, Request(method='POST'), Request('/next'))
accept('body/binary', 'any byte may be in a body', post(b'Content-Length: 6', body=b'\0\r\n\r\n\xff'),
       Request(method='POST', body=b'\0\r\n\r\n\xff'))
accept('body/unfinished', 'less than announced: the server waits', post(b'Content-Length: 5', body=b'hell'))
accept('body/chunked', 'RFC 9112 7.1', chunked(b'5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n') + NEXT,
       Request(method='POST', body=b'hello world'), Request('/next'))
accept('body/chunked-case', 'RFC 9112 7: codings in any case', post(b'Transfer-Encoding: ChUnKeD', body=b'0\r\n\r\n'),
       Request(method='POST', body=b''))
accept('body/chunked-ows', 'OWS around the coding', post(b'Transfer-Encoding:\t chunked \t', body=b'1\r\na\r\n0\r\n\r\n'),
       Request(method='POST', body=b'a'))
accept('body/chunked-get', 'a chunked GET', get(b'Transfer-Encoding: chunked') + b'0\r\n\r\n' + NEXT,
       Request(body=b''), Request('/next'))
accept('body/te-header', 'TE is not Transfer-Encoding', get(b'TE: trailers, chunked', b'Connection: TE'), Request())

SMUGGLED = b'0\r\n\r\n' + HIDDEN
LENGTH = b'Content-Length: %d' % len(SMUGGLED)
BOTH = 'RFC 9112 6.1: Content-Length and Transfer-Encoding, whatever they say'
for name, headers in {
    'cl-te': (LENGTH, b'Transfer-Encoding: chunked'),
    'te-cl': (b'Transfer-Encoding: chunked', LENGTH),
    'te-cl-0': (b'Transfer-Encoding: chunked', b'Content-Length: 0'),
    'cl-0-te': (b'Content-Length: 0', b'Transfer-Encoding: chunked'),
    'cl-te-case': (b'content-length: 4', b'TRANSFER-ENCODING: CHUNKED'),
    'cl-te-apart': (LENGTH, b'X-A: 1', b'X-B: 2', b'Transfer-Encoding: chunked'),
    'cl-te-te': (LENGTH, b'Transfer-Encoding: chunked', b'Transfer-Encoding: identity'),
    'cl-te-connection': (LENGTH, b'Transfer-Encoding: chunked', b'Connection: Transfer-Encoding'),
    'cl-te-connection-cl': (LENGTH, b'Transfer-Encoding: chunked', b'Connection: Content-Length'),
    'cl-te-identity': (LENGTH, b'Transfer-Encoding: identity'),
    'cl-te-empty': (LENGTH, b'Transfer-Encoding:'),
    'cl-te-unknown': (LENGTH, b'Transfer-Encoding: xchunked'),
}.items():
    refuse('body/' + name, BOTH, post(*headers, body=SMUGGLED))

TWICE = 'RFC 9112 6.3: more than one Content-Length'
for name, headers in {
    'cl-cl-same': (b'Content-Length: 5', b'Content-Length: 5'),
    'cl-cl-differ': (b'Content-Length: 5', b'Content-Length: 6'),
    'cl-cl-0': (b'Content-Length: 0', b'Content-Length: 5'),
    'cl-cl-case': (b'Content-Length: 5', b'content-length: 0'),
    'cl-cl-invalid': (b'Content-Length: 5', b'Content-Length: x'),
    'cl-cl-empty': (b'Content-Length: 5', b'Content-Length:'),
    'cl-cl-cl': (b'Content-Length: 5', b'X-A: b', b'Content-Length: 5', b'Content-Length: 5'),
}.items():
    refuse('body/' + name, TWICE, post(*headers, body=b'hello') + HIDDEN)

NUMBER = 'RFC 9110 8.6: Content-Length is 1*DIGIT'
for name, value in {
    'empty': b'', 'space': b' ', 'plus': b'+5', 'minus': b'-5', 'minus-0': b'-0', 'hex': b'0x5', 'hex-digit': b'a',
    'underscore': b'0_5', 'dot': b'5.0', 'exponent': b'5e0', 'comma-same': b'5, 5', 'comma-differ': b'5,6', 'comma-last': b'5,',
    'comma-first': b',5', 'space-inside': b'5 5', 'tab-inside': b'5\t5', 'quoted': b'"5"', 'letters': b'five', 'junk': b'5x',
    'semicolon': b'5;', 'octal': b'0o5', 'brackets': b'[5]', 'nbsp': b'5\xa0', 'fullwidth': '\uff15'.encode(),
    'superscript': b'\xb2', 'thousands': b"1'000", 'infinity': b'inf', 'nan': b'nan',
    '63-bits': b'9223372036854775808', '64-bits': b'18446744073709551616', '64-bits-and-5': b'18446744073709551621',
    '32-bits-of-64': b'184467440737095516165', 'huge': b'9' * 400,
}.items():
    refuse('body/cl-' + name, NUMBER, post(b'Content-Length: ' + value, body=b'hello') + HIDDEN)
refuse('body/cl-tab-last', 'RFC 9112 5.1 would allow it; llhttp does not, and nobody sends it',
       post(b'Content-Length: 5\t', body=b'hello') + HIDDEN)
refuse('body/cl-space-before-colon', NAMES, post(b'Content-Length : 5', body=b'hello') + HIDDEN)
refuse('body/cl-tab-before-colon', NAMES, post(b'Content-Length\t: 5', body=b'hello') + HIDDEN)
refuse('body/cl-nul', VALUES, post(b'Content-Length: 5\0', body=b'hello') + HIDDEN)
refuse('body/cl-vertical-tab', VALUES, post(b'Content-Length: \x0b5', body=b'hello') + HIDDEN)
accept('body/cl-largest', '2^63-1 is a length: the server waits, or has a limit of its own', get(b'Content-Length: 9223372036854775807'))

CODING = 'RFC 9112 6.1: a transfer coding that is not understood'
for name, value in {
    'identity': b'identity', 'gzip': b'gzip', 'gzip-chunked': b'gzip, chunked', 'chunked-twice': b'chunked, chunked',
    'chunked-comma': b'chunked,', 'comma-chunked': b', chunked', 'xchunked': b'xchunked', 'chunkedx': b'chunkedx',
    'chunk': b'chunk', 'chunked-semicolon': b'chunked;', 'chunked-parameter': b'chunked; q=1', 'quoted': b'"chunked"',
    'single-quoted': b"'chunked'", 'cow': b'cow', 'chunked-space': b'chunk ed', 'colon': b': chunked', 'empty': b'',
    'dotted': b'chunked.', 'nbsp': b'\xa0chunked', 'kelvin': 'chun\u212aed'.encode(), 'chunked-gzip': b'chunked, gzip',
    'chunked-identity': b'chunked, identity', 'identity-chunked': b'identity, chunked', 'chunked-space-chunked': b'chunked chunked',
    'tab-inside': b'chunked\tx', 'upper-x': b'CHUNKED,X',
}.items():
    refuse('body/te-' + name, CODING, post(b'Transfer-Encoding: ' + value, body=SMUGGLED), 501)

ENCODING = 'Transfer-Encoding disguised'
for name, headers in {
    'te-te-same': (b'Transfer-Encoding: chunked', b'Transfer-Encoding: chunked'),
    'te-te-identity': (b'Transfer-Encoding: chunked', b'Transfer-Encoding: identity'),
    'identity-te-te': (b'Transfer-Encoding: identity', b'Transfer-Encoding: chunked'),
    'te-te-case': (b'Transfer-Encoding: chunked', b'transfer-encoding: x'),
    'te-te-empty': (b'Transfer-Encoding: chunked', b'Transfer-Encoding:'),
    'te-space-before-colon': (b'Transfer-Encoding : chunked',),
    'te-tab-before-colon': (b'Transfer-Encoding\t: chunked',),
    'te-space-before-name': (b'X-A: b\r\n Transfer-Encoding: chunked',),
    'te-nul-in-name': (b'Transfer\0-Encoding: chunked',),
    'te-nul-in-value': (b'Transfer-Encoding: chunked\0',),
    'te-vertical-tab': (b'Transfer-Encoding: \x0bchunked',),
    'te-form-feed': (b'Transfer-Encoding: chunked\x0c',),
    'te-del': (b'Transfer-Encoding: \x7fchunked',),
    'te-lf-in-value': (b'Transfer-Encoding:\nchunked',),
    'te-cr-in-value': (b'Transfer-Encoding: \rchunked',),
    'te-cr-before-name': (b'X: y\rTransfer-Encoding: chunked',),
    'te-lf-before-name': (b'X: y\nTransfer-Encoding: chunked',),
    'te-8bit-name': (b'Transfer-Encoding\xa0: chunked',),
    'te-no-colon': (b'Transfer-Encoding chunked',),
}.items():
    refuse('body/' + name, ENCODING, post(*headers, body=SMUGGLED))
refuse('body/te-1.0', 'RFC 9112 6.1: HTTP/1.0 has no transfer codings',
       post(b'Transfer-Encoding: chunked', version=b'HTTP/1.0', body=SMUGGLED))
refuse('body/te-1.0-keep-alive', 'not with keep-alive either',
       post(b'Transfer-Encoding: chunked', b'Connection: keep-alive', version=b'HTTP/1.0', body=SMUGGLED))

# ---- chunks (RFC 9112 7.1) ----------------------------------------------------------------------------------------

for name, (body, expected) in {
    'hex-cases': (b'a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n', b'01234567890123456789'),
    'leading-zeros': (b'005\r\nhello\r\n000\r\n\r\n', b'hello'),
    'fifteen-digits': (b'000000000000005\r\nhello\r\n0\r\n\r\n', b'hello'),
    'crlf-in-data': (b'8\r\n\r\n0\r\n\r\nx\r\n0\r\n\r\n', b'\r\n0\r\n\r\nx'),
    'extension': (b'5;a\r\nhello\r\n0;b=c\r\n\r\n', b'hello'),
    'extension-quoted': (b'5;a="b;c, d"\r\nhello\r\n0\r\n\r\n', b'hello'),
    'extension-many': (b'5;a;b;c=d;e="f"\r\nhello\r\n0\r\n\r\n', b'hello'),
    'extension-spaces': (b'5; a = b\r\nhello\r\n0\r\n\r\n', b'hello'),
    'trailer': (b'5\r\nhello\r\n0\r\nX-A: b\r\nx-b:\r\n\r\n', b'hello'),
    'trailer-dropped': (b'0\r\nContent-Length: 50\r\nTransfer-Encoding: x\r\nHost: evil.example\r\n\r\n', b''),
    'trailer-obs-text': (b'0\r\nX-A: \xc3\xa9\tb\r\n\r\n', b''),
    'one-by-one': (b''.join(b'1\r\n%c\r\n' % c for c in b'abcdefgh') + b'0\r\n\r\n', b'abcdefgh'),
    'hidden-in-data': (b'%x\r\n' % len(HIDDEN) + HIDDEN + b'\r\n0\r\n\r\n', HIDDEN),
}.items():
    accept('chunked/' + name, 'RFC 9112 7.1', chunked(body) + NEXT, Request(method='POST', body=expected), Request('/next'))
accept('chunked/unfinished-size', 'the server waits', chunked(b'5'))
accept('chunked/unfinished-data', 'the server waits', chunked(b'5\r\nhell'))
accept('chunked/unfinished-end', 'the server waits for the last line', chunked(b'5\r\nhello\r\n0\r\n'))
accept('chunked/largest-size', 'fifteen digits: the server waits, or has a limit of its own', chunked(b'fffffffffffffff\r\nx'))

SIZE = 'RFC 9112 7.1: chunk-size is 1*HEXDIG with nothing around it'
for name, size in {
    'empty': b'', '0x': b'0x5', 'x': b'x5', 'plus': b'+5', 'minus': b'-5', 'minus-0': b'-0', 'underscore': b'0_5', 'letter': b'5g',
    'letter-only': b'g', 'space-before': b' 5', 'tab-before': b'\t5', 'space-after': b'5 ', 'tab-after': b'5\t', 'space-inside': b'5 5',
    'comma': b'5,', 'dot': b'5.', 'quoted': b'"5"', 'sixteen-digits': b'0000000000000005', '64-bits': b'10000000000000000',
    '64-bits-and-5': b'10000000000000005', 'f-16': b'f' * 16, 'f-17': b'f' * 17, 'zeros-1000': b'0' * 1000 + b'5', 'nul': b'5\0',
    'nul-first': b'\x005', 'vertical-tab': b'5\x0b', 'form-feed': b'\x0c5', 'h-suffix': b'5h', 'nbsp': b'\xa05',
    'fullwidth': '\uff15'.encode(), 'colon': b'5:', 'equals': b'5=a', 'space-semicolon': b'5 ;a', 'crlf-before': b'\r\n5',
    'lf-before': b'\n5',
}.items():
    refuse('chunked/size-' + name, SIZE, chunked(size + b'\r\nhello\r\n0\r\n\r\n') + HIDDEN)

BROKEN = 'RFC 9112 7.1: what surrounds the data is CRLF, and extensions are text'
for name, body in {
    'lf-after-size': b'5\nhello\r\n0\r\n\r\n',
    'cr-after-size': b'5\rhello\r\n0\r\n\r\n',
    'cr-cr-after-size': b'5\r\r\nhello\r\n0\r\n\r\n',
    'lf-after-data': b'5\r\nhello\n0\r\n\r\n',
    'cr-after-data': b'5\r\nhello\r0\r\n\r\n',
    'nothing-after-data': b'5\r\nhello0\r\n\r\n',
    'two-bytes-after-data': b'5\r\nhelloXX0\r\n\r\n',
    'lf-cr-after-data': b'5\r\nhello\n\r0\r\n\r\n',
    'data-too-long': b'5\r\nhello world\r\n0\r\n\r\n',
    'data-too-short': b'6\r\nhello\r\n0\r\n\r\n',
    'empty-line-after-data': b'5\r\nhello\r\n\r\n0\r\n\r\n',
    'empty-size-for-last': b'5\r\nhello\r\n\r\n\r\n',
    'extension-for-size': b';a\r\n\r\n',
    'lf-after-last': b'0\n\r\n',
    'lf-at-end': b'0\r\n\n',
    'lf-lf-at-end': b'0\n\n',
    'cr-at-end': b'0\r\n\rx',
    'lf-in-extension': b'5;a\nhello\r\n0\r\n\r\n',
    'cr-in-extension': b'5;a\rb\r\nhello\r\n0\r\n\r\n',
    'nul-in-extension': b'5;a\0b\r\nhello\r\n0\r\n\r\n',
    'escape-in-extension': b'5;a\x1bb\r\nhello\r\n0\r\n\r\n',
    'del-in-extension': b'5;a\x7f\r\nhello\r\n0\r\n\r\n',
    'crlf-in-quotes': b'5;a="\r\n0\r\n\r\nx"\r\n',
    'lf-in-quotes': b'5;a="\n"\r\nhello\r\n0\r\n\r\n',
    'extension-long': b'5;' + b'a' * 5000 + b'\r\nhello\r\n0\r\n\r\n',
    'extension-flood': b''.join(b'1;%s\r\nx\r\n' % (b'a' * 200) for _ in range(25)) + b'0\r\n\r\n',
}.items():
    refuse('chunked/' + name, BROKEN, chunked(body) + HIDDEN)

TRAILER = 'RFC 9112 7.1.2: trailers are field lines'
for name, lines in {
    'no-colon': b'X-A\r\n', 'no-name': b': b\r\n', 'space-before-colon': b'X-A : b\r\n', 'space-first': b' X-A: b\r\n',
    'fold': b'X-A: b\r\n c\r\n', 'lf': b'X-A: b\n', 'cr': b'X-A: b\rc\r\n', 'cr-cr': b'X-A: b\r\r\n', 'nul': b'X-A: \0\r\n',
    'nul-in-name': b'X\0: b\r\n', 'control': b'X-A: \x01\r\n', 'del': b'X-A: \x7f\r\n', 'name-8bit': b'X\xe9: b\r\n',
    'request-line': b'GET /hidden HTTP/1.1\r\nHost: example.com\r\n', 'long-value': b'X-A: ' + b'v' * 9000 + b'\r\n',
    'long-name': b'X' * 9000 + b': v\r\n', 'many': b'X-A: b\r\n' * 1500,
}.items():
    refuse('chunked/trailer-' + name, TRAILER, chunked(b'5\r\nhello\r\n0\r\n' + lines + b'\r\n') + HIDDEN)

# ---- Host (RFC 9112 3.2, RFC 3986 3.2) ----------------------------------------------------------------------------

for name, host in {
    'name': b'example.com', 'port': b'example.com:8080', 'port-empty': b'example.com:', 'port-largest': b'example.com:65535',
    'ipv4': b'127.0.0.1', 'ipv4-port': b'127.0.0.1:9090', 'ipv6': b'[::1]', 'ipv6-port': b'[::1]:80', 'ipv6-long': b'[2001:db8:0:0:0:0:0:1]',
    'ipv6-gap': b'[2001:db8::1:2]', 'ipv6-gap-last': b'[fe80::]', 'ipv6-any': b'[::]', 'ipv6-ipv4': b'[::ffff:127.0.0.1]',
    'ipv6-seven': b'[1:2:3:4:5:6:7::]', 'underscore': b'my_app.internal', 'dot-last': b'example.com.', 'upper': b'EXAMPLE.Com',
    'escape': b'ex%41mple', 'sub-delims': b"a!$&'()*+;=~", 'single': b'x', 'digits': b'1234', 'dashes': b'xn--bcher-kva.example',
    'port-leading-zero': b'example.com:080',
}.items():
    accept('host/' + name, 'RFC 3986 3.2.2: a host', get(host=b'Host: ' + host + b'\r\n'), Request(host=host))
accept('host/ows', 'OWS around the value', get(host=b'Host:\texample.com \t\r\n'), Request())
accept('host/http-1.0-none', 'HTTP/1.0 may go without', get(host=b'', version=b'HTTP/1.0'), Request(version='1.0', host=None))
accept('host/http-1.0', 'HTTP/1.0 with a Host', get(version=b'HTTP/1.0'), Request(version='1.0'))
accept('host/last', 'Host as the last header', get(b'X-A: b', b'Host: example.com', host=b''), Request())

HOSTS = 'RFC 9112 3.2: exactly one valid Host'
refuse('host/missing', HOSTS, get(host=b'') + HIDDEN)
refuse('host/missing-with-others', HOSTS, get(b'X-Forwarded-Host: example.com', host=b'') + HIDDEN)
refuse('host/twice-same', HOSTS, get(b'Host: example.com') + HIDDEN)
refuse('host/twice-differ', HOSTS, get(b'Host: evil.example') + HIDDEN)
refuse('host/twice-case', HOSTS, get(b'host: evil.example') + HIDDEN)
refuse('host/twice-apart', HOSTS, get(b'X-A: b', b'HOST: evil.example') + HIDDEN)
refuse('host/twice-1.0', HOSTS, get(b'Host: evil.example', version=b'HTTP/1.0') + HIDDEN)
refuse('host/space-before-colon', NAMES, get(host=b'Host : example.com\r\n') + HIDDEN)
for name, host in {
    'empty': b'', 'only-space': b' ', 'only-port': b':80', 'space-inside': b'example.com evil.example', 'comma-list': b'a.example, b.example',
    'userinfo': b'user@example.com', 'userinfo-password': b'user:pass@example.com', 'path': b'example.com/x', 'query': b'example.com?x',
    'fragment': b'example.com#x', 'url': b'http://example.com', 'backslash': b'example.com\\x', 'port-letters': b'example.com:http',
    'port-sign': b'example.com:+80', 'port-minus': b'example.com:-1', 'port-large': b'example.com:65536', 'port-long': b'example.com:000080',
    'port-twice': b'example.com:80:80', 'port-space': b'example.com: 80', 'ipv6-bare': b'::1', 'ipv6-open': b'[::1', 'ipv6-close': b'::1]',
    'ipv6-empty': b'[]', 'ipv6-junk-after': b'[::1]x', 'ipv6-name': b'[example.com]', 'ipv6-nine': b'[1:2:3:4:5:6:7:8:9]',
    'ipv6-seven-no-gap': b'[1:2:3:4:5:6:7]', 'ipv6-two-gaps': b'[1::2::3]', 'ipv6-three-colons': b'[:::1]', 'ipv6-eight-and-gap': b'[1:2:3:4:5:6:7:8::]',
    'ipv6-five-digits': b'[::12345]', 'ipv6-colon-last': b'[1:2:3:4:5:6:7:]', 'ipv6-colon-first': b'[:1:2:3:4:5:6:7]',
    'ipv6-zone': b'[fe80::1%25eth0]', 'ipv6-ipv4-short': b'[::127.0.0]', 'ipv6-ipv4-large': b'[::256.0.0.1]', 'ipv6-ipv4-inside': b'[::1.2.3.4:5]',
    'ipv6-ipv4-only': b'[127.0.0.1]', 'ipv-future': b'[v1.x]', 'escape-broken': b'ex%4', 'escape-letters': b'ex%zz', '8bit': b'ex\xe9mple',
    'utf8': 'b\u00fccher.example'.encode(), 'angle': b'<x>', 'quote': b'"example.com"', 'pipe': b'a|b', 'brace': b'{host}', 'caret': b'a^b',
    'backtick': b'a`b', 'tab-inside': b'a\tb', 'nul': b'a\0b', 'double-bracket': b'[[::1]]',
}.items():
    refuse('host/' + name, HOSTS, get(host=b'Host: ' + host + b'\r\n') + HIDDEN)

# ---- the target (RFC 9112 3.2) ------------------------------------------------------------------------------------

for name, target in {
    'query': '/a/b?c=d&e=f', 'query-marks': '/a?b?c', 'query-only-mark': '/?', 'double-slash': '//a//b', 'dots': '/a/../b/./c',
    'escapes': '/a%20b%2Fc%c3%a9', 'escape-broken': '/a%zz', 'plus': '/a+b', 'semicolon': '/a;b=c', 'colon': '/a:b', 'at': '/@b',
    'quotes': '/"\'', 'angle': '/<b>', 'braces': '/{b}|^`', 'backslash': '/a\\b', 'tilde': '/~a', 'brackets': '/[a]',
    'url-in-path': '/http://evil.example/', 'url-in-query': '/?u=http://evil.example/', 'long': '/' + 'a' * 2000, 'only-query-slash': '/?/',
}.items():
    expected = escape(target.encode())
    accept('target/' + name, 'RFC 9112 3.2.1: origin-form', get(target=target.encode()),
           Request(expected[:-1] if target.endswith('?') else expected))

accept('target/asterisk', 'RFC 9112 3.2.4: asterisk-form', get(method=b'OPTIONS', target=b'*'), Request('*', method='OPTIONS'))
for name, (target, path, host) in {
    'absolute': (b'http://other.example/a?b', '/a?b', b'other.example'),
    'absolute-case': (b'HTTP://other.example/a', '/a', b'other.example'),
    'absolute-https': (b'https://other.example/a', '/a', b'other.example'),
    'absolute-port': (b'http://other.example:8080/', '/', b'other.example:8080'),
    'absolute-no-path': (b'http://other.example', '/', b'other.example'),
    'absolute-no-path-query': (b'http://other.example?a=b', '/?a=b', b'other.example'),
    'absolute-ipv6': (b'http://[::1]:80/a', '/a', b'[::1]:80'),
    'absolute-double-slash': (b'http://other.example//a', '//a', b'other.example'),
    'absolute-short': (b'http://x', '/', b'x'),
}.items():
    accept('target/' + name, 'RFC 9112 3.2.2: absolute-form; its authority replaces Host', get(target=target), Request(path, host=host))
accept('target/absolute-options', 'RFC 9112 3.2.4: OPTIONS of the server', get(method=b'OPTIONS', target=b'http://other.example'),
       Request('*', method='OPTIONS', host=b'other.example'))
accept('target/absolute-1.0', 'absolute-form in HTTP/1.0', get(target=b'http://other.example/a', version=b'HTTP/1.0', host=b''),
       Request('/a', version='1.0', host=b'other.example'))
refuse('target/absolute-no-host-header', 'RFC 9112 3.2.2: Host has to be there all the same', get(target=b'http://other.example/', host=b''))
refuse('target/absolute-bad-host-header', 'and to be valid', get(target=b'http://other.example/', host=b'Host: a b\r\n'))

TARGET = 'RFC 9112 3.2: one of the four forms, of visible ASCII without a fragment'
for name, target in {
    'fragment': b'/a#b', 'fragment-only': b'#b', 'fragment-in-query': b'/a?b#c', 'fragment-empty': b'/#', '8bit': b'/caf\xe9',
    'utf8': '/caf\u00e9'.encode(), 'nul': b'/a\0b', 'control': b'/a\x01b', 'del': b'/a\x7fb', 'tab': b'/a\tb', 'lf': b'/a\nb', 'cr': b'/a\rb',
    'space': b'/a b', 'no-slash': b'a', 'empty-query': b'?a', 'dot': b'.', 'dots-first': b'../a', 'backslash-first': b'\\a', 'percent-first': b'%2fa',
    'asterisk-get': b'*', 'asterisk-path': b'*/a', 'authority': b'example.com:80', 'authority-name': b'example.com', 'scheme-ftp': b'ftp://example.com/',
    'scheme-ws': b'ws://example.com/', 'scheme-file': b'file:///etc/passwd', 'scheme-httpx': b'httpx://example.com/', 'scheme-javascript': b'javascript:alert(1)',
    'scheme-empty': b'://example.com/', 'scheme-space': b'http ://example.com/', 'absolute-one-slash': b'http:/example.com/', 'absolute-no-slash': b'http:example.com',
    'absolute-empty': b'http://', 'absolute-empty-path': b'http:///a', 'absolute-empty-query': b'http://?a', 'absolute-userinfo': b'http://user@example.com/',
    'absolute-password': b'http://user:pass@example.com/', 'absolute-bad-port': b'http://example.com:x/', 'absolute-only-port': b'http://:80/',
    'absolute-fragment': b'http://example.com#a', 'absolute-backslash': b'http://example.com\\@evil.example/', 'absolute-ipv6-open': b'http://[::1/',
    'absolute-escape': b'http://exam%ple.com/', 'absolute-https-empty': b'https://', 'absolute-https-one-slash': b'https:/a',
}.items():
    refuse('target/' + name, TARGET, get(target=target) + HIDDEN)
refuse('target/asterisk-options-path', TARGET, get(target=b'*x', method=b'OPTIONS') + HIDDEN)
refuse('target/asterisk-options-query', TARGET, get(target=b'*?x', method=b'OPTIONS') + HIDDEN)

# ---- Connection, Upgrade (RFC 9112 9) and Expect (RFC 9110 10.1.1) ------------------------------------------------

for name, (headers, version, keep) in {
    'close': ((b'Connection: close',), '1.1', False),
    'close-case': ((b'connection: CLOSE',), '1.1', False),
    'close-ows': ((b'Connection: \t close \t',), '1.1', False),
    'close-in-list': ((b'Connection: X-A, close , X-B',), '1.1', False),
    'close-empty-items': ((b'Connection: ,, ,close,',), '1.1', False),
    'close-two-lines': ((b'Connection: keep-alive', b'Connection: close'), '1.1', False),
    'close-and-keep-alive': ((b'Connection: close, keep-alive',), '1.1', False),
    'keep-alive': ((b'Connection: keep-alive',), '1.1', True),
    'closed-is-not-close': ((b'Connection: closed',), '1.1', True),
    'close-space-inside': ((b'Connection: clo se',), '1.1', True),
    'close-quoted': ((b'Connection: "close"',), '1.1', True),
    'empty': ((b'Connection:',), '1.1', True),
    'commas': ((b'Connection: , ,\t,',), '1.1', True),
    'proxy-connection': ((b'Proxy-Connection: close',), '1.1', True),
    '1.0-keep-alive': ((b'Connection: keep-alive',), '1.0', True),
    '1.0-keep-alive-case': ((b'Connection: Keep-Alive',), '1.0', True),
    '1.0-keep-alive-list': ((b'Connection: TE, keep-alive',), '1.0', True),
    '1.0-keep-alive-close': ((b'Connection: keep-alive, close',), '1.0', False),
    '1.0-none': ((), '1.0', False),
    '1.0-proxy-connection': ((b'Proxy-Connection: keep-alive',), '1.0', False),
    '1.0-keep-alive-header': ((b'Keep-Alive: 300',), '1.0', False),
}.items():
    following = (Request('/next'),) if keep else ()
    accept('connection/' + name, 'RFC 9112 9.3: whether the connection stays', get(*headers, version=b'HTTP/' + version.encode()) + NEXT,
           Request(version=version, keep=keep), *following)
accept('connection/close-with-body', 'the body is read, then it closes', post(b'Connection: close', b'Content-Length: 2', body=b'ab') + HIDDEN,
       Request(method='POST', keep=False, body=b'ab'))
accept('connection/names-host', 'RFC 9110 7.6.1 is for proxies: Host stays', get(b'Connection: Host'), Request())
accept('connection/names-length', 'and so does Content-Length', post(b'Connection: Content-Length', b'Content-Length: 2', body=b'ab') + NEXT,
       Request(method='POST', body=b'ab'), Request('/next'))

accept('upgrade/websocket', 'RFC 9110 7.8', get(b'Connection: keep-alive, Upgrade', b'Upgrade: websocket'), Request(upgrade=True))
accept('upgrade/no-option', 'without the option of Connection it is nothing', get(b'Upgrade: websocket') + NEXT, Request(), Request('/next'))
accept('upgrade/no-header', 'and without the header', get(b'Connection: Upgrade') + NEXT, Request(), Request('/next'))
accept('upgrade/empty', 'and with an empty one', get(b'Connection: Upgrade', b'Upgrade:') + NEXT, Request(), Request('/next'))
accept('upgrade/1.0', 'RFC 9110 7.8: HTTP/1.0 cannot', get(b'Connection: upgrade, keep-alive', b'Upgrade: h2c', version=b'HTTP/1.0'),
       Request(version='1.0', keep=True))
accept('upgrade/body', 'an upgrade with a body', post(b'Connection: upgrade', b'Upgrade: h2c', b'Content-Length: 2', body=b'ab'),
       Request(method='POST', upgrade=True, body=b'ab'))

accept('expect/continue', 'RFC 9110 10.1.1', post(b'Expect: 100-continue', b'Content-Length: 2', body=b'ab'),
       Request(method='POST', expect=True, body=b'ab'))
accept('expect/case', 'in any case', post(b'EXPECT: 100-Continue', b'Content-Length: 2', body=b'ab'),
       Request(method='POST', expect=True, body=b'ab'))
accept('expect/chunked', 'with a chunked body', post(b'Expect: 100-continue', b'Transfer-Encoding: chunked', body=b'0\r\n\r\n'),
       Request(method='POST', expect=True, body=b''))
accept('expect/no-body', 'without a body there is nothing to wait for', get(b'Expect: 100-continue') + NEXT, Request(), Request('/next'))
accept('expect/length-0', 'nor with an empty one', post(b'Expect: 100-continue', b'Content-Length: 0') + NEXT,
       Request(method='POST', body=b''), Request('/next'))
accept('expect/1.0', 'HTTP/1.0: ignored', post(b'Expect: 100-continue', b'Content-Length: 2', version=b'HTTP/1.0', body=b'ab'),
       Request(method='POST', version='1.0', body=b'ab'))
accept('expect/waiting', 'no body yet', post(b'Expect: 100-continue', b'Content-Length: 2'))
for name, value in {'other': b'200-ok', 'empty': b'', 'list': b'100-continue, x', 'twice': b'100-continue, 100-continue', 'parameter': b'100-continue;q=1',
                    'number': b'100', 'space': b'100 continue', 'prefix': b'100-continuex', 'control-like': b'100\xadcontinue'}.items():
    refuse('expect/' + name, 'RFC 9110 10.1.1: an expectation that cannot be met',
           post(b'Expect: ' + value, b'Content-Length: 2', body=b'ab') + HIDDEN, 417)

# ---- pipelining (RFC 9112 9.3.2) ----------------------------------------------------------------------------------

accept('pipeline/three', 'in order', get(target=b'/1') + get(target=b'/2') + get(target=b'/3'), Request('/1'), Request('/2'), Request('/3'))
accept('pipeline/bodies', 'bodies of both kinds in between',
       post(b'Content-Length: 3', target=b'/1', body=b'abc') + post(b'Transfer-Encoding: chunked', target=b'/2', body=b'2\r\nde\r\n0\r\n\r\n') + NEXT,
       Request('/1', method='POST', body=b'abc'), Request('/2', method='POST', body=b'de'), Request('/next'))
accept('pipeline/twenty', 'many', b''.join(get(target=b'/%d' % i) for i in range(20)), *(Request('/%d' % i) for i in range(20)))
accept('pipeline/closed', 'nothing after a close', get(b'Connection: close') + HIDDEN, Request(keep=False))
accept('pipeline/1.0', 'nothing after HTTP/1.0', get(version=b'HTTP/1.0') + HIDDEN, Request(version='1.0'))
accept('pipeline/refused-second', 'the first is run, the second refused, the third not looked at',
       get(target=b'/1') + get(target=b'/2', host=b'') + HIDDEN, Request('/1'), end=400)
accept('pipeline/refused-chunk', 'a broken chunk ends the connection',
       get(target=b'/1') + chunked(b'0x5\r\nhello\r\n0\r\n\r\n') + HIDDEN, Request('/1'), end=400)
accept('pipeline/length-too-short', 'what the length leaves is the next request, and this one is none',
       post(b'Content-Length: 3', body=b'hel(o') + HIDDEN, Request(method='POST', body=b'hel'), end=400)
accept('pipeline/half', 'a request and a half', get() + NEXT[:20], Request())
accept('pipeline/garbage', 'a request, then none', get() + b'\0\0\0\0', Request(), end=400)
refuse('pipeline/refused-first', 'a second request is never run after an invalid first', get(b'Content-Length: x') + HIDDEN)

# ---- sizes --------------------------------------------------------------------------------------------------------

SIZES = 'beyond every sensible limit'
refuse('limits/target', SIZES, get(target=b'/' + b'a' * 20000) + HIDDEN, 414)
refuse('limits/target-without-end', SIZES, b'GET /' + b'a' * 40000, 414)
refuse('limits/method-without-end', SIZES, b'A' * 40000, 431)
refuse('limits/headers-200', SIZES, get(*(b'X-%d: a' % i for i in range(200))) + HIDDEN, 431)
refuse('limits/headers-2000', SIZES, get(*[b'A:'] * 2000) + HIDDEN, 431)
refuse('limits/value', SIZES, get(b'X-A: ' + b'v' * 40000) + HIDDEN, 431)
refuse('limits/name', SIZES, get(b'X' * 40000 + b': v') + HIDDEN, 431)
refuse('limits/value-without-end', SIZES, get(b'X-A: ' + b'v' * 40000)[:-4], 431)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--check', action='store_true')
    check = parser.parse_args().check
    there = {str(path.relative_to(CORPUS).with_suffix('')): path for path in CORPUS.rglob('*.case')}
    stale = [name for name, data in CASES.items() if name not in there or there[name].read_bytes() != data]
    if check:
        wrong = sorted(set(stale) | set(there) - set(CASES))
        print('\n'.join(wrong), end='\n' if wrong else '')
        return bool(wrong)
    for name in stale:
        path = CORPUS / (name + '.case')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CASES[name])
    for name in set(there) - set(CASES):
        there[name].unlink()
    print('%d cases, %d written' % (len(CASES), len(stale)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
