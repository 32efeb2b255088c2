"""The ``memory`` backend's limit: what would take more memory than is allowed is refused.

The bytes themselves are where the metadata are, in a database in memory. Large blobs are held
against the limit in the transactions that store them; small ones are stored with the metadata,
so their room is reserved here before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ..interfaces import IArrivals, IBlobStore, ISink
from ..values import Blob, BlobName
from .capacity import MemoryCapacity

# What the metadata take for an object, about: key, ETag, times, and their place in indexes.
_ROOM_FOR_METADATA = 1024


@implementer(IBlobStore, IArrivals)
class LimitedStore:
    """Keeps room for blobs on their way into another backend.

    Args:
        inner: the other backend.
        capacity: what it has room for.
    """

    def __init__(self, inner: IBlobStore, capacity: MemoryCapacity) -> None:
        self.name = inner.name
        self._inner = inner
        self._capacity = capacity

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def recover(self, is_referenced: Callable[[Sequence[str]], Awaitable[Any]]) -> int:
        return await self._inner.recover(is_referenced)

    async def open_sink(self, name: BlobName, size_bytes: int | None) -> ISink:
        if size_bytes is not None:
            await self._capacity.check(size_bytes)
        return LimitedSink(await self._inner.open_sink(name, size_bytes), self._capacity)

    async def read(self, locator: str, offset: int, length: int) -> IBodyProducer:
        return await self._inner.read(locator, offset, length)

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        return await self._inner.delete(locators)

    async def exists(self, locator: str) -> bool:
        return await self._inner.exists(locator)

    def list_locators(self) -> AsyncIterator[str]:
        return self._inner.list_locators()

    async def list_arrivals(self) -> Mapping[str, bool]:
        arrivals: Mapping[str, bool] = await IArrivals(self._inner).list_arrivals()
        return arrivals


@implementer(ISink)
class LimitedSink:
    """Reserves room for bytes that only the metadata transaction will store."""

    def __init__(self, inner: ISink, capacity: MemoryCapacity) -> None:
        self._inner = inner
        self._capacity = capacity
        self._reserved_bytes = 0

    async def write(self, block: bytes) -> None:
        await self._inner.write(block)

    async def commit(self) -> Blob:
        blob: Blob = await self._inner.commit()
        if blob.content is not None:
            size_bytes = blob.size_bytes + _ROOM_FOR_METADATA
            await self._capacity.reserve(size_bytes)
            self._reserved_bytes = size_bytes
        return blob

    async def settle(self) -> None:
        self._release()
        await self._inner.settle()

    async def abort(self) -> None:
        self._release()
        await self._inner.abort()

    def _release(self) -> None:
        reserved, self._reserved_bytes = self._reserved_bytes, 0
        self._capacity.release(reserved)
