"""Whether anybody has committed anything since: what answers are kept by.

``PRAGMA data_version`` tells, whatever process it was. It takes 10 microseconds, four system calls
among them, and gives up the interpreter, which under load costs as much again several times. SQLite
itself looks at the header of the index of the write-ahead log, a file that all processes have mapped
into memory. Its format is documented, and so is what changes there with each commit; looking at it
from here takes half a microsecond.

https://www.sqlite.org/walformat.html#the_wal_index_header
"""

from __future__ import annotations

import mmap
import sqlite3
import sys
from io import FileIO
from pathlib import Path
from typing import Protocol

_COPY_BYTES = 48
_HEADER_BYTES = 2 * _COPY_BYTES
_VERSION = 3007000
_IS_INITIALIZED = 12  # the place of that byte


class Commits(Protocol):
    """Tells states of a database apart."""

    def state(self) -> object:
        """Equal to an earlier answer only if nobody has committed anything in between.

        What was answered to somebody as committed is part of the state from then on.
        """


class DataVersion:
    """Asks SQLite.

    Args:
        connection: one that never commits anything itself.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._cursor = connection.cursor()

    def state(self) -> object:
        return self._cursor.execute("PRAGMA data_version").fetchone()


class WalIndex:
    """Looks at the header of the index.

    It is there twice: a writer changes the second copy, then the first. Copies that differ are those
    of a commit that is not over.

    It has to be closed after every connection of this process to the database: POSIX takes the locks
    that SQLite has on a file away from a process that closes any descriptor of that file.

    Args:
        database: the file with the database, which this process has open in WAL mode.

    Raises:
        OSError: there is no index.

    Attributes:
        is_known: whether the index could be mapped and is of the form that is known here. If not, it
            tells nothing, and is to be closed like any other.
    """

    def __init__(self, database: Path) -> None:
        self._file = FileIO(database.with_name(database.name + "-shm"))
        self._index = _map(self._file)
        header = self._index[:_COPY_BYTES]
        version = int.from_bytes(header[:4], sys.byteorder)
        self.is_known = version == _VERSION and header[_IS_INITIALIZED] == 1

    def state(self) -> object:
        header = self._index[:_HEADER_BYTES]
        first = header[:_COPY_BYTES]
        return first if header.endswith(first) else object()

    def close(self) -> None:
        """See the class for when."""
        if isinstance(self._index, mmap.mmap):
            self._index.close()
        self._file.close()


def _map(file: FileIO) -> mmap.mmap | bytes:
    """The header; some of zeros if it cannot be had."""
    try:
        return mmap.mmap(file.fileno(), _HEADER_BYTES, prot=mmap.PROT_READ)
    except (OSError, ValueError):
        return bytes(_HEADER_BYTES)
