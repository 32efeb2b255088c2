"""DeleteObject."""

from __future__ import annotations

from ..errors import S3Error
from ..ids import new_version_id
from ..metadata.objects import DeleteObject
from ..values import Reply
from .arguments import version_id_argument
from .conditions import wanted_etag
from .context import Context

_DIRECTORY_BUCKETS_ONLY = ("x-amz-if-match-last-modified-time", "x-amz-if-match-size")


async def delete_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html"""
    for name in _DIRECTORY_BUCKETS_ONLY:
        if name in ctx.headers:
            raise S3Error("NotImplemented", Header=name)
    result = await ctx.services.metadata.objects.delete(
        DeleteObject(
            bucket=ctx.bucket_name,
            key=ctx.key,
            version_id=version_id_argument(ctx.query),
            new_version_id=new_version_id(),
            now_ms=ctx.services.clock.now_ms(),
            owner=ctx.owner,
            if_match=wanted_etag(ctx.headers),
        )
    )
    await ctx.services.showing.settle(ctx.bucket_name, (ctx.key,))
    headers = []
    if result.is_delete_marker:
        headers.append(("x-amz-delete-marker", "true"))
    if result.version_id is not None:
        headers.append(("x-amz-version-id", result.version_id))
    return Reply(204, tuple(headers))
