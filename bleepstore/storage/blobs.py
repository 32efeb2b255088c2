"""Blobs in rows of the metadata database, so that one file is the whole store.

This backend knows nothing of the metadata; it is given the door to the database. A blob's life:

==========  =====================================================================
write       rows are added; with the first ones, the blob is recorded as unsettled
commit      nothing is left to do: each write was durable
settle      the record goes: metadata refers to the blob now
abort       rows and record go
delete      rows go; if somebody still reads them the record comes back, and both go
            when the last reader is done
==========  =====================================================================

So recovery looks at the records of processes that are gone, and at nothing else. Rows go a few at
a time, because nobody else can write while they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial

from zope.interface import implementer

from ..errors import BlobMissing
from ..ids import is_blob_id
from ..interfaces import IArrivals, IBlobStore, IDatabase
from ..values import BlobName
from . import blob_rows
from .arrivals import Arrivals, IsReferenced
from .capacity import Capacity
from .locators import is_in_rows, rows_locator
from .removal import Removal
from .row_producer import RowProducer
from .row_sink import RowSink

_PAGE = 500


@implementer(IBlobStore, IArrivals)
class BlobRows:
    """Keeps each blob in rows of a bounded size.

    Args:
        database: where; it runs before this is started until after it is stopped.
        arrivals: of the same database.
        capacity: how much there is room for.
    """

    name = "rows"

    def __init__(self, database: IDatabase, arrivals: Arrivals, capacity: Capacity) -> None:
        self._database = database
        self._arrivals = arrivals
        self._capacity = capacity
        self._readers: Counter[str] = Counter()
        self._deleted_while_read: set[str] = set()
        self._removal: Removal[str] = Removal(self.remove)

    async def start(self) -> None:
        """Raises ``OSError`` if the disk does not allow it; the message has the path."""
        await self._arrivals.start()

    async def stop(self) -> None:
        await self._removal.finish()
        await self._arrivals.stop()

    async def recover(self, is_referenced: IsReferenced) -> int:
        return await self._arrivals.recover(is_referenced, self.remove)

    async def open_sink(self, name: BlobName, size_bytes: int | None) -> RowSink:
        if not is_blob_id(name.blob_id):
            raise ValueError(f"not a blob id: {name.blob_id!r}")
        process = self._arrivals.process
        if size_bytes is not None:
            await self._capacity.check(size_bytes)
        locator = rows_locator(name.blob_id)
        return RowSink(self._database, locator, process, self._capacity.limit_bytes, self)

    async def read(self, locator: str, offset: int, length: int) -> RowProducer:
        if not is_in_rows(locator):
            raise BlobMissing(locator)
        self._readers[locator] += 1
        try:
            first = await self._database.read(
                "open_blob_rows", blob_rows.read_open, locator, offset, length
            )
        except BaseException:
            self._done_reading(locator)
            raise
        read_piece = partial(self._database.read, "read_blob_rows", blob_rows.read_piece, locator)
        return RowProducer(first, read_piece, offset, length, partial(self._done_reading, locator))

    def _done_reading(self, locator: str) -> None:
        self._readers[locator] -= 1
        if not self._readers[locator]:
            del self._readers[locator]
            if locator in self._deleted_while_read:
                self._deleted_while_read.remove(locator)
                self._removal.add(locator)

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        ours = [locator for locator in locators if is_in_rows(locator)]
        being_read = tuple(locator for locator in ours if locator in self._readers)
        if being_read:
            self._deleted_while_read.update(being_read)
            await self._arrivals.unsettle(being_read)
        await self.remove([locator for locator in ours if locator not in being_read])
        return ()

    async def exists(self, locator: str) -> bool:
        if not is_in_rows(locator):
            return False
        return await self._database.read("has_blob_rows", blob_rows.has_blob, locator)

    async def list_locators(self) -> AsyncIterator[str]:
        after = ""
        while page := await self._database.read(
            "list_blob_rows", blob_rows.list_blobs, after, _PAGE
        ):
            for locator in page:
                yield locator
            after = page[-1]

    async def list_arrivals(self) -> dict[str, bool]:
        """Those on their way out, while somebody still reads them, are among them."""
        return await self._arrivals.list()

    def settled(self, locator: str) -> None:
        """See :class:`~bleepstore.storage.row_sink.Aftermath`."""
        self._arrivals.settled(locator)

    async def remove(self, locators: Sequence[str]) -> None:
        """Remove all rows of blobs, and the records of them as unsettled in the end."""
        if not locators:
            return
        is_over = False
        while not is_over:
            is_over = await self._database.write(
                "delete_blob_rows", blob_rows.delete_some, tuple(locators)
            )
