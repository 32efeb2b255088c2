"""DeleteObjects: up to a thousand keys in one request, and in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..auth.rights import check_bucket
from ..documents.deletion import (
    Deleted,
    NotDeleted,
    ObjectToDelete,
    delete_result,
    parse_delete,
)
from ..documents.xml import CONTENT_TYPE
from ..errors import S3Error
from ..ids import new_version_id
from ..metadata.objects import DeleteObjects, DeleteOne, DeleteResult
from ..values import ChecksumAlgorithm, Reply
from .arguments import checked_version_id
from .context import MAX_LIST_BYTES, Context
from .keys import checked_key

_CHECKSUMS = frozenset(algorithm.header for algorithm in ChecksumAlgorithm)


async def delete_objects(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""
    _require_checksum(ctx.headers, ctx.framing.trailer)
    document = await ctx.read_document(MAX_LIST_BYTES)
    asked, quiet = await ctx.services.threads.run(parse_delete, document)
    refusals = [_refusal(ctx, each) for each in asked]
    allowed = [each for each, error in zip(asked, refusals, strict=True) if error is None]
    results = iter(await _delete(ctx, allowed))
    outcomes = [
        _outcome(each, error or next(results)) for each, error in zip(asked, refusals, strict=True)
    ]
    return Reply(200, (CONTENT_TYPE,), delete_result(outcomes, quiet))


def _require_checksum(headers: Mapping[str, str], trailer: Iterable[str]) -> None:
    """A list of what to destroy must not be damaged on its way."""
    given = {*headers, *trailer}
    if "content-md5" not in given and _CHECKSUMS.isdisjoint(given):
        raise S3Error(
            "InvalidRequest",
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
        )


def _refusal(ctx: Context, asked: ObjectToDelete) -> S3Error | None:
    """What is wrong with one key, before anything is looked up."""
    try:
        checked_key(asked.key)
        if asked.version_id is not None:
            check_bucket(ctx.existing_bucket, ctx.principal, "s3:DeleteObjectVersion")
            checked_version_id("VersionId", asked.version_id)
    except S3Error as error:
        return error
    return None


async def _delete(
    ctx: Context, asked: Sequence[ObjectToDelete]
) -> Sequence[DeleteResult | S3Error]:
    if not asked:
        return ()
    deletions = DeleteObjects(
        bucket=ctx.bucket_name,
        objects=tuple(_commands(asked)),
        now_ms=ctx.services.clock.now_ms(),
        owner=ctx.owner,
    )
    results = await ctx.services.metadata.objects.delete_many(deletions)
    await ctx.services.showing.settle(ctx.bucket_name, deletions.keys)
    return results


def _commands(asked: Iterable[ObjectToDelete]) -> Iterator[DeleteOne]:
    for each in asked:
        yield DeleteOne(
            key=each.key,
            version_id=each.version_id,
            new_version_id=new_version_id(),
            if_match=each.etag,
        )


def _outcome(asked: ObjectToDelete, result: DeleteResult | S3Error) -> Deleted | NotDeleted:
    if isinstance(result, S3Error):
        return NotDeleted(asked.key, asked.version_id, result)
    return Deleted(
        asked.key,
        version_id=asked.version_id,
        is_delete_marker=result.is_delete_marker,
        marker_version_id=result.version_id if result.is_delete_marker else None,
    )
