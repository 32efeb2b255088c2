"""UploadPartCopy: the part refers to the bytes of its source."""

from __future__ import annotations

import hashlib
from functools import partial

from ..documents.copying import copy_part_result
from ..documents.xml import CONTENT_TYPE
from ..values import (
    ByteRange,
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    ObjectVersion,
    Part,
    Reply,
    Upload,
)
from .access import refuse_anonymous
from .conditions import check_source_conditions
from .context import Context
from .copy_source import CopySource, parse_copy_range, parse_copy_source
from .digesting import digest_segments
from .find import find_source
from .later import Later
from .multipart import find_upload, put_part
from .multipart_arguments import part_number_argument
from .object_headers import version_headers
from .segments import cut_segments
from .standing import as_it_stands
from .unsupported import refuse_unsupported_headers


async def upload_part_copy(ctx: Context) -> Later:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html"""
    refuse_anonymous(ctx, "copy objects")
    refuse_unsupported_headers(ctx.headers)
    source = parse_copy_source(ctx.headers)
    number = part_number_argument(ctx.query)
    return Later(_copy(ctx, source, number))


async def _copy(ctx: Context, source: CopySource, number: int) -> Reply:
    upload = await find_upload(ctx)
    return await as_it_stands(
        ctx.services.showing,
        source.bucket,
        source.key,
        source.version_id,
        partial(_copy_once, ctx, upload, source, number),
    )


async def _copy_once(ctx: Context, upload: Upload, source: CopySource, number: int) -> Reply:
    bucket, version = await find_source(ctx, source)
    await ctx.services.showing.check(version)
    check_source_conditions(ctx.headers, version)
    stretch = parse_copy_range(ctx.headers, version.size_bytes)
    part = await _part(ctx, upload, version, stretch, number)
    await put_part(ctx, part)
    headers = [CONTENT_TYPE]
    for _, source_id in version_headers(bucket.versioning, version.version_id):
        headers.append(("x-amz-copy-source-version-id", source_id))
    shown = _only(upload.checksum_algorithm, part.checksums)
    return Reply(200, tuple(headers), copy_part_result(part.etag, part.last_modified_ms, shown))


async def _part(
    ctx: Context, upload: Upload, version: ObjectVersion, stretch: ByteRange, number: int
) -> Part:
    """The part: its bytes are read only for a checksum that the upload asked for and nobody has."""
    algorithm = upload.checksum_algorithm
    is_whole = stretch == ByteRange(0, version.size_bytes)
    etag = version.etag if is_whole and not version.parts else _made_up_etag(version, stretch)
    checksums = _of_whole_objects(version.checksums) if is_whole else ()
    if algorithm is not None:
        checksums = _only(algorithm, checksums)
        if not checksums:
            digested = await digest_segments(ctx.services, version.segments, stretch, algorithm)
            etag, checksums = digested.md5_hex, digested.checksums
    return Part(
        number=number,
        size_bytes=stretch.length,
        etag=etag,
        last_modified_ms=ctx.services.clock.now_ms(),
        segments=tuple(cut_segments(version.segments, stretch)),
        checksums=checksums,
    )


def _made_up_etag(version: ObjectVersion, stretch: ByteRange) -> str:
    """An ETag for bytes that nobody has read.

    It looks like an MD5, is the same for the same bytes of the same source, and tells different
    ones apart. S3 promises no more: "the entity tag may or may not be an MD5 digest of the object
    data" (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
    """
    text = f"{version.etag} {version.size_bytes} {stretch.offset} {stretch.length}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _of_whole_objects(checksums: tuple[Checksum, ...]) -> tuple[Checksum, ...]:
    return tuple(each for each in checksums if each.type is ChecksumType.FULL_OBJECT)


def _only(
    algorithm: ChecksumAlgorithm | None, checksums: tuple[Checksum, ...]
) -> tuple[Checksum, ...]:
    """Those of one algorithm; all of them if it is None."""
    return tuple(each for each in checksums if algorithm in (None, each.algorithm))
