"""The versioning state of a bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
"""

from __future__ import annotations

from ..documents.versions import parse_versioning_configuration, versioning_configuration
from ..documents.xml import CONTENT_TYPE
from ..metadata.buckets import SetVersioning
from ..values import Reply
from .context import Context


async def get_bucket_versioning(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html"""
    return Reply(200, (CONTENT_TYPE,), versioning_configuration(ctx.existing_bucket.versioning))


async def put_bucket_versioning(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html"""
    state = parse_versioning_configuration(await ctx.read_document())
    await ctx.services.metadata.buckets.set_versioning(SetVersioning(ctx.bucket_name, state))
    return Reply(200)
