"""Makes a blob of stretches of others; the service copies their bytes.

https://learn.microsoft.com/rest/api/storageservices/put-block-from-url
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from ...errors import BlobMissing
from ...values import Appearance
from ..remote.together import together
from ..remote.upstream import Piece
from .appearance import to_headers
from .blobs import Blobs
from .blocks import MAX_BLOCKS, BlockList
from .upload import content_md5_of, md5_header

# What the service copies in a second or so. It would take 4,000 MiB at a time.
_BLOCK_BYTES = 64 * 1024 * 1024
_AT_A_TIME = 8


@frozen
class _Block:
    """A stretch of one source."""

    index: int
    source: str
    tag: str | None
    first: int
    last: int


async def assemble(blobs: Blobs, name: str, pieces: Sequence[Piece], appearance: Appearance) -> str:
    """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.assemble`."""
    headers = to_headers(appearance)
    blocks = list(_blocks(pieces))
    if not blocks:
        return await blobs.put(name, b"", content_md5_of(b""), headers)
    known_md5 = await _md5(blobs, pieces)
    list_ = BlockList(blobs.container, name)

    async def copy(block: _Block) -> None:
        await list_.copy(block.index, block.source, block.tag, block.first, block.last)

    await together(copy, blocks, _AT_A_TIME)
    return await list_.commit(len(blocks), {**headers, **known_md5})


def _blocks(pieces: Sequence[Piece]) -> Iterator[_Block]:
    """No more than a blob may have, for pieces that are at most 10,000."""
    total = sum(piece.length for piece in pieces)
    size = max(_BLOCK_BYTES, -(-total // (MAX_BLOCKS - len(pieces))))
    index = 0
    for piece in pieces:
        end = piece.offset + piece.length
        for start in range(piece.offset, end, size):
            last = min(start + size, end) - 1
            yield _Block(index, piece.name, piece.tag, start, last)
            index += 1


async def _md5(blobs: Blobs, pieces: Sequence[Piece]) -> Mapping[str, str]:
    """The MD5 of the result, where it is the copy of one blob that has one."""
    if len(pieces) != 1 or pieces[0].length != pieces[0].object_size_bytes:
        return {}
    found = await blobs.look(pieces[0].name)
    if found is None:
        raise BlobMissing(pieces[0].name)
    is_md5 = "-" not in found.etag and pieces[0].tag in (None, found.tag)
    return md5_header(bytes.fromhex(found.etag)) if is_md5 else {}
