"""Brings stretches of objects here to make a part of them, and sees that they are right.

S3 knows the digests of whole objects only. So of an object that is small enough all is read. Of a
larger one S3 copies the stretch into the very part that is replaced by what was read, and says its
ETag, which is the MD5 of what S3 has. Where ETags are something else (with keys of KMS, and on some
other services) the stretch is read again, and has to be the same.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from attrs import evolve
from twisted.web.iweb import IBodyProducer

from ...errors import UpstreamFailed
from ...streams.threads import Threads
from ..remote.gathered import gathered
from ..remote.upstream import Piece
from .multipart import MultipartUpload
from .plan import Part

# S3 copies ranges only of larger objects.
_READ_WHOLE_BYTES = 5 * 1024 * 1024

Read = Callable[[Piece], Awaitable[IBodyProducer]]


def is_copied(piece: Piece) -> bool:
    """Whether S3 can make a part of nothing but this."""
    return piece.length == piece.object_size_bytes or not is_read_whole(piece)


def is_read_whole(piece: Piece) -> bool:
    """Whether a stretch is right if all of its object is."""
    return piece.length == piece.object_size_bytes or piece.object_size_bytes <= _READ_WHOLE_BYTES


async def read_stretch(read: Read, piece: Piece) -> bytes:
    """The bytes of a piece, which are not held against anything unless it is read whole."""
    if not is_read_whole(piece):
        return await gathered(await read(piece))
    whole = await gathered(await read(evolve(piece, offset=0, length=piece.object_size_bytes)))
    return whole[piece.offset : piece.offset + piece.length]


async def send_stretches(
    threads: Threads, read: Read, upload: MultipartUpload, number: int, part: Part
) -> None:
    """Make a part of several stretches.

    Raises:
        BlobMissing: one of them is not there, in its state.
        UpstreamFailed: one of them was changed on its way.
    """
    stretches: list[bytes] = []
    for piece in part:
        content = await read_stretch(read, piece)
        if not is_read_whole(piece):
            copied = await upload.copy(number, piece)
            if await threads.run(_md5, content) != copied and content != await read_stretch(
                read, piece
            ):
                raise UpstreamFailed("a stretch of an object was changed on its way here")
        stretches.append(content)
    await upload.put(number, b"".join(stretches))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
