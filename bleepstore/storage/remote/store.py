"""A backend whose bytes are at a provider, whichever that is: see :mod:`.names` for where there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import txaio
from attrs import evolve
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ...errors import BlobMissing, RangeRefused, StorageFull, UpstreamFailed
from ...ids import is_blob_id
from ...interfaces import IArrivals, IBlobStore, IDatabase, INaturalNames
from ...values import Appearance, Blob, BlobName, Segment, Shown
from ..arrivals import Arrivals, IsReferenced
from ..removal import Removal
from .layout import Layout
from .locators import ShownBlob, private_blob_id, private_locator, shown_blob
from .marker import Marker
from .names import Names
from .naming import Naming
from .sink import Destination, RemoteSink
from .upstream import IUpstream

log = txaio.make_logger()

_MAX_PART_BYTES = 64 * 1024 * 1024


@implementer(IBlobStore, IArrivals, INaturalNames)
class RemoteStore:
    """Keeps each blob in an object upstream.

    Args:
        upstream: the provider.
        names: of what is there.
        arrivals: of the metadata database.
        database: the same.
    """

    def __init__(
        self, upstream: IUpstream, names: Names, arrivals: Arrivals, database: IDatabase
    ) -> None:
        self.name: str = upstream.name
        self._upstream = upstream
        self._arrivals = arrivals
        self._names = names
        self._naming = Naming(upstream, names)
        self._marker = Marker(upstream, self._naming, names, database)
        self._layout = Layout(names, database)
        # Aborted blobs that the provider has not let us remove; recovery would do it in the end.
        self._left: list[str] = []
        self._removal: Removal[str] = Removal(self._remove_or_leave)

    async def start(self) -> None:
        """Raises ``ConfigError`` where the provider does not let us work, ``OSError`` likewise."""
        await self._upstream.start()
        await self._marker.check()
        await self._layout.check()
        await self._arrivals.start()

    async def stop(self) -> None:
        try:
            self._remove_what_was_left()
            await self._removal.finish()
            await self._arrivals.stop()
        finally:
            await self._upstream.stop()

    # --- blobs

    async def recover(self, is_referenced: IsReferenced) -> int:
        return await self._arrivals.recover(is_referenced, self._remove)

    async def open_sink(self, name: BlobName, size_bytes: int | None) -> RemoteSink:
        if not is_blob_id(name.blob_id):
            raise ValueError(f"not a blob id: {name.blob_id!r}")
        destination = Destination(
            private_locator(name.blob_id),
            self._names.private(name.blob_id),
            _part_bytes(self._upstream, size_bytes),
        )
        return RemoteSink(
            self._upstream, self._arrivals, destination, self._arrived, self._remove_or_leave
        )

    def _arrived(self, blob: Blob) -> None:
        self._naming.arrived(blob)
        self._remove_what_was_left()

    def _remove_what_was_left(self) -> None:
        left, self._left = self._left, []
        for locator in left:
            self._removal.add(locator)

    async def read(self, locator: str, offset: int, length: int) -> IBodyProducer:
        shown = shown_blob(locator)
        if shown is not None:
            return await self._read_shown(shown, offset, length)
        blob_id = private_blob_id(locator)
        if blob_id is None:
            raise BlobMissing(locator)
        return await self._open(locator, self._names.private(blob_id), None, offset, length)

    async def _read_shown(self, shown: ShownBlob, offset: int, length: int) -> IBodyProducer:
        """Where it is shown, or where it was retained; both are tried before it counts as gone."""
        natural, retained = self._naming.places(shown)
        if self._naming.is_retained(shown):
            try:
                return await self._open(shown.locator, retained, None, offset, length)
            except BlobMissing:
                self._naming.forget(shown)
        try:
            return await self._open(shown.locator, natural, shown.tag, offset, length)
        except BlobMissing as missing:
            try:
                producer = await self._open(shown.locator, retained, None, offset, length)
            except BlobMissing:
                raise missing from None
            self._naming.learn_retained(shown)
            return producer

    async def _open(
        self, locator: str, name: str, tag: str | None, offset: int, length: int
    ) -> IBodyProducer:
        try:
            return await self._upstream.open(name, tag, offset, length)
        except BlobMissing as error:
            raise type(error)(locator) from error
        except RangeRefused as refused:
            if await self._has(name, tag, offset + length):
                raise
            raise BlobMissing(locator) from refused

    async def _has(self, name: str, tag: str | None, size_bytes: int) -> bool:
        """Whether so many bytes stand under a name, in that state."""
        found = await self._upstream.look(name)
        is_meant = found is not None and tag in (None, found.tag)
        return found is not None and is_meant and found.size_bytes >= size_bytes

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        names = [self._own_name(locator) for locator in locators]
        if found := [name for name in names if name is not None]:
            await self._upstream.delete(found)
        return ()

    def _own_name(self, locator: str) -> str | None:
        """The name that is of this blob only; what is shown may be of another one by now."""
        shown = shown_blob(locator)
        if shown is not None:
            self._naming.forget(shown)
            return self._names.retained(shown.blob_id)
        blob_id = private_blob_id(locator)
        return None if blob_id is None else self._names.private(blob_id)

    async def _remove_or_leave(self, locators: Sequence[str]) -> None:
        """Remove blobs on their way in, or do it when the provider works again."""
        try:
            await self._remove(locators)
        except UpstreamFailed as error:
            self._left += locators
            log.warn("aborted uploads are removed later: {problem}", problem=error.problem)

    async def _remove(self, locators: Sequence[str]) -> None:
        """Remove blobs on their way in, whole or in parts."""
        for locator in locators:
            blob_id = private_blob_id(locator)
            if blob_id is not None:
                await self._upstream.abort_strays(self._names.private(blob_id), None)
        await self.delete(locators)
        await self._arrivals.settle(locators)

    async def exists(self, locator: str) -> bool:
        return await self._naming.find(locator) is not None

    async def list_locators(self) -> AsyncIterator[str]:
        """The private ones: of what is shown the upstream does not know to which blob it belongs."""
        async for standing in self._upstream.walk(self._names.all_private, ""):
            blob_id = self._names.blob_id(standing.name)
            if blob_id is not None:
                yield private_locator(blob_id)

    async def list_arrivals(self) -> Any:
        return await self._arrivals.list()

    # --- natural names

    async def show(
        self, bucket: str, key: str, segments: Sequence[Segment], appearance: Appearance
    ) -> Blob | None:
        return await self._naming.show(bucket, key, segments, appearance)

    async def retain(self, locator: str) -> None:
        await self._naming.retain(locator)

    async def hide(self, bucket: str, key: str) -> None:
        await self._naming.hide(bucket, key)

    def is_shown(self, locator: str) -> bool:
        return shown_blob(locator) is not None

    async def look(self, bucket: str, key: str) -> Shown | None:
        return await self._naming.look(bucket, key)

    def is_same(self, locator: str, shown: Shown) -> bool:
        known, standing = shown_blob(locator), shown_blob(shown.blob.locator)
        if known is None or standing is None:
            return False
        return known == evolve(standing, blob_id=known.blob_id)

    def walk(self, bucket: str, after_key: str) -> AsyncIterator[Shown]:
        return self._naming.walk(bucket, after_key)

    async def confirm(self) -> None:
        await self._marker.confirm()

    async def tidy(self, before_ms: int) -> int:
        ended: int = await self._upstream.abort_strays(self._names.own, before_ms)
        return ended


def _part_bytes(upstream: IUpstream, size_bytes: int | None) -> int:
    """Parts are only as large as need be: each upload holds two of them in memory.

    Raises:
        StorageFull: not even the largest are large enough.
    """
    part_bytes: int = upstream.part_bytes
    max_parts: int = upstream.max_parts
    if size_bytes is None or size_bytes <= part_bytes * max_parts:
        return part_bytes
    if size_bytes > _MAX_PART_BYTES * max_parts:
        raise StorageFull(f"{size_bytes} bytes are too many for one upload to {upstream.name}")
    return -(-size_bytes // max_parts)
