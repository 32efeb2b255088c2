"""Makes an object of stretches of others; S3 copies their bytes, but for those of short ones.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, DeferredLock

from ...errors import UpstreamBusy, UpstreamRefused
from ..remote.together import together
from ..remote.upstream import Piece
from .bucket import Bucket
from .multipart import MultipartUpload, copy, copying, source
from .notes import Notes
from .plan import Part, joined, parts
from .stretches import Read, is_copied, is_read_whole, read_stretch, send_stretches

_AT_A_TIME = 8
_MAX_COPIED_BYTES = 5 * 1024**3

Put = Callable[[str, bytes, Mapping[str, str]], Awaitable[str]]


class Assembly:
    """Puts objects together.

    Args:
        notes: of what is under way.
        read: opens a piece.
        put: makes an object of bytes, with these headers, and answers its tag.
        small_bytes: up to this size, fewer requests are made if the bytes come here.
    """

    def __init__(
        self, bucket: Bucket, notes: Notes, read: Read, put: Put, small_bytes: int
    ) -> None:
        self._bucket = bucket
        self._notes = notes
        self._read = read
        self._put = put
        self._small_bytes = small_bytes
        # What has to come here comes part by part, so that it costs the memory of one.
        self._lock = DeferredLock()

    async def make(self, name: str, pieces: Sequence[Piece], headers: Mapping[str, str]) -> str:
        """The tag of the object.

        Raises:
            BlobMissing: a piece is not there, in its state.
        """
        whole = joined(pieces)
        if len(whole) == 1 and _is_copied_at_once(whole[0]):
            return await self._copy(name, whole[0], headers)
        if self._is_brought_here(whole):
            content = b"".join([await read_stretch(self._read, piece) for piece in whole])
            return await self._put(name, content, headers)
        return await self._make_in_parts(name, whole, headers)

    def _is_brought_here(self, pieces: Sequence[Piece]) -> bool:
        is_small = sum(piece.length for piece in pieces) <= self._small_bytes
        return is_small and all(is_read_whole(piece) for piece in pieces)

    async def _copy(self, name: str, piece: Piece, headers: Mapping[str, str]) -> str:
        replaced = {**headers, **source(self._bucket, piece), "x-amz-metadata-directive": "REPLACE"}
        ask = copying(name, {}, replaced)
        return await copy(self._bucket, ask, "CopyObjectResult", piece.name)

    async def _make_in_parts(
        self, name: str, pieces: Sequence[Piece], headers: Mapping[str, str]
    ) -> str:
        note = await self._notes.write(name)
        upload = await self._begin(name, headers, note)

        async def make(numbered: tuple[int, Part]) -> None:
            number, part = numbered
            if len(part) == 1 and is_copied(part[0]):
                await upload.copy(number, part[0])
            else:
                await self._lock.run(lambda: Deferred.fromCoroutine(self._send(upload, *numbered)))

        try:
            await self._notes.complete(note, name, upload.upload_id)
            await together(make, enumerate(parts(pieces), 1), _AT_A_TIME)
            tag = await upload.finish()
        except BaseException:
            await upload.abort()
            await self._notes.drop(note)
            raise
        await self._notes.drop(note)
        return tag

    async def _begin(self, name: str, headers: Mapping[str, str], note: str) -> MultipartUpload:
        """Where nobody knows whether it was begun, the note stays, and it is not begun again."""
        try:
            return await MultipartUpload.begin(self._bucket, name, headers, is_repeatable=not note)
        except (UpstreamBusy, UpstreamRefused):
            await self._notes.drop(note)
            raise

    async def _send(self, upload: MultipartUpload, number: int, part: Part) -> None:
        await send_stretches(self._bucket.threads, self._read, upload, number, part)


def _is_copied_at_once(piece: Piece) -> bool:
    return piece.length == piece.object_size_bytes <= _MAX_COPIED_BYTES
