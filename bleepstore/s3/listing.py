"""ListObjects and ListObjectsV2."""

from __future__ import annotations

from attrs import evolve

from ..auth.ownership import acls_count
from ..documents.listing import (
    Continuation,
    ListingRequest,
    list_objects_result,
    list_objects_v2_result,
)
from ..documents.xml import CONTENT_TYPE
from ..errors import S3Error
from ..metadata.listing import ListObjects
from ..values import Bucket, ListingPage, Reply
from .arguments import (
    boolean_argument,
    from_token,
    integer_argument,
    to_token,
    url_encoding_asked,
)
from .context import Context

_PAGE = 1000


async def list_objects(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html"""
    request = listing_request(ctx)
    marker = ctx.query.get("marker", "")
    page = await _page(ctx, request, marker)
    return Reply(200, listing_headers(ctx), list_objects_result(request, page, marker))


async def list_objects_v2(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""
    request = listing_request(ctx)
    token = ctx.query.get("continuation-token")
    start_after = ctx.query.get("start-after")
    if token == "":
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect")
    page = await _page(ctx, request, from_token(token) if token else start_after or "")
    continuation = Continuation(
        start_after=start_after,
        token=token,
        next_token=to_token(page.last) if page.is_truncated else None,
    )
    with_owner = boolean_argument(ctx.query, "fetch-owner")
    document = list_objects_v2_result(request, page, continuation, with_owner)
    return Reply(200, listing_headers(ctx), document)


def listing_request(ctx: Context) -> ListingRequest:
    """What the query asks of a listing, of objects or of versions."""
    return ListingRequest(
        bucket=ctx.bucket_name,
        prefix=ctx.query.get("prefix", ""),
        delimiter=ctx.query.get("delimiter", ""),
        max_keys=integer_argument(ctx.query, "max-keys", _PAGE, at_most=_PAGE),
        url_encoded=url_encoding_asked(ctx.query),
    )


async def _page(ctx: Context, request: ListingRequest, after: str) -> ListingPage:
    bucket, page = await ctx.services.metadata.objects.list_objects(
        request.bucket,
        ListObjects(
            prefix=request.prefix,
            delimiter=request.delimiter,
            after=after,
            max_keys=request.max_keys,
        ),
    )
    return _with_owners(bucket, page)


def _with_owners(bucket: Bucket, page: ListingPage) -> ListingPage:
    """The page with the owners that count; only one that changes is made anew."""
    owner = bucket.owner
    if acls_count(bucket) or all(each.owner.id == owner.id for each in page.objects):
        return page
    return evolve(page, objects=tuple(each._replace(owner=owner) for each in page.objects))


def listing_headers(ctx: Context) -> tuple[tuple[str, str], ...]:
    """The headers of a listing."""
    return CONTENT_TYPE, ("x-amz-bucket-region", ctx.services.region)
