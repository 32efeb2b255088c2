"""What a database stands on: its connections, and whose turn it is to write.

An engine is opened and closed; in between, :class:`~bleepstore.metadata.database.Database` runs
transactions on its two pools. This one keeps everything in a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import txaio
from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.threads import deferToThreadPool

from . import sqlite
from .commits import Commits, DataVersion, WalIndex
from .dialects import SQLITE, Dialect
from .lookups import LookUps

log = txaio.make_logger()

MAX_READERS = 2
"""One, and another for when that waits for the disk. Python runs one thread at a time: more of them
would only take the interpreter from each other, at each row."""


class Engine(Protocol):
    """A database engine. Its connections are in autocommit mode, so that we say what begins."""

    @property
    def dialect(self) -> Dialect:
        """What SQL it speaks."""

    @property
    def writer(self) -> ConnectionPool:
        """One connection."""

    @property
    def readers(self) -> ConnectionPool:
        """Several connections, or the writer's one."""

    @property
    def turn(self) -> AbstractContextManager[Any]:
        """Held from before a write transaction to after its end."""

    def open_lookups(self) -> LookUps | None:
        """A way to look things up without a thread, if the engine has one. It is the caller's."""

    async def open(self) -> None:
        """Make the connections possible."""

    async def close(self) -> None:
        """Close them; nothing is under way."""


class FileEngine:
    """SQLite on one file, which several processes may share.

    Args:
        path: the database file; its folder is made if need be.
        reactor: runs the threads (``IReactorThreads``, ``IReactorCore``).
        durability: see :data:`~bleepstore.metadata.sqlite.Durability`.
    """

    dialect = SQLITE
    writer: ConnectionPool
    readers: ConnectionPool
    turn: sqlite.WriterTurn

    def __init__(self, path: Path, reactor: Any, durability: sqlite.Durability = "full") -> None:
        self._path = path
        self._reactor = reactor
        self._durability = durability
        self._index: WalIndex | None = None

    async def open(self) -> None:
        """Raises what the operating system says of the path."""
        threads = self._reactor.getThreadPool()
        await deferToThreadPool(self._reactor, threads, sqlite.create_file, self._path)
        self.turn = sqlite.WriterTurn(self._path)
        set_up_writer = sqlite.set_up_writer(self._durability, self.turn)
        self.writer = connections(self._path, 1, set_up_writer, self._reactor)
        self.readers = connections(self._path, MAX_READERS, sqlite.set_up_reader(), self._reactor)

    def open_lookups(self) -> LookUps:
        """Raises what SQLite says of the file, which is a database by now."""
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        sqlite.set_up_reader()(connection)
        return LookUps(connection, self.dialect, self._commits(connection))

    def _commits(self, connection: sqlite3.Connection) -> Commits:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # maps the index
        try:
            self._index = WalIndex(self._path)
        except OSError as error:
            log.debug("the index of the WAL cannot be opened: {problem}", problem=str(error))
        if self._index is not None and self._index.is_known:
            return self._index
        return DataVersion(connection)

    async def close(self) -> None:
        try:
            # In the writer's thread, so that closing finds nothing left to copy.
            await self.writer.runWithConnection(_checkpoint)
        finally:
            self.readers.close()
            self.writer.close()
            self.turn.close()
            if self._index is not None:
                self._index.close()


def connections(
    path: Path | str, size: int, set_up: Callable[[Any], None], reactor: Any
) -> ConnectionPool:
    """A pool of at most ``size`` connections, each with a thread of its own."""
    return ConnectionPool(
        "sqlite3",
        path,
        isolation_level=None,
        check_same_thread=False,  # closed from the reactor's thread
        timeout=sqlite.BUSY_SECONDS,
        cp_min=1,
        cp_max=size,
        cp_openfun=set_up,
        cp_reactor=reactor,
    )


def _checkpoint(connection: Any) -> None:
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    except sqlite3.Error as error:  # a full or broken disk: what is in the WAL is not lost there
        log.error("the WAL is left to the next start: {problem}", problem=error)
