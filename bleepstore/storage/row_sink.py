"""One blob on its way into rows of the database."""

from __future__ import annotations

from typing import Protocol

from zope.interface import implementer

from ..interfaces import IDatabase, ISink
from ..values import Blob
from .blob_rows import AddRows, add_rows


class Aftermath(Protocol):
    """What the store does when a sink is done with."""

    def settled(self, locator: str) -> None:
        """Somebody refers to the blob."""

    async def remove(self, locators: list[str]) -> None:
        """Remove all rows of blobs."""


@implementer(ISink)
class RowSink:
    """Writes each block in a transaction of its own.

    Args:
        locator: of the new blob.
        process: the name of this process.
        limit_bytes: what the database may take; 0 for no limit.
    """

    def __init__(
        self,
        database: IDatabase,
        locator: str,
        process: str,
        limit_bytes: int,
        aftermath: Aftermath,
    ) -> None:
        self._database = database
        self._locator = locator
        self._process = process
        self._limit_bytes = limit_bytes
        self._aftermath = aftermath
        self._size_bytes = 0
        self._is_begun = False
        self._is_settled = False

    async def write(self, block: bytes) -> None:
        process = "" if self._is_begun else self._process
        self._is_begun = True
        command = AddRows(self._locator, process, self._size_bytes, block, self._limit_bytes)
        await self._database.write("add_blob_rows", add_rows, command)
        self._size_bytes += len(block)

    async def commit(self) -> Blob:
        if not self._is_begun:
            await self.write(b"")
        return Blob(self._locator, self._size_bytes)

    async def settle(self) -> None:
        """Fires at once; it is recorded in the background."""
        self._is_settled = True
        self._aftermath.settled(self._locator)

    async def abort(self) -> None:
        if self._is_begun and not self._is_settled:
            await self._aftermath.remove([self._locator])
