# SPDX-License-Identifier: MIT
"""wsgi.file_wrapper (PEP 3333, "Optional Platform-Specific File Handling")."""
import io
import os
import stat
import tempfile

_PLAIN = (io.FileIO, io.BufferedReader, io.BufferedRandom)


class FileWrapper:
    """An iterable over a file-like object in blocks of `blksize` bytes.

    Returned by an application as its whole response, a plain file goes out by
    sendfile from its current position; anything else is read and written.
    """

    __slots__ = ('filelike', 'blksize', 'close')

    def __init__(self, filelike, blksize=8192):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, 'close'):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.blksize)
        if data:
            return data
        raise StopIteration


def plain_region(filelike):
    """Returns (descriptor, position, length) in bytes of what is left of a plain file, else None.

    Only Python's own file objects qualify: others have a fileno() too, but what
    read() gives is not what the descriptor holds (gzip), or more than it (pipes).
    """
    if isinstance(filelike, tempfile._TemporaryFileWrapper):
        filelike = filelike.file
    if type(filelike) not in _PLAIN or type(getattr(filelike, 'raw', filelike)) is not io.FileIO:
        return None
    try:
        descriptor = filelike.fileno()
        status = os.fstat(descriptor)
        # a size of 0: nothing to gain, and files of /proc do not tell theirs
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return None
        if filelike.writable():
            filelike.flush()
        position = filelike.tell()
    except (OSError, ValueError):
        return None
    return descriptor, position, max(os.fstat(descriptor).st_size - position, 0)
