"""Notes of uploads in parts to natural names, so that a crash leaves none that nobody ends.

S3 lists unfinished uploads by name, but does not say whose they are. Those to private names are
ours; to natural names others may upload too. So before one of ours is begun, an object beside the
private ones says under which name, and once it is begun, which it is. Where a crash, or an answer
that was lost, left a note that says less, uploads of that name count as ours that were begun soon
after it was written.
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
from .listing import Stray, objects, uploads

log = txaio.make_logger()

_PRIVATE = ".bleepstore/"
_NOTES = _PRIVATE + "assembling/"
_SOON_MS = 3_600_000  # longer than any number of attempts to begin one


@frozen
class Notes:
    """The notes of one gateway.

    Args:
        prefix: the configured one.
    """

    _bucket: Bucket
    _prefix: str

    async def write(self, name: str) -> str:
        """Note an upload to be; answer the name of the note, empty for uploads that need none."""
        if name.startswith(self._prefix + _PRIVATE):
            return ""
        note = f"{self._prefix}{_NOTES}{new_blob_id()}"
        await self.complete(note, name, "")
        return note

    async def complete(self, note: str, name: str, upload_id: str) -> None:
        """Note which upload it is."""
        if note:
            body = f"{upload_id}\n{name}".encode()
            await self._bucket.required(Ask("PUT", note, body=body))

    async def drop(self, note: str) -> None:
        """The upload is over; a note that cannot be deleted now is dropped when it is old."""
        if note:
            try:
                await self._bucket.required(Ask("DELETE", note), 200, 204, 404)
            except UpstreamFailed as error:
                log.warn("a note is left upstream: {problem}", problem=error.problem)

    async def old(
        self, prefix: str, before_ms: int | None
    ) -> AsyncIterator[tuple[str, list[Stray]]]:
        """The names of notes of before an instant, each with the uploads of which it is.

        Args:
            prefix: what is looked through; none of it but the notes is looked at.
        """
        if not (self._prefix + _NOTES).startswith(prefix):
            return
        async for found in objects(self._bucket, self._prefix + _NOTES, ""):
            if before_ms is None or found.last_modified_ms < before_ms:
                yield found.name, await self._strays(found)

    async def _strays(self, note: Standing) -> list[Stray]:
        upload_id, _, name = (await self._read(note)).partition("\n")
        if not name:
            return []
        if upload_id:
            return [Stray(name, upload_id, note.last_modified_ms)]
        written_ms = note.last_modified_ms // 1000 * 1000  # S3 knows uploads by the second
        soon = range(written_ms, written_ms + _SOON_MS)
        return [
            each
            async for each in uploads(self._bucket, name)
            if each.name == name and each.initiated_ms in soon
        ]

    async def _read(self, note: Standing) -> str:
        if not note.size_bytes:
            return ""
        try:
            body = await open_stretch(self._bucket, note.name, None, 0, note.size_bytes)
        except BlobMissing:
            return ""
        return (await gathered(body)).decode()
