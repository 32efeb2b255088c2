"""A database without a file: it lives in memory, and in snapshots of it if it is given a path.

There is one connection, because what is in memory belongs to it; reads and writes take turns on
its thread. That is no loss: nothing here waits for a disk.
"""

from __future__ import annotations

import sqlite3
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.threads import deferToThreadPool

from . import snapshot, sqlite
from .dialects import SQLITE
from .engine import connections


class MemoryEngine:
    """SQLite in memory.

    Args:
        reactor: runs the threads (``IReactorThreads``, ``IReactorCore``).
        snapshot_path: the file that the content is loaded from and saved to; None for none.
    """

    dialect = SQLITE
    turn = nullcontext()
    writer: ConnectionPool
    readers: ConnectionPool

    def __init__(self, reactor: Any, snapshot_path: Path | None = None) -> None:
        self._reactor = reactor
        self._snapshot_path = snapshot_path
        self._saving = DeferredLock()
        self._connection: sqlite3.Connection | None = None
        self._saved_changes = -1

    async def open(self) -> None:
        """Load the snapshot, if there is one.

        Raises:
            SnapshotUnusable: the file is no snapshot, or a broken one.
            OSError: it cannot be read.
        """
        self.writer = self.readers = connections(":memory:", 1, self._set_up, self._reactor)
        try:
            await self.writer.runWithConnection(self._load)
        except BaseException:
            self.writer.close()
            raise

    def open_lookups(self) -> None:
        """None: the one connection may be in the middle of a change."""

    async def close(self) -> None:
        """Closing forgets everything: save it first."""
        self.writer.close()

    async def save(self) -> None:
        """Write a snapshot: everything as it is at one instant.

        Without a path, or with nothing new to write, do nothing.

        Raises:
            OSError, sqlite3.Error: it could not be written; the one before it is still there.
        """
        await self._saving.run(self._save)

    def _save(self) -> Deferred[None]:
        threads = self._reactor.getThreadPool()
        return deferToThreadPool(self._reactor, threads, self._save_changes)

    def _save_changes(self) -> None:
        connection, path = self._connection, self._snapshot_path
        if connection is None or path is None:
            return
        changes = connection.total_changes  # before: what comes meanwhile may be missed
        if changes != self._saved_changes or not path.exists():
            snapshot.save(connection, path)
            self._saved_changes = changes

    def _set_up(self, connection: sqlite3.Connection) -> None:
        sqlite.set_up_memory(connection)
        self._connection = connection

    def _load(self, _: object) -> None:
        if self._snapshot_path is not None and self._connection is not None:
            snapshot.load(self._connection, self._snapshot_path)
            self._saved_changes = self._connection.total_changes
