"""Small blobs in the metadata database, large ones in another backend: packs and files, or rows.

A small blob costs a file two syncs of its own, and rows a transaction of its own, but it costs
the metadata nothing that they would not do anyway: its bytes become durable in the transaction that
first refers to them. This backend holds them until then, and asks for them back through a function
that is passed in, since it knows nothing of the database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ..errors import BlobMissing
from ..interfaces import IArrivals, IBlobStore, ISink
from ..streams.producers import BytesProducer
from ..values import Blob, BlobName
from .capacity import Capacity
from .locators import inline_locator, is_inline

ReadContent = Callable[[str], Awaitable[bytes | None]]


@implementer(IBlobStore, IArrivals)
class InlineStore:
    """Puts blobs up to a size into the metadata, and the others into another backend.

    ``list_locators`` gives those of the other backend only: the others are the metadata's own.

    Args:
        large: the other backend.
        read_content: answers the bytes that the metadata has for a locator, or None.
        inline_max_bytes: the greatest size of a blob in the metadata.
        capacity: what the metadata have room for, if that is bounded; large blobs, too, need some.
        name: of the two together, in the configuration.
    """

    def __init__(
        self,
        large: IBlobStore,
        read_content: ReadContent,
        inline_max_bytes: int,
        capacity: Capacity | None = None,
        name: str = "local",
    ) -> None:
        self.name = name
        self._capacity = capacity
        self._large = large
        self._read_content = read_content
        self._inline_max_bytes = inline_max_bytes

    async def start(self) -> None:
        await self._large.start()

    async def stop(self) -> None:
        await self._large.stop()

    async def recover(self, is_referenced: Callable[[Sequence[str]], Awaitable[Any]]) -> int:
        """Only the other backend leaves things behind: blobs in the metadata come with a reference."""
        return await self._large.recover(is_referenced)

    async def open_sink(self, name: BlobName, size_bytes: int | None) -> ISink:
        is_large = size_bytes is not None and size_bytes > self._inline_max_bytes
        if self._capacity is not None:
            await self._capacity.check(0 if is_large or size_bytes is None else size_bytes)
        if is_large:
            return await self._large.open_sink(name, size_bytes)
        return InlineSink(self._large, name, self._inline_max_bytes)

    async def read(self, locator: str, offset: int, length: int) -> IBodyProducer:
        if not is_inline(locator):
            return await self._large.read(locator, offset, length)
        content = await self._read_content(locator)
        if content is None or len(content) < offset + length:
            raise BlobMissing(locator)
        return BytesProducer(content[offset : offset + length])

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        """Blobs in the metadata go with the row that holds them."""
        if elsewhere := [locator for locator in locators if not is_inline(locator)]:
            return await self._large.delete(elsewhere)
        return ()

    async def exists(self, locator: str) -> bool:
        if is_inline(locator):
            return await self._read_content(locator) is not None
        return await self._large.exists(locator)

    def list_locators(self) -> AsyncIterator[str]:
        return self._large.list_locators()

    async def list_arrivals(self) -> Mapping[str, bool]:
        """Those of the other backend: a blob in the metadata arrives with its reference."""
        arrivals: Mapping[str, bool] = await IArrivals(self._large).list_arrivals()
        return arrivals


@implementer(ISink)
class InlineSink:
    """Holds bytes in memory, and moves on to the other backend when they become too many."""

    def __init__(self, large: IBlobStore, name: BlobName, inline_max_bytes: int) -> None:
        self._large = large
        self._name = name
        self._inline_max_bytes = inline_max_bytes
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._large_sink: ISink | None = None

    async def write(self, block: bytes) -> None:
        if self._large_sink is not None:
            await self._large_sink.write(block)
            return
        self._held.append(block)
        self._held_bytes += len(block)
        if self._held_bytes > self._inline_max_bytes:
            await self._spill()

    async def commit(self) -> Blob:
        if self._large_sink is not None:
            return await self._large_sink.commit()
        locator = inline_locator(self._name.blob_id)
        return Blob(locator, self._held_bytes, b"".join(self._held))

    async def settle(self) -> None:
        if self._large_sink is not None:
            await self._large_sink.settle()

    async def abort(self) -> None:
        self._held = []
        if self._large_sink is not None:
            await self._large_sink.abort()

    async def _spill(self) -> None:
        held, self._held = self._held, []
        self._large_sink = await self._large.open_sink(self._name, None)
        await self._large_sink.write(b"".join(held))
