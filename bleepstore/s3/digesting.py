"""Digests of bytes that are stored already: they are read once more, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from ..streams.producers import BytesProducer
from ..streams.upload import Demands, Received, receive
from ..values import ByteRange, ChecksumAlgorithm, PayloadFraming, Segment
from .context import Services
from .segments import open_segments


async def digest_segments(
    services: Services,
    segments: Sequence[Segment],
    stretch: ByteRange,
    algorithm: ChecksumAlgorithm,
) -> Received:
    """The MD5 and one checksum of a stretch of an object.

    Raises:
        BlobMissing: the object was deleted in the meantime.
    """
    if stretch.length:
        body = await open_segments(services.blobs, segments, stretch)
    else:
        body = BytesProducer(b"")
    demands = Demands(algorithms=frozenset({algorithm}), expected_size=stretch.length)
    return await receive(body, PayloadFraming(), demands, _Nowhere(), services.threads)


class _Nowhere:
    """Takes blocks and forgets them."""

    async def write(self, block: bytes) -> None:
        """Nothing is kept."""
