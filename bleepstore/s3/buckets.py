"""Making, finding and deleting buckets."""

from __future__ import annotations

from ..documents.bucket import location_constraint, parse_create_bucket_configuration
from ..documents.xml import CONTENT_TYPE
from ..errors import S3Error
from ..ids import new_blob_id
from ..metadata.buckets import CreateBucket
from ..values import Bucket, Reply
from .bucket_names import is_valid_bucket_name
from .context import Context
from .granting import for_new_bucket
from .ownership import ownership_of_new_bucket
from .unsupported import refuse_unsupported_headers


async def create_bucket(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""
    name = ctx.bucket_name
    if not is_valid_bucket_name(name) or name in ctx.services.reserved_bucket_names:
        raise S3Error("InvalidBucketName", BucketName=name)
    refuse_unsupported_headers(ctx.headers)
    ownership = ownership_of_new_bucket(ctx)
    acl = await for_new_bucket(ctx, ownership)
    _check_location(parse_create_bucket_configuration(await ctx.read_document()), ctx)
    bucket = Bucket(
        id=new_blob_id(),
        name=name,
        owner=ctx.owner,
        region=ctx.services.region,
        created_ms=ctx.services.clock.now_ms(),
        acl=acl,
        ownership=ownership,
    )
    await ctx.services.metadata.buckets.create(CreateBucket(bucket))
    return Reply(200, (("location", f"/{name}"),))


def _check_location(constraint: str | None, ctx: Context) -> None:
    """One store is one region, so the only location that there can be is its own.

    Clients that name none mean the endpoint's, whichever it is.
    """
    if constraint is not None and constraint != ctx.services.region:
        raise S3Error(
            "IllegalLocationConstraintException",
            f"The {constraint} location constraint is incompatible for the region specific "
            "endpoint this request was sent to.",
        )


async def head_bucket(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html"""
    return Reply(
        200,
        (
            ("x-amz-bucket-region", ctx.services.region),
            ("x-amz-access-point-alias", "false"),
            CONTENT_TYPE,
        ),
    )


async def delete_bucket(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html"""
    await ctx.services.metadata.buckets.delete(ctx.bucket_name)
    return Reply(204)


async def get_bucket_location(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html"""
    return Reply(200, (CONTENT_TYPE,), location_constraint(ctx.services.region))
