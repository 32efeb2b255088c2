"""How SQLite is opened: files, PRAGMAs, and whose turn it is to write."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal

from ..folders import sync_folder

Durability = Literal["full", "relaxed"]
"""``full``: a commit has reached the disk when it is answered. ``relaxed``: a power failure may
lose the latest commits, a crash of the process may not; the file stays sound either way."""

PAGE_BYTES = 4096
"""What a change to a random key writes at least, twice (WAL, then database). Rows of ``object``
have about 300 bytes, and a page is the unit of SSDs and file systems too."""

CHECKPOINT_PAGES = 4000
"""16 MiB of WAL: the commit that crosses it copies the changed pages into the database. Larger
makes that commit slower, smaller makes such commits, each with fsyncs of its own, more frequent.
Measured with 16 KiB objects from 32 clients: such a commit took 20 ms at 4 MiB, 45 ms at 16 MiB
and 90 ms at 64 MiB, and 16 MiB had the best rate."""

BUSY_SECONDS = 5.0
"""A backstop: writers take turns (:class:`WriterTurn`) and readers do not wait for writers. What
is left are moments such as another process opening or closing the database."""

_EVERYWHERE = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    # No mmap: an I/O error would kill the process with SIGBUS instead of failing one query.
    "PRAGMA mmap_size = 0",
)
_READER = ("PRAGMA cache_size = -4096", "PRAGMA query_only = ON")  # KiB, for each connection
_WRITER = (
    f"PRAGMA page_size = {PAGE_BYTES}",  # counts only before the first table is made
    "PRAGMA journal_mode = WAL",
    "PRAGMA cache_size = -16384",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
    "PRAGMA journal_size_limit = 67108864",  # after a burst the WAL shrinks to 64 MiB
)
_MEMORY = (f"PRAGMA page_size = {PAGE_BYTES}",)  # that of files, so that one becomes the other
_SYNCHRONOUS: dict[Durability, str] = {
    "full": "PRAGMA synchronous = FULL",
    "relaxed": "PRAGMA synchronous = NORMAL",
}


def create_file(path: Path) -> None:
    """Make an empty database, readable by nobody else, unless there is a file already.

    SQLite gives the ``-wal`` and ``-shm`` files the same mode.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.close(descriptor)
    sync_folder(path.parent)


class WriterTurn:
    """Lets the writers of several processes take turns, in the kernel's queue.

    SQLite alone would make a second writer sleep and poll, and starve it under load. The lock is
    on a file of its own because SQLite's locks on the database file are not ours to touch; it
    ends with the process, however that ends.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(
            path.with_name(path.name + "-writer"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give up the file. Not while the turn is held."""
        os.close(self._descriptor)


def set_up_reader() -> Callable[[sqlite3.Connection], None]:
    """What makes a new connection a reader."""
    return _set_up((*_EVERYWHERE, *_READER))


def set_up_writer(durability: Durability, turn: WriterTurn) -> Callable[[sqlite3.Connection], None]:
    """What makes a new connection the writer; holds the turn, as the switch to WAL needs it."""
    set_up = _set_up((*_WRITER, *_EVERYWHERE, _SYNCHRONOUS[durability]))

    def in_turn(connection: sqlite3.Connection) -> None:
        with turn:
            set_up(connection)

    return in_turn


def set_up_memory(connection: sqlite3.Connection) -> None:
    """Make a new connection to a database in memory ready for everything."""
    _set_up((*_MEMORY, *_EVERYWHERE))(connection)


def _set_up(pragmas: tuple[str, ...]) -> Callable[[sqlite3.Connection], None]:
    def set_up(connection: sqlite3.Connection) -> None:
        for pragma in pragmas:
            connection.execute(pragma).fetchall()

    return set_up
