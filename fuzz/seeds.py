"""Writes the seeds of the fuzz targets: DIRECTORY/seeds/TARGET/, from tests/wire/corpus/.

    python3 fuzz/seeds.py build/fuzz
"""

import struct
import sys
from pathlib import Path

CORPUS = Path(__file__).parent.parent / 'tests' / 'wire' / 'corpus'

# Longer ones only slow the fuzzer down: it has small limits.
LENGTH = 3000

VARIABLES = [(b'REQUEST_METHOD', b'GET'), (b'PATH_INFO', b'/a'), (b'QUERY_STRING', b''), (b'HTTP_HOST', b'example.com'),
             (b'CONTENT_LENGTH', b'5'), (b'X', b'v' * 300)]


def packets():
    def text(value):
        return struct.pack('<H', len(value)) + value

    for count in range(len(VARIABLES) + 1):
        body = b''.join(text(key) + text(value) for key, value in VARIABLES[:count])
        yield body
        yield struct.pack('<BHB', 0, len(body), 0) + body


def responses():
    """What fuzz_response.c reads: choices, status, chunks; every choice alone, and one after the other."""
    kinds = [bytes([choices, status, len(sizes), *sizes])
             for choices in (0, 1, 2, 8, 10, 16, 18, 24, 64, 4, 6, 32, 40) for status in range(3)
             for sizes in ((), (5,), (1, 0, 255))]
    for kind in kinds:
        yield kind + b'body'
    yield b''.join(kind for kind in kinds if kind[0] in (0, 1, 16))[:200]
    yield b'\0\0\1\x40' * 8 + b'0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'


def main():
    streams = [path.read_bytes().split(b'\n---\n', 1)[1] for path in sorted(CORPUS.rglob('*.case'))]
    bodies = [data.split(b'\r\n\r\n', 1)[1] for data in streams if b'Transfer-Encoding: chunked\r\n\r\n' in data]
    for target, seeds in {'head': streams, 'chunked': bodies, 'packet': packets(),
                          'response': responses()}.items():
        directory = Path(sys.argv[1]) / 'seeds' / target
        directory.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(seeds):
            if len(data) <= LENGTH:
                (directory / ('%04d' % number)).write_bytes(data)


if __name__ == '__main__':
    main()
