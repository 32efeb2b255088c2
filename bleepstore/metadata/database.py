"""The door to SQL: a pool of readers, and one writer with group commit.

Python's sqlite3 does not isolate a read from the write that depends on it by itself, so
connections run in autocommit mode and every transaction here begins and ends explicitly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from ..errors import S3Error
from ..interfaces import IDatabase
from . import sqlite
from .batch import run_batch
from .commit_queue import Change, CommitQueue
from .counters import Counters
from .dialects import SQLITE
from .migrate import known_steps, migrate
from .transaction import Transaction

T = TypeVar("T")
C = TypeVar("C")

MAX_READERS = 4
"""Reads are short and Python runs one thread at a time: more would only queue elsewhere."""


@implementer(IDatabase)
class Database:
    """Metadata in one SQLite file, which several processes may share.

    Args:
        path: the database file; its folder is made if need be.
        reactor: runs the threads (``IReactorThreads``, ``IReactorCore``).
        durability: see :data:`~bleepstore.metadata.sqlite.Durability`.
    """

    def __init__(self, path: Path, reactor: Any, durability: sqlite.Durability = "full") -> None:
        self.counters = Counters()
        self._path = path
        self._reactor = reactor
        self._durability = durability
        self._queue = CommitQueue(self._commit, self.counters)
        self._running = False
        self._reads = 0
        self._last_read: Deferred[None] | None = None

    @property
    def queue_length(self) -> int:
        """Changes that wait for the writer."""
        return self._queue.length

    def start(self) -> Deferred[None]:
        """Open the file, bring its schema up to date, and accept work.

        Raises :class:`~bleepstore.errors.SchemaTooNew`, or what the operating system says of the
        path.
        """
        return Deferred.fromCoroutine(self._start())

    def stop(self) -> Deferred[None]:
        """Refuse new work, wait for what is in flight, close every connection and thread."""
        return Deferred.fromCoroutine(self._stop())

    def read(self, description: str, function: Callable[..., T], *arguments: Any) -> Deferred[T]:
        """See :class:`~bleepstore.interfaces.IDatabase`."""
        self._require_running()
        self._reads += 1
        result: Deferred[T] = self._readers.runWithConnection(_in_snapshot, function, arguments)
        return result.addBoth(self._read_done, description, perf_counter())

    def write(self, description: str, function: Callable[[Any, C], T], command: C) -> Deferred[T]:
        """See :class:`~bleepstore.interfaces.IDatabase`."""
        self._require_running()
        return self._queue.submit(Change(description, function, command))

    async def _start(self) -> None:
        threads = self._reactor.getThreadPool()
        await deferToThreadPool(self._reactor, threads, sqlite.create_file, self._path)
        self._turn = sqlite.WriterTurn(self._path)
        self._writer = self._pool(1, sqlite.set_up_writer(self._durability, self._turn))
        self._readers = self._pool(MAX_READERS, sqlite.set_up_reader())
        try:
            await self._writer.runWithConnection(migrate, self._turn, SQLITE, known_steps())
        except BaseException:
            self._close()
            raise
        self._running = True

    def _pool(self, size: int, set_up: Callable[[Any], None]) -> ConnectionPool:
        return ConnectionPool(
            "sqlite3",
            self._path,
            isolation_level=None,
            check_same_thread=False,  # closed from the reactor's thread
            timeout=sqlite.BUSY_SECONDS,
            cp_min=1,
            cp_max=size,
            cp_openfun=set_up,
            cp_reactor=self._reactor,
        )

    async def _stop(self) -> None:
        if not self._running:
            return
        self._running = False
        await self._queue.idle()
        if self._reads:
            self._last_read = Deferred()
            await self._last_read
        # In the writer's thread, so that closing below finds nothing left to copy.
        await self._writer.runWithConnection(_checkpoint)
        self._close()

    def _close(self) -> None:
        self._readers.close()
        self._writer.close()
        self._turn.close()

    def _require_running(self) -> None:
        if not self._running:
            raise S3Error("ServiceUnavailable")

    def _commit(self, batch: Sequence[Change]) -> Deferred[list[Any]]:
        committed: Deferred[list[Any]] = self._writer.runWithConnection(
            run_batch, self._turn, SQLITE, batch
        )
        return committed

    def _read_done(self, result: T, description: str, began: float) -> T:
        self.counters.transaction_took(description, perf_counter() - began)
        self._reads -= 1
        if self._reads == 0 and self._last_read is not None:
            self._last_read.callback(None)
        return result


def _in_snapshot(connection: Any, function: Callable[..., T], arguments: Sequence[Any]) -> T:
    """Run a reading function; adbapi ends the transaction."""
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN")
        return function(Transaction(cursor, SQLITE), *arguments)
    except Exception as error:
        raise SQLITE.translate(error)  # noqa: B904 (it carries its cause)
    finally:
        cursor.close()  # a statement that was not read to its end would hold the snapshot


def _checkpoint(connection: Any) -> None:
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
