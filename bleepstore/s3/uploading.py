"""What becomes of the bytes that a request uploads, be they an object or a part of one.

They are measured, verified and written to a sink while they come, and recorded when all are there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from ..errors import S3Error
from ..ids import new_blob_id
from ..interfaces import ISink
from ..streams.upload import Demands, Received, receive
from ..values import Blob, BlobName, ChecksumAlgorithm, Segment
from .checksums import DeclaredChecksum
from .context import Context, content_md5
from .recording import Record, fill_and_record

T = TypeVar("T")


async def upload(
    ctx: Context, demands: Demands, record: Callable[[Received, Blob], Awaitable[T]]
) -> T:
    """Bring a request's body into a blob of its own.

    Args:
        demands: what the body must meet; it says how long it will be.
        record: runs the metadata transaction that refers to the blob.
    """

    async def fill(sink: ISink) -> Record[T]:
        services = ctx.services
        received = await receive(
            ctx.body, ctx.framing, demands, sink, services.threads, services.allowance
        )
        return partial(record, received)

    name = BlobName(ctx.bucket_name, ctx.key, new_blob_id())
    sink = await ctx.services.blobs.open_sink(name, demands.expected_size)
    return await fill_and_record(sink, fill)


def demands_of(
    ctx: Context,
    declared: DeclaredChecksum,
    limit_bytes: int,
    more: frozenset[ChecksumAlgorithm] = frozenset(),
) -> Demands:
    """What an upload's head demands of its body.

    Args:
        limit_bytes: the greatest length of the content.
        more: checksums to compute besides the declared one.

    Raises:
        S3Error: ``MissingContentLength``, ``InvalidDigest``, or ``EntityTooLarge`` before any of
            the body is read.
    """
    return Demands(
        md5=content_md5(ctx.headers),
        checksum=declared.checksum,
        trailer_algorithm=declared.algorithm if declared.in_trailer else None,
        algorithms=frozenset({declared.algorithm}) | more,
        max_size_bytes=limit_bytes,
        expected_size=_declared_size(ctx, limit_bytes),
    )


def _declared_size(ctx: Context, limit_bytes: int) -> int:
    """The length of an upload's content without framing, in bytes.

    Raises:
        S3Error: ``MissingContentLength``, ``EntityTooLarge``.
    """
    length = ctx.framing.decoded_length if ctx.framing.aws_chunked else ctx.body.length
    # HTTP takes a request that says nothing of its body for one without; S3 wants it said.
    is_declared = ctx.framing.aws_chunked or "content-length" in ctx.headers
    if not (is_declared and isinstance(length, int)):
        raise S3Error("MissingContentLength")
    if length > limit_bytes:
        raise S3Error("EntityTooLarge", ProposedSize=str(length), MaxSizeAllowed=str(limit_bytes))
    return length


def whole(blob: Blob) -> tuple[Segment, ...]:
    """The segments of what consists of one blob; none if it is empty."""
    return (Segment(blob.locator, 0, blob.size_bytes),) if blob.size_bytes else ()
