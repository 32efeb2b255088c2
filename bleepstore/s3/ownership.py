"""A bucket's ownership controls."""

from __future__ import annotations

from ..auth.acl import load_acl
from ..auth.ownership import is_open_to_others
from ..documents.acl import ownership_controls, parse_ownership_controls
from ..documents.xml import CONTENT_TYPE
from ..errors import S3Error
from ..metadata.buckets import SetOwnership
from ..values import Ownership, Reply
from .context import Context

_HEADER = "x-amz-object-ownership"


def ownership_of_new_bucket(ctx: Context) -> Ownership:
    """The ownership controls that CreateBucket asks for, or this store's default.

    Raises:
        S3Error: ``InvalidArgument``.
    """
    text = ctx.headers.get(_HEADER)
    if text is None:
        return ctx.services.default_ownership
    try:
        return Ownership(text)
    except ValueError as error:
        raise S3Error(
            "InvalidArgument",
            f"Invalid {_HEADER} header: {text}",
            ArgumentName=_HEADER,
            ArgumentValue=text,
        ) from error


async def get_bucket_ownership_controls(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html"""
    ownership = ctx.existing_bucket.ownership
    if ownership is None:
        raise S3Error("OwnershipControlsNotFoundError", BucketName=ctx.bucket_name)
    return Reply(200, (CONTENT_TYPE,), ownership_controls(ownership))


async def put_bucket_ownership_controls(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html"""
    ownership = parse_ownership_controls(await ctx.read_document())
    bucket = ctx.existing_bucket
    is_open = is_open_to_others(load_acl(bucket.acl, bucket.owner))
    if is_open and ownership is Ownership.BUCKET_OWNER_ENFORCED:
        raise S3Error("InvalidBucketAclWithObjectOwnership")
    await ctx.services.metadata.buckets.set_ownership(SetOwnership(bucket.name, ownership))
    return Reply(200)


async def delete_bucket_ownership_controls(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html"""
    await ctx.services.metadata.buckets.set_ownership(SetOwnership(ctx.bucket_name, None))
    return Reply(204)
