"""CopyObject: the copy refers to the bytes of its source, whatever their size."""

from __future__ import annotations

from functools import partial

from attrs import evolve

from ..documents.copying import copy_object_result
from ..documents.xml import CONTENT_TYPE
from ..errors import BlobMissing, S3Error, SourceChanged
from ..ids import new_version_id
from ..metadata.objects import CopyObject
from ..values import Bucket, ByteRange, ChecksumAlgorithm, ChecksumType, ObjectVersion, Reply
from .access import check_copied_tags, refuse_anonymous
from .checksums import named_algorithm
from .conditions import check_source_conditions, write_conditions
from .context import Context
from .copy_source import CopySource, check_copy_size, parse_copy_source
from .digesting import digest_segments
from .directives import check_changes_something, copied_metadata, replaced_tags
from .find import find_source
from .granting import for_new_object
from .later import Later
from .object_headers import storage_class, version_headers
from .standing import as_it_stands
from .unsupported import refuse_unsupported_headers

# Looks at a source that changes all the time.
_ATTEMPTS = 10


async def copy_object(ctx: Context) -> Later:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

    Unlike on AWS, the copy of an object that was uploaded in parts keeps its parts, its ETag and
    its composite checksum: nothing is read that would give it others.
    """
    refuse_anonymous(ctx, "copy objects")
    refuse_unsupported_headers(ctx.headers)
    source = parse_copy_source(ctx.headers)
    if source == CopySource(ctx.bucket_name, ctx.key):
        check_changes_something(ctx.headers)
    return Later(_copy(ctx, source))


async def _copy(ctx: Context, source: CopySource) -> Reply:
    """Copy the source as it is, even while others write it."""
    failure: Exception | None = None
    for _ in range(_ATTEMPTS):
        try:
            return await as_it_stands(
                ctx.services.showing,
                source.bucket,
                source.key,
                source.version_id,
                partial(_copy_once, ctx, source),
            )
        except (SourceChanged, BlobMissing) as error:
            failure = error
    if isinstance(failure, BlobMissing):
        raise failure
    raise S3Error("SlowDown") from failure


async def _copy_once(ctx: Context, source: CopySource) -> Reply:
    bucket, version = await find_source(ctx, source)
    await ctx.services.showing.check(version)
    check_source_conditions(ctx.headers, version)
    check_copy_size(version.size_bytes)
    copy = await _copy_of(ctx, bucket, version)
    if_match, if_none_match = write_conditions(ctx.headers)
    result = await ctx.services.metadata.objects.copy(
        CopyObject(
            source_bucket=source.bucket,
            source_version_id=source.version_id,
            source=version,
            bucket=ctx.bucket_name,
            version=copy,
            if_match=if_match,
            if_none_match=if_none_match,
        )
    )
    await ctx.services.showing.settle(ctx.bucket_name, (ctx.key,))
    headers = [CONTENT_TYPE]
    for _, source_id in version_headers(bucket.versioning, version.version_id):
        headers.append(("x-amz-copy-source-version-id", source_id))
    if result.version_id is not None:
        headers.append(("x-amz-version-id", result.version_id))
    document = copy_object_result(copy.etag, result.last_modified_ms, copy.checksums)
    return Reply(200, tuple(headers), document)


async def _copy_of(ctx: Context, source_bucket: Bucket, source: ObjectVersion) -> ObjectVersion:
    """The version that is to be: what the source is, as far as the request does not differ."""
    headers, metadata = copied_metadata(ctx.headers, source)
    granted = await for_new_object(ctx)
    copy = evolve(
        source,
        key=ctx.key,
        version_id=new_version_id(),
        last_modified_ms=ctx.services.clock.now_ms(),
        owner=granted.owner,
        acl=granted.acl,
        is_latest=True,
        storage_class=storage_class(ctx.headers),
        headers=headers,
        user_metadata=metadata,
        tags=_tags(ctx, source_bucket, source),
    )
    algorithm = named_algorithm(ctx.headers, "x-amz-checksum-algorithm")
    return copy if algorithm is None else await _with_checksum(ctx, copy, algorithm)


def _tags(
    ctx: Context, source_bucket: Bucket, source: ObjectVersion
) -> tuple[tuple[str, str], ...]:
    replaced = replaced_tags(ctx.headers)
    if replaced is not None:
        return replaced
    check_copied_tags(ctx, source_bucket, source)
    return source.tags


async def _with_checksum(
    ctx: Context, copy: ObjectVersion, algorithm: ChecksumAlgorithm
) -> ObjectVersion:
    """``copy`` with a checksum of all its bytes, which are read if the source has none."""
    for checksum in copy.checksums:
        if (checksum.algorithm, checksum.type) == (algorithm, ChecksumType.FULL_OBJECT):
            return copy
    everything = ByteRange(0, copy.size_bytes)
    digested = await digest_segments(ctx.services, copy.segments, everything, algorithm)
    parts = tuple(evolve(part, checksums=()) for part in copy.parts)
    return evolve(copy, checksums=digested.checksums, parts=parts)
