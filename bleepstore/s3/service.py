"""Operations on the service itself."""

from __future__ import annotations

from ..documents.bucket import list_buckets_result
from ..documents.xml import CONTENT_TYPE
from ..values import Reply
from .arguments import from_token, integer_argument, to_token
from .context import Context

_MAX_BUCKETS = 10_000


async def list_buckets(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html"""
    prefix = ctx.query.get("prefix")
    token = ctx.query.get("continuation-token")
    limit = integer_argument(
        ctx.query, "max-buckets", _MAX_BUCKETS, at_least=1, at_most=_MAX_BUCKETS
    )
    if ctx.query.get("bucket-region", ctx.services.region) != ctx.services.region:
        return Reply(200, (CONTENT_TYPE,), list_buckets_result(ctx.owner, (), prefix, None))
    page = await ctx.services.metadata.buckets.list(
        ctx.owner.id, prefix or "", from_token(token) if token else "", limit
    )
    next_token = to_token(page.buckets[-1].name) if page.is_truncated else None
    document = list_buckets_result(ctx.owner, page.buckets, prefix, next_token)
    return Reply(200, (CONTENT_TYPE,), document)
