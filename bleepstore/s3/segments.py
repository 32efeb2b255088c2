"""Reading an object's bytes out of the blobs that its segments name."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from functools import partial

from twisted.web.iweb import IBodyProducer

from ..interfaces import IBlobStore
from ..streams.producers import open_chain
from ..values import ByteRange, Segment


async def open_segments(
    blobs: IBlobStore, segments: Sequence[Segment], stretch: ByteRange
) -> IBodyProducer:
    """A producer of a stretch of an object, its first blob open already.

    Raises:
        BlobMissing: for the first blob; a later one that is missing fails the producer.
    """
    cut = list(cut_segments(segments, stretch))
    if len(cut) == 1:
        return await _open(blobs, cut[0])
    return await open_chain([partial(_open, blobs, segment) for segment in cut], stretch.length)


def _open(blobs: IBlobStore, segment: Segment) -> Awaitable[IBodyProducer]:
    return blobs.read(segment.locator, segment.offset, segment.length)


def cut_segments(segments: Sequence[Segment], stretch: ByteRange) -> Iterator[Segment]:
    """The parts of ``segments`` that cover a stretch of the object, in order."""
    start = 0
    end = stretch.offset + stretch.length
    for segment in segments:
        first = max(stretch.offset - start, 0)
        last = min(end - start, segment.length)
        if first < last:
            yield Segment(segment.locator, segment.offset + first, last - first)
        start += segment.length
