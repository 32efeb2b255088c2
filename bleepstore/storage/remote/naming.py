"""Objects under their own names upstream: shown, retained when others still need them, looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from attrs import evolve

from ...errors import BlobMissing
from ...ids import new_blob_id
from ...values import Appearance, Blob, Segment, Shown
from .lately import Lately
from .locators import ShownBlob, private_blob_id, shown_blob
from .names import Names
from .together import together
from .upstream import IUpstream, Piece, Standing

_REMEMBERED = 10_000
_LOOKS_AT_ONCE = 8


class Naming:
    """Knows where the bytes of locators are, and puts objects under their own names."""

    def __init__(self, upstream: IUpstream, names: Names) -> None:
        self._upstream = upstream
        self._names = names
        self._sizes: Lately[int] = Lately(_REMEMBERED)
        self._retained: Lately[bool] = Lately(_REMEMBERED)

    # --- where a blob is

    def arrived(self, blob: Blob) -> None:
        """A blob is upstream, under its private name."""
        self._sizes.learn(blob.locator, blob.size_bytes)

    def places(self, shown: ShownBlob) -> tuple[str, str]:
        """The names under which a shown blob stands: while it is shown, and once it is retained."""
        natural = self._names.natural(shown.bucket, shown.key)
        return natural, self._names.retained(shown.blob_id)

    def is_retained(self, shown: ShownBlob) -> bool:
        """Whether it is known to be; False says nothing."""
        return self._retained.find(shown.blob_id) is not None

    def learn_retained(self, shown: ShownBlob) -> None:
        self._retained.learn(shown.blob_id, True)

    def forget(self, shown: ShownBlob) -> None:
        """The blob will be deleted, or is not where it was retained."""
        self._retained.forget(shown.blob_id)

    async def find(self, locator: str) -> Piece | None:
        """All of a blob, where it stands now; None if it does nowhere."""
        shown = shown_blob(locator)
        if shown is not None:
            return await self._find_shown(shown)
        blob_id = private_blob_id(locator)
        if blob_id is None:
            return None
        standing = await self._upstream.look(self._names.private(blob_id))
        return _whole(standing, None)

    async def _find_shown(self, shown: ShownBlob) -> Piece | None:
        natural, retained = self.places(shown)
        if self.is_retained(shown):
            standing = await self._upstream.look(retained)
            if standing is not None:
                return _whole(standing, None)
            self.forget(shown)
        standing = await self._upstream.look(natural)
        if standing is not None and standing.tag == shown.tag:
            return _whole(standing, shown.tag)
        standing = await self._upstream.look(retained)
        if standing is not None:
            self.learn_retained(shown)
        return _whole(standing, None)

    # --- showing

    async def show(
        self, bucket: str, key: str, segments: Sequence[Segment], appearance: Appearance
    ) -> Blob | None:
        """See :meth:`bleepstore.interfaces.INaturalNames.show`."""
        name = self._fitting(bucket, key)
        if name is None:
            return None
        try:
            tag = await self._assemble(name, segments, appearance)
        except BlobMissing:
            # What was shown when we looked may have been retained since.
            tag = await self._assemble(name, segments, appearance)
        blob = ShownBlob(new_blob_id(), tag, bucket, key)
        return Blob(blob.locator, sum(segment.length for segment in segments))

    async def hide(self, bucket: str, key: str) -> None:
        """See :meth:`bleepstore.interfaces.INaturalNames.hide`."""
        name = self._fitting(bucket, key)
        if name is not None:
            await self._upstream.delete([name])

    def _fitting(self, bucket: str, key: str) -> str | None:
        """Where an object is shown; None where it cannot be."""
        name = self._names.natural(bucket, key)
        is_fit = self._upstream.fits(name) and self._names.is_of(bucket, name)
        return name if is_fit else None

    async def _assemble(
        self, name: str, segments: Sequence[Segment], appearance: Appearance
    ) -> str:
        wholes = await self._find_all({segment.locator for segment in segments})
        pieces = [
            evolve(wholes[segment.locator], offset=segment.offset, length=segment.length)
            for segment in segments
        ]
        return await self._upstream.assemble(name, pieces, appearance)

    async def _find_all(self, locators: set[str]) -> dict[str, Piece]:
        found: dict[str, Piece] = {}

        async def find(locator: str) -> None:
            found[locator] = self._known(locator) or await self._required(locator)

        await together(find, locators, _LOOKS_AT_ONCE)
        return found

    def _known(self, locator: str) -> Piece | None:
        """A blob that arrived here lately need not be looked for."""
        blob_id, size_bytes = private_blob_id(locator), self._sizes.find(locator)
        if blob_id is None or size_bytes is None:
            return None
        return Piece(self._names.private(blob_id), None, 0, size_bytes, size_bytes)

    async def _required(self, locator: str) -> Piece:
        piece = await self.find(locator)
        if piece is None:
            raise BlobMissing(locator)
        return piece

    async def retain(self, locator: str) -> None:
        """See :meth:`bleepstore.interfaces.INaturalNames.retain`."""
        shown = shown_blob(locator)
        if shown is None or self.is_retained(shown):
            return
        natural, retained = self.places(shown)
        standing = await self._upstream.look(natural)
        if standing is not None and standing.tag == shown.tag:
            await self._copy(standing, retained, locator)
        elif await self._upstream.look(retained) is None:
            raise BlobMissing(locator)
        self.learn_retained(shown)

    async def _copy(self, standing: Standing, name: str, locator: str) -> None:
        piece = _whole(standing, standing.tag)
        pieces = [piece] if piece is not None and piece.length else []
        try:
            await self._upstream.assemble(name, pieces, standing.appearance)
        except BlobMissing as error:
            raise BlobMissing(locator) from error

    # --- looking

    async def look(self, bucket: str, key: str) -> Shown | None:
        """See :meth:`bleepstore.interfaces.INaturalNames.look`."""
        name = self._fitting(bucket, key)
        standing = None if name is None else await self._upstream.look(name)
        return None if standing is None else _shown(bucket, key, standing)

    async def walk(self, bucket: str, after_key: str) -> AsyncIterator[Shown]:
        """See :meth:`bleepstore.interfaces.INaturalNames.walk`."""
        start = self._names.natural(bucket, "")
        async for standing in self._upstream.walk(start, start + after_key):
            key = standing.name.removeprefix(start)
            if key and self._names.is_of(bucket, standing.name):
                yield _shown(bucket, key, standing)


def _whole(standing: Standing | None, tag: str | None) -> Piece | None:
    if standing is None:
        return None
    return Piece(standing.name, tag, 0, standing.size_bytes, standing.size_bytes)


def _shown(bucket: str, key: str, standing: Standing) -> Shown:
    blob = ShownBlob(new_blob_id(), standing.tag, bucket, key)
    return Shown(
        bucket=bucket,
        key=key,
        blob=Blob(blob.locator, standing.size_bytes),
        etag=standing.etag,
        last_modified_ms=standing.last_modified_ms,
        appearance=standing.appearance,
    )
