"""GetObject and HeadObject."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from twisted.web.iweb import IBodyProducer

from ..errors import S3Error
from ..values import Bucket, ByteRange, ObjectVersion, Reply
from .arguments import version_id_argument
from .checksums import wanted_checksum_headers
from .conditions import check_read_conditions, range_applies
from .context import Context
from .find import find_version
from .object_headers import object_headers, overridden, version_headers
from .part_read import asked_part
from .ranges import parse_range
from .segments import open_segments
from .standing import as_it_stands
from .tagging import tag_count_headers


async def head_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html"""
    return await _as_it_stands(ctx, _describe)


async def get_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
    return await _as_it_stands(ctx, _read)


async def _as_it_stands(ctx: Context, answer: Callable[[Context], Awaitable[Reply]]) -> Reply:
    version_id = version_id_argument(ctx.query)
    showing, name = ctx.services.showing, (ctx.bucket_name, ctx.key, version_id)
    return await as_it_stands(showing, *name, partial(answer, ctx))


async def _describe(ctx: Context) -> Reply:
    bucket, version = await find_version(ctx)
    await ctx.services.showing.check(version)
    status, stretch, headers = _read_plan(ctx, bucket, version)
    return Reply(status, (*headers, ("content-length", str(stretch.length))))


async def _read(ctx: Context) -> Reply:
    bucket, version = await find_version(ctx, with_content=True)
    try:
        status, stretch, headers = _read_plan(ctx, bucket, version)
    except S3Error:  # such as 304: this, too, is said of the version, and nothing will be opened
        await ctx.services.showing.check(version)
        raise
    return Reply(status, headers, await _body(ctx, version, stretch))


async def _body(ctx: Context, version: ObjectVersion, stretch: ByteRange) -> bytes | IBodyProducer:
    if version.content is not None:
        return version.content[stretch.offset : stretch.offset + stretch.length]
    if not stretch.length:
        await ctx.services.showing.check(version)
        return b""
    return await open_segments(ctx.services.blobs, version.segments, stretch)


def _read_plan(
    ctx: Context, bucket: Bucket, version: ObjectVersion
) -> tuple[int, ByteRange, tuple[tuple[str, str], ...]]:
    """Status, stretch of bytes and headers of a read, its conditions being met."""
    check_read_conditions(ctx.headers, version)
    part = asked_part(ctx.headers, ctx.query, version)
    stretch = part.stretch if part else _asked_range(ctx, version)
    headers = [*object_headers(version), ("accept-ranges", "bytes")]
    headers += version_headers(bucket.versioning, version.version_id)
    headers += tag_count_headers(ctx, bucket, version)
    headers = overridden(headers, ctx.query, ctx.principal.is_anonymous)
    if part is not None:
        headers += [*part.headers, *wanted_checksum_headers(ctx.headers, part.checksums)]
    elif stretch is None:
        headers += wanted_checksum_headers(ctx.headers, version.checksums)
    if stretch is None or not stretch.length:
        return 200, stretch or ByteRange(0, version.size_bytes), tuple(headers)
    return 206, stretch, (*headers, *_content_range(stretch, version))


def _asked_range(ctx: Context, version: ObjectVersion) -> ByteRange | None:
    """The stretch that the ``Range`` header asks for; None for the whole object."""
    asked = ctx.headers.get("range") if range_applies(ctx.headers, version) else None
    return parse_range(asked, version.size_bytes)


def _content_range(stretch: ByteRange, version: ObjectVersion) -> Iterator[tuple[str, str]]:
    yield "content-range", f"bytes {stretch.offset}-{stretch.last}/{version.size_bytes}"
