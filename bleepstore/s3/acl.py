"""Reading and replacing the access control lists of buckets and objects."""

from __future__ import annotations

from ..auth.acl import dump_acl
from ..auth.ownership import acls_count, bucket_acl, effective_owner, object_acl
from ..documents.acl import access_control_policy
from ..documents.xml import CONTENT_TYPE
from ..metadata.buckets import SetBucketAcl
from ..metadata.objects import SetAcl
from ..values import Reply
from .context import Context
from .find import find_version
from .granting import replacing_bucket_acl, replacing_object_acl
from .object_headers import version_headers


async def get_bucket_acl(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html"""
    document = access_control_policy(bucket_acl(ctx.existing_bucket))
    return Reply(200, (CONTENT_TYPE,), document)


async def put_bucket_acl(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html"""
    bucket = ctx.existing_bucket
    acl = await replacing_bucket_acl(ctx, bucket)
    if acls_count(bucket):
        await ctx.services.metadata.buckets.set_acl(SetBucketAcl(ctx.bucket_name, dump_acl(acl)))
    return Reply(200)


async def get_object_acl(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html"""
    bucket, version = await find_version(ctx)
    acl = object_acl(bucket, version.owner, version.acl)
    headers = (CONTENT_TYPE, *version_headers(bucket.versioning, version.version_id))
    return Reply(200, headers, access_control_policy(acl))


async def put_object_acl(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html"""
    bucket, version = await find_version(ctx)
    owner = effective_owner(bucket, version.owner)
    acl = await replacing_object_acl(ctx, bucket, owner)
    if acls_count(bucket):
        await ctx.services.metadata.objects.set_acl(
            SetAcl(ctx.bucket_name, ctx.key, version.version_id, dump_acl(acl), seen=version)
        )
    return Reply(200, tuple(version_headers(bucket.versioning, version.version_id)))
