"""How bytes get from a block in memory into a large file: past the page cache, if the system can.

The page cache costs a copy of every byte, 1 to 4 ms a MiB where a virtual machine has to give the cache
pages that it never had before, and drives out of it what is read often. What a large upload writes is
seldom read at once. Past the cache (``O_DIRECT``), 0.1 ms a MiB of the processor are left, and an upload
of 1 GiB is twice as fast.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from io import FileIO
from typing import Protocol

from .disk import write_all
from .write_out import WriteOut

DIRECT_BYTES = 8 * 1024 * 1024
"""From this size on a file is written past the page cache."""

_BUFFER_BYTES = 512 * 1024
"""Each large upload has one, however many there are. One stream is 15 % faster than with half of it,
for each write wakes a thread where another one hashes, and no faster with the double."""

_DIRECT = getattr(os, "O_DIRECT", 0)  # Linux and FreeBSD have it


class FileWriter(Protocol):
    """Appends to one file. All methods block."""

    def append(self, piece: bytes | memoryview) -> None:
        """Take what comes next. Raises ``OSError``."""

    def finish(self) -> None:
        """Write what is not written yet; nothing follows. Raises ``OSError``."""

    def close(self) -> None:
        """Give back memory; what is not written yet never will be. Allowed twice."""


def open_writer(file: FileIO, size_bytes: int | None, *, is_durable: bool) -> FileWriter:
    """What fits a new file.

    Args:
        size_bytes: how large it is going to be, None if nobody knows.
        is_durable: whether it will be synced. What never is may as well wait in memory.
    """
    if is_durable and (size_bytes or 0) >= DIRECT_BYTES and _set_direct(file, is_direct=True):
        return DirectWriter(file)
    return CachedWriter(file, is_durable=is_durable)


class CachedWriter:
    """Writes as everybody does."""

    def __init__(self, file: FileIO, *, is_durable: bool) -> None:
        self._file = file
        self._size_bytes = 0
        self._write_out = WriteOut() if is_durable else None

    def append(self, piece: bytes | memoryview) -> None:
        write_all(self._file, piece)
        self._size_bytes += len(piece)
        if self._write_out is not None:
            self._write_out.reached(self._file, self._size_bytes)

    def finish(self) -> None:
        """All is written."""

    def close(self) -> None:
        """There is none."""


class DirectWriter:
    """Gathers what comes where a disk can fetch it: in whole pages, aligned. See open(2).

    The rest at the end of a file goes the ordinary way.

    Args:
        file: in direct mode.
    """

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._buffer = mmap.mmap(-1, _BUFFER_BYTES)
        self._filled = 0
        self._is_direct = True

    def append(self, piece: bytes | memoryview) -> None:
        position = 0
        while position < len(piece):
            size = min(len(piece) - position, _BUFFER_BYTES - self._filled)
            with memoryview(piece)[position : position + size] as stretch:
                self._buffer[self._filled : self._filled + size] = stretch
            position += size
            self._filled += size
            if self._filled == _BUFFER_BYTES:
                self._write()

    def finish(self) -> None:
        self._leave_direct()
        self._write()

    def close(self) -> None:
        self._buffer.close()

    def _write(self) -> None:
        with memoryview(self._buffer) as whole:
            written = 0
            while written < self._filled:
                with whole[written : self._filled] as rest:
                    written += self._write_some(rest)
        self._filled = 0

    def _write_some(self, rest: memoryview) -> int:
        try:
            return self._file.write(rest)
        except OSError as error:
            if error.errno != errno.EINVAL or not self._is_direct:
                raise
        # It would not take this after all, such as what is no multiple of its sectors.
        self._leave_direct()
        return 0

    def _leave_direct(self) -> None:
        _set_direct(self._file, is_direct=False)
        self._is_direct = False


def _set_direct(file: FileIO, *, is_direct: bool) -> bool:
    """Answers whether it is so now."""
    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    wanted = flags | _DIRECT if is_direct else flags & ~_DIRECT
    try:
        fcntl.fcntl(file, fcntl.F_SETFL, wanted)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return bool(_DIRECT)
