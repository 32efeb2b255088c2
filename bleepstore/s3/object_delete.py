"""DeleteObject."""

from __future__ import annotations

from ..ids import new_version_id
from ..metadata.objects import DeleteObject
from ..values import Reply
from .context import Context


async def delete_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html"""
    if_match = ctx.headers.get("if-match")
    result = await ctx.services.metadata.objects.delete(
        DeleteObject(
            bucket=ctx.bucket_name,
            key=ctx.key,
            version_id=ctx.query.get("versionId"),
            new_version_id=new_version_id(),
            now_ms=ctx.services.clock.now_ms(),
            owner=ctx.owner,
            if_match=None if if_match is None else if_match.strip().strip('"'),
        )
    )
    headers = []
    if result.is_delete_marker:
        headers.append(("x-amz-delete-marker", "true"))
    if result.version_id is not None:
        headers.append(("x-amz-version-id", result.version_id))
    return Reply(204, tuple(headers))
