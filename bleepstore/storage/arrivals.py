"""Which blobs are on their way in, and who brings them: what recovery has to look at.

While it is not certain that somebody refers to a blob it has a row in ``unsettled_blob`` of the
metadata database, which names the process that is at work on it. Rows of processes that are gone
are all that a crash can leave behind.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import txaio
from attrs import frozen

from ..interfaces import IDatabase, ITransaction
from ..streams.threads import Threads
from .processes import Processes
from .removal import Removal

log = txaio.make_logger()

_PAGE = 500

_ARRIVE = "INSERT INTO unsettled_blob (locator, process) VALUES (?, ?)"
_SETTLE = "DELETE FROM unsettled_blob WHERE locator $in_list"
_UNSETTLE = (
    "INSERT INTO unsettled_blob (locator, process) "
    "SELECT value, ? FROM ($list) AS given WHERE true ON CONFLICT DO NOTHING"
)
_UNSETTLED = "SELECT locator, process FROM unsettled_blob"

IsReferenced = Callable[[Sequence[str]], Awaitable[Any]]


@frozen
class Arrival:
    """A blob on its way in, and the name of the process that brings it."""

    locator: str
    process: str


@frozen
class Unsettle:
    """Blobs that a process will delete later."""

    locators: tuple[str, ...]
    process: str


def arrive(txn: ITransaction, arrival: Arrival) -> None:
    """A blob is on its way in."""
    txn.execute(_ARRIVE, (arrival.locator, arrival.process))


def settle(txn: ITransaction, locators: tuple[str, ...]) -> None:
    """Somebody refers to the blobs now, or they are gone."""
    txn.execute(_SETTLE, (json.dumps(locators),))


def unsettle(txn: ITransaction, command: Unsettle) -> None:
    """Nobody refers to the blobs any more; the process will delete them."""
    txn.execute(_UNSETTLE, (command.process, json.dumps(command.locators)))


def list_unsettled(txn: ITransaction) -> dict[str, str]:
    """All unsettled blobs, each with the process that is at work on it."""
    txn.execute(_UNSETTLED)
    return dict(txn.fetch_all())


class Arrivals:
    """The unsettled blobs of a database, as one of its processes sees them.

    Args:
        database: it runs before this is started until after it is stopped.
        threads: where locks are waited for.
        processes: who else works on the database.
    """

    def __init__(self, database: IDatabase, threads: Threads, processes: Processes) -> None:
        self._database = database
        self._threads = threads
        self._processes = processes
        self._process = ""
        self._settling: Removal[str] = Removal(self.settle)

    @property
    def process(self) -> str:
        """The name of this process, under which it brings blobs in."""
        if not self._process:
            raise RuntimeError("the store is not started")
        return self._process

    async def start(self) -> None:
        """Raises ``OSError`` if the disk does not allow it; the message has the path."""
        self._process = await self._threads.run(self._processes.enter)

    async def stop(self) -> None:
        await self._settling.finish()
        if self._process and self._process not in (await self._unsettled()).values():
            # Otherwise the lock stays until the process ends: a recovery elsewhere that found it
            # free could remove a blob that this process is about to refer to.
            self._process = ""
            await self._threads.run(self._processes.leave)

    async def begin(self, locator: str) -> None:
        """A blob is on its way in; fires when nothing can make that forgotten."""
        await self._database.write("begin_blob", arrive, Arrival(locator, self.process))

    def settled(self, locator: str) -> None:
        """Somebody refers to a blob now; it is recorded in the background."""
        self._settling.add(locator)

    async def settle(self, locators: Sequence[str]) -> None:
        """The blobs are on their way no longer."""
        if locators:
            await self._database.write("settle_blobs", settle, tuple(locators))

    async def unsettle(self, locators: Sequence[str]) -> None:
        """Nobody refers to the blobs any more, and this process will delete them."""
        command = Unsettle(tuple(locators), self.process)
        await self._database.write("unsettle_blobs", unsettle, command)

    async def recover(
        self, is_referenced: IsReferenced, remove: Callable[[Sequence[str]], Awaitable[None]]
    ) -> int:
        """See :meth:`bleepstore.interfaces.IBlobStore.recover`.

        Args:
            remove: removes blobs, and then that they were on their way.
        """
        arrivals = await self.list()
        abandoned = [locator for locator, is_live in arrivals.items() if not is_live]
        removed = 0
        for start in range(0, len(abandoned), _PAGE):
            page = abandoned[start : start + _PAGE]
            referenced = await is_referenced(page)
            await self.settle([each for each in page if each in referenced])
            orphans = [each for each in page if each not in referenced]
            await remove(orphans)
            removed += len(orphans)
        if abandoned:
            log.info("recovered blobs on their way in", found=len(abandoned), removed=removed)
        return removed

    async def list(self) -> dict[str, bool]:
        """See :meth:`bleepstore.interfaces.IArrivals.list_arrivals`."""
        unsettled = await self._unsettled()  # first: a process is there before its blobs are
        living = await self._threads.run(self._processes.living)
        return {locator: process in living for locator, process in unsettled.items()}

    async def _unsettled(self) -> dict[str, str]:
        return await self._database.read("list_unsettled_blobs", list_unsettled)
