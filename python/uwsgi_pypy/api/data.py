# SPDX-License-Identifier: MIT
"""Files and other places by URL, and data embedded into uWSGI's binary."""
import struct

from _uwsgi_pypy import ffi, lib

from . import arguments

__all__ = ('embedded_data', 'extract')

HTTP_TIMEOUT = 30  # seconds


def find_embedded(name):
    """Returns the data (bytes) between the symbols _binary_NAME_start and _end, or None. `name` is a C string."""
    length = ffi.new('size_t *')
    start = lib.upp_data_embedded(name, length)
    return None if start == ffi.NULL else ffi.unpack(start, length[0])


def embedded_data(name):
    """Returns what is embedded as `name` (str or bytes), as bytes. ValueError: there is no such symbol."""
    found = find_embedded(arguments.to_c_string(name, 'symbol'))
    if found is None:
        raise ValueError('unable to find symbol %r' % name)
    return found


# -- schemes: each takes what stands behind '://' as bytes and returns bytes; OSError ------------------------------

def _from_descriptor(rest):
    if not rest.isdigit() or len(rest) > 9:
        raise ValueError('a fd:// URL has a number, not %r' % rest)
    with open(int(rest), 'rb', closefd=False) as file:
        return file.read()


def _from_http(rest):
    import http.client
    address, slash, path = rest.decode('latin-1').partition('/')
    connection = http.client.HTTPConnection(address, timeout=HTTP_TIMEOUT)
    try:
        connection.request('GET', slash + path or '/')
        with connection.getresponse() as response:
            if response.status != 200:
                raise OSError('http://%s: %d %s' % (rest.decode('latin-1'), response.status, response.reason))
            return response.read()
    except http.client.HTTPException as error:
        raise OSError('http://%s: %r' % (rest.decode('latin-1'), error)) from error
    finally:
        connection.close()


def _from_command(rest):
    import subprocess
    done = subprocess.run(['/bin/sh', '-c', rest], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    if done.returncode:
        raise OSError('exec://%s: exit status %d' % (rest.decode('utf-8', 'backslashreplace'), done.returncode))
    return done.stdout


def _from_slot(rest):
    """Data behind the end of uWSGI's binary, each with its length after it; slot 0 is the last."""
    if not rest.isdigit() or len(rest) > 9:
        raise ValueError('a data:// URL has a number, not %r' % rest)
    missing = OSError("data://%d: uWSGI's binary has no such slot" % int(rest))
    with open(ffi.string(lib.upp_data_binary()), 'rb') as file:
        end = file.seek(0, 2)
        for _ in range(int(rest) + 1):
            file.seek(max(end - 8, 0))
            size, = struct.unpack('=Q', file.read(8))
            end -= 8 + size
            if not size or end < 0:
                raise missing
        file.seek(end)
        return file.read(size)


def _from_symbol(rest):
    text = lib.upp_data_text(rest)
    found = ffi.string(text) if text != ffi.NULL else find_embedded(rest)
    if found is None:
        raise OSError('sym://%s: there is no such symbol' % rest.decode('utf-8', 'backslashreplace'))
    return found


def _from_section(rest):
    length = ffi.new('size_t *')
    data = lib.upp_data_section(rest, length)
    if data == ffi.NULL:
        raise OSError("section://%s: uWSGI's binary has no such section" % rest.decode('utf-8', 'backslashreplace'))
    try:
        return ffi.unpack(data, length[0]) if length[0] else b''
    finally:
        lib.upp_data_free(data)


_SCHEMES = {b'fd': _from_descriptor, b'http': _from_http, b'exec': _from_command, b'data': _from_slot,
            b'sym': _from_symbol, b'section': _from_section}


def read_url(url):
    """Returns the bytes at a path, '-' (standard input) or URL, which is bytes. OSError, ValueError."""
    scheme, separator, rest = url.partition(b'://')
    if not separator:
        if url == b'-':
            return _from_descriptor(b'0')
        with open(url, 'rb') as file:
            return file.read()
    read = _SCHEMES.get(scheme)
    if read is None:
        raise ValueError('URL must be a path or have one of the schemes %s, not %r'
                         % (', '.join(sorted(name.decode() for name in _SCHEMES)), url))
    return read(rest)


def extract(url):
    """Returns what is at `url` (str or bytes: a path, fd://, http://, exec://, data://, sym://, section://) as bytes.

    None: there is nothing in it. OSError: it cannot be read. ValueError: a scheme that is not known.
    """
    return read_url(arguments.to_c_string(url, 'URL')) or None
