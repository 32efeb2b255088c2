"""Notes of uploads in parts to natural names, so that a crash leaves none that nobody ends.

S3 lists unfinished uploads by name, but does not say whose they are. Those to private names are
ours; to natural names others may upload too. So as long as one of ours is under way, an object beside
the private ones says which it is. An upload that a crash left without its note has no parts yet,
and costs nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import txaio
from attrs import frozen

from ...errors import BlobMissing, UpstreamFailed
from ...ids import new_blob_id
from ..remote.gathered import gathered
from ..remote.upstream import Standing
from .bucket import Ask, Bucket
from .download import open_stretch
from .listing import Stray, objects

log = txaio.make_logger()

_PRIVATE = ".bleepstore/"
_NOTES = _PRIVATE + "assembling/"


@frozen
class Notes:
    """The notes of one gateway.

    Args:
        prefix: the configured one.
    """

    _bucket: Bucket
    _prefix: str

    async def write(self, name: str, upload_id: str) -> str:
        """Note an upload; answer the name of the note, empty for uploads that need none."""
        if name.startswith(self._prefix + _PRIVATE):
            return ""
        note = f"{self._prefix}{_NOTES}{new_blob_id()}"
        body = f"{upload_id}\n{name}".encode()
        await self._bucket.required(Ask("PUT", note, body=body))
        return note

    async def drop(self, note: str) -> None:
        """The upload is over; a note that cannot be deleted now is dropped when it is old."""
        if note:
            try:
                await self._bucket.required(Ask("DELETE", note), 200, 204, 404)
            except UpstreamFailed as error:
                log.warn("a note is left upstream: {problem}", problem=error.problem)

    async def strays(self, prefix: str, before_ms: int | None) -> AsyncIterator[tuple[Stray, str]]:
        """Noted uploads that began before an instant, with the names of their notes.

        Args:
            prefix: what is looked through; none of it but the notes is looked at.
        """
        if not (self._prefix + _NOTES).startswith(prefix):
            return
        async for found in objects(self._bucket, self._prefix + _NOTES, ""):
            if before_ms is None or found.last_modified_ms < before_ms:
                content = await self._read(found)
                upload_id, _, name = content.partition("\n")
                yield Stray(name, upload_id, found.last_modified_ms), found.name

    async def _read(self, note: Standing) -> str:
        if not note.size_bytes:
            return ""
        try:
            body = await open_stretch(self._bucket, note.name, None, 0, note.size_bytes)
        except BlobMissing:
            return ""
        return (await gathered(body)).decode()
