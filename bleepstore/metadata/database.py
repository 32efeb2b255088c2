"""The door to SQL: a pool of readers, and one writer with group commit.

Python's sqlite3 does not isolate a read from the write that depends on it by itself, so
connections run in autocommit mode and every transaction here begins and ends explicitly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, TypeVar

import txaio
from twisted.internet.defer import Deferred
from zope.interface import implementer

from ..errors import S3Error
from ..interfaces import IDatabase
from .batch import run_batch
from .commit_queue import Change, CommitQueue, Take, Together
from .counters import Counters
from .dialects import Dialect
from .engine import Engine
from .lookups import LookUps, NotNow
from .migrate import known_steps, migrate
from .rehearsal import rehearse
from .transaction import Transaction

log = txaio.make_logger()

T = TypeVar("T")
C = TypeVar("C")


@implementer(IDatabase)
class Database:
    """Transactions on an engine.

    Args:
        engine: what it stands on; opened and closed with the database.
        counters: told what it does; default: nobody is.
    """

    def __init__(self, engine: Engine, counters: Counters | None = None) -> None:
        self._counters = counters if counters is not None else Counters()
        self._engine = engine
        self._queue = CommitQueue(self._commit, self._counters)
        self._lookups: LookUps | None = None
        self._running = False
        self._reads = 0
        self._last_read: Deferred[None] | None = None

    @property
    def queue_length(self) -> int:
        """Changes that wait for a commit to begin."""
        return self._queue.length

    def start(self) -> Deferred[None]:
        """Open the engine, bring its schema up to date, and accept work.

        Raises :class:`~bleepstore.errors.SchemaTooNew`, or what the engine says.
        """
        return Deferred.fromCoroutine(self._start())

    def stop(self) -> Deferred[None]:
        """Refuse new work, wait for what is in flight, close every connection and thread."""
        return Deferred.fromCoroutine(self._stop())

    def read(self, description: str, function: Callable[..., T], *arguments: Any) -> Deferred[T]:
        """See :class:`~bleepstore.interfaces.IDatabase`."""
        self._require_running()
        self._reads += 1
        result: Deferred[T] = self._engine.readers.runWithConnection(
            _in_snapshot, self._engine.dialect, function, arguments
        )
        return result.addBoth(self._read_done, description, perf_counter())

    async def look_up(self, description: str, function: Callable[..., T], *arguments: Any) -> T:
        """See :class:`~bleepstore.interfaces.IDatabase`."""
        self._require_running()
        if self._lookups is not None:
            began = perf_counter()
            try:
                answer = self._lookups.answer(function, arguments)
            except NotNow:
                log.debug("{description} is left to a thread", description=description)
            else:
                self._counters.transaction_took(description, perf_counter() - began)
                return answer
        return await self.read(description, function, *arguments)

    def write(
        self,
        description: str,
        function: Callable[[Any, C], T],
        command: C,
        together: Together | None = None,
    ) -> Deferred[T]:
        """See :class:`~bleepstore.interfaces.IDatabase`."""
        self._require_running()
        return self._queue.submit(Change(description, function, command, together))

    def rehearse(self) -> Deferred[None]:
        """Find out whether changes can be made; fails if not. Waits for those under way."""
        self._require_running()
        engine = self._engine
        rehearsed: Deferred[None] = engine.writer.runWithConnection(
            rehearse, engine.turn, engine.dialect
        )
        return rehearsed

    async def _start(self) -> None:
        engine = self._engine
        await engine.open()
        try:
            await engine.writer.runWithConnection(
                migrate, engine.turn, engine.dialect, known_steps()
            )
            self._lookups = engine.open_lookups()
        except BaseException:
            await engine.close()
            raise
        self._running = True

    async def _stop(self) -> None:
        if not self._running:
            return
        self._running = False
        await self._queue.idle()
        if self._reads:
            self._last_read = Deferred()
            await self._last_read
        if self._lookups is not None:
            self._lookups.close()
        await self._engine.close()

    def _require_running(self) -> None:
        if not self._running:
            raise S3Error("ServiceUnavailable")

    def _commit(self, take: Take) -> Deferred[list[Any]]:
        engine = self._engine
        committed: Deferred[list[Any]] = engine.writer.runWithConnection(
            run_batch, engine.turn, engine.dialect, take
        )
        return committed

    def _read_done(self, result: T, description: str, began: float) -> T:
        self._counters.transaction_took(description, perf_counter() - began)
        self._reads -= 1
        if self._reads == 0 and self._last_read is not None:
            self._last_read.callback(None)
        return result


def _in_snapshot(
    connection: Any, dialect: Dialect, function: Callable[..., T], arguments: Sequence[Any]
) -> T:
    """Run a reading function; adbapi ends the transaction."""
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN")
        return function(Transaction(cursor, dialect), *arguments)
    except Exception as error:
        raise dialect.translate(error)  # noqa: B904 (it carries its cause)
    finally:
        cursor.close()  # a statement that was not read to its end would hold the snapshot
