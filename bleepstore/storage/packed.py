"""Blobs in packs or in files, by their size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from zope.interface import implementer

from ..interfaces import IArrivals, IBlobStore, ISink
from ..streams.producers import StretchProducer
from ..values import BlobName
from .files import FileStore
from .locators import place_in_pack
from .packs import PackStore


@implementer(IBlobStore, IArrivals)
class PackedStore:
    """Puts blobs of a known size up to a limit into packs, and the others into files.

    Args:
        pack_max_bytes: the greatest size of a new blob in a pack; 0 for none.
    """

    name = "packs and files"

    def __init__(self, packs: PackStore, files: FileStore, pack_max_bytes: int) -> None:
        self._packs = packs
        self._files = files
        self._pack_max_bytes = pack_max_bytes

    async def start(self) -> None:
        await self._files.start()
        await self._packs.start()

    async def stop(self) -> None:
        await self._packs.stop()
        await self._files.stop()

    async def recover(self, is_referenced: Callable[[Sequence[str]], Awaitable[Any]]) -> int:
        in_files = await self._files.recover(is_referenced)
        return in_files + await self._packs.recover(is_referenced)

    async def open_sink(self, name: BlobName, size_bytes: int | None) -> ISink:
        store = self._packs if self._is_for_packs(size_bytes) else self._files
        return await store.open_sink(name, size_bytes)

    def _is_for_packs(self, size_bytes: int | None) -> bool:
        if size_bytes is None or not self._pack_max_bytes:
            return False
        return size_bytes <= self._pack_max_bytes and self._packs.takes_blobs

    async def read(self, locator: str, offset: int, length: int) -> StretchProducer:
        return await self._of(locator).read(locator, offset, length)

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        """Each of the two leaves alone what is not its own."""
        await self._files.delete(locators)
        return await self._packs.delete(locators)

    async def exists(self, locator: str) -> bool:
        return await self._of(locator).exists(locator)

    async def list_locators(self) -> AsyncIterator[str]:
        for store in (self._files, self._packs):
            async for locator in store.list_locators():
                yield locator

    async def list_arrivals(self) -> dict[str, bool]:
        return {**await self._files.list_arrivals(), **await self._packs.list_arrivals()}

    def _of(self, locator: str) -> PackStore | FileStore:
        return self._files if place_in_pack(locator) is None else self._packs
