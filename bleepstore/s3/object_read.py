"""GetObject and HeadObject."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.web.iweb import IBodyProducer

from ..errors import BlobMissing
from ..values import Bucket, ByteRange, ObjectVersion, Reply
from .checksums import wanted_checksum_headers
from .conditions import check_read_conditions, range_applies
from .context import Context
from .find import find_version
from .object_headers import object_headers, overridden, version_headers
from .ranges import parse_range
from .segments import open_segments
from .tagging import tag_count_headers


async def head_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html"""
    bucket, version = await find_version(ctx)
    status, stretch, headers = _read_plan(ctx, bucket, version)
    return Reply(status, (*headers, ("content-length", str(stretch.length))))


async def get_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
    try:
        return await _read_object(ctx)
    except BlobMissing:
        # Overwritten and tidied up between our look-up and our opening: look again, once.
        return await _read_object(ctx)


async def _read_object(ctx: Context) -> Reply:
    bucket, version = await find_version(ctx, with_content=True)
    status, stretch, headers = _read_plan(ctx, bucket, version)
    return Reply(status, headers, await _body(ctx, version, stretch))


async def _body(ctx: Context, version: ObjectVersion, stretch: ByteRange) -> bytes | IBodyProducer:
    if version.content is not None:
        return version.content[stretch.offset : stretch.offset + stretch.length]
    if not stretch.length:
        return b""
    return await open_segments(ctx.services.blobs, version.segments, stretch)


def _read_plan(
    ctx: Context, bucket: Bucket, version: ObjectVersion
) -> tuple[int, ByteRange, tuple[tuple[str, str], ...]]:
    """Status, stretch of bytes and headers of a read, its conditions being met."""
    check_read_conditions(ctx.headers, version)
    asked = ctx.headers.get("range") if range_applies(ctx.headers, version) else None
    stretch = parse_range(asked, version.size_bytes)
    headers = [*object_headers(version), ("accept-ranges", "bytes")]
    headers += version_headers(bucket.versioning, version.version_id)
    headers += tag_count_headers(ctx, bucket, version)
    headers = overridden(headers, ctx.query, ctx.principal.is_anonymous)
    if stretch is None:
        headers += wanted_checksum_headers(ctx.headers, version)
        return 200, ByteRange(0, version.size_bytes), tuple(headers)
    return 206, stretch, (*headers, *_content_range(stretch, version))


def _content_range(stretch: ByteRange, version: ObjectVersion) -> Iterator[tuple[str, str]]:
    yield "content-range", f"bytes {stretch.offset}-{stretch.last}/{version.size_bytes}"
