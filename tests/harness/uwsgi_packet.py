"""The uwsgi protocol: how a web server hands a request to uWSGI.

    modifier1 (1 byte)  size of the vars (2 bytes, little endian)  modifier2 (1 byte)
    then for each variable: length (2 bytes) name, length (2 bytes) value; then the body.
"""

import struct
from urllib.parse import unquote_to_bytes


def as_bytes(text):
    return text.encode('latin-1') if isinstance(text, str) else bytes(text)


def packet(variables, modifier1=0, modifier2=0):
    """The request packet for these variables: a dict or a list of pairs, str (latin-1) or bytes."""
    pairs = variables.items() if isinstance(variables, dict) else variables
    data = b''
    for name, value in pairs:
        name, value = as_bytes(name), as_bytes(value)
        data += struct.pack('<H', len(name)) + name + struct.pack('<H', len(value)) + value
    return struct.pack('<BHB', modifier1, len(data), modifier2) + data


def request_variables(method, target, headers=(), protocol='HTTP/1.1'):
    """What a web server sends for a request line and headers, as a dict of bytes."""
    target = as_bytes(target)
    path, _, query = target.partition(b'?')
    variables = {
        b'REQUEST_METHOD': as_bytes(method),
        b'REQUEST_URI': target,
        b'PATH_INFO': unquote_to_bytes(path),
        b'QUERY_STRING': query,
        b'SERVER_PROTOCOL': as_bytes(protocol),
        b'SCRIPT_NAME': b'',
        b'SERVER_NAME': b'localhost',
        b'SERVER_PORT': b'80',
        b'REMOTE_ADDR': b'127.0.0.1',
        b'REMOTE_PORT': b'50000',
    }
    for name, value in headers:
        name = as_bytes(name).upper().replace(b'-', b'_')
        if name not in (b'CONTENT_TYPE', b'CONTENT_LENGTH'):
            name = b'HTTP_' + name
        value = as_bytes(value)
        variables[name] = variables[name] + b', ' + value if name in variables else value
    return variables
