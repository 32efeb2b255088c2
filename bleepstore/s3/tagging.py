"""Tags of objects and buckets.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..auth.acl import is_account
from ..documents.tagging import (
    MAX_BUCKET_TAGS,
    MAX_OBJECT_TAGS,
    Tags,
    parse_tagging,
    parse_tagging_header,
    tagging,
)
from ..documents.xml import CONTENT_TYPE
from ..errors import S3Error
from ..metadata.bucket_settings import SetBucketTags
from ..metadata.objects import SetTags
from ..values import Bucket, ObjectVersion, Reply
from .arguments import version_id_argument
from .context import Context
from .find import find_version
from .object_headers import version_headers

TAGGING_HEADER = "x-amz-tagging"


def request_tags(headers: Mapping[str, str]) -> Tags:
    """The tags that an upload or a copy gives its object in a header.

    Raises:
        S3Error: ``InvalidArgument``, ``InvalidTag``, ``BadRequest`` for more than ten.
    """
    return parse_tagging_header(headers.get(TAGGING_HEADER, ""))


def tag_count_headers(
    ctx: Context, bucket: Bucket, version: ObjectVersion
) -> Iterator[tuple[str, str]]:
    """How many tags an object has, for those who may read them."""
    if version.tags and is_account(ctx.principal, bucket.owner):
        yield "x-amz-tagging-count", str(len(version.tags))


async def get_object_tagging(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html"""
    bucket, version = await find_version(ctx)
    headers = (CONTENT_TYPE, *version_headers(bucket.versioning, version.version_id))
    return Reply(200, headers, tagging(version.tags))


async def put_object_tagging(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html"""
    tags = parse_tagging(await ctx.read_document(), MAX_OBJECT_TAGS)
    return Reply(200, await _set_object_tags(ctx, tags))


async def delete_object_tagging(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html"""
    return Reply(204, await _set_object_tags(ctx, ()))


async def _set_object_tags(ctx: Context, tags: Tags) -> tuple[tuple[str, str], ...]:
    version_id = await ctx.services.metadata.objects.set_tags(
        SetTags(ctx.bucket_name, ctx.key, version_id_argument(ctx.query), tags)
    )
    return () if version_id is None else (("x-amz-version-id", version_id),)


async def get_bucket_tagging(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html"""
    tags = ctx.existing_bucket.tags
    if not tags:
        raise S3Error("NoSuchTagSet", BucketName=ctx.bucket_name)
    return Reply(200, (CONTENT_TYPE,), tagging(tags))


async def put_bucket_tagging(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html"""
    tags = parse_tagging(await ctx.read_document(), MAX_BUCKET_TAGS)
    return await _set_bucket_tags(ctx, tags)


async def delete_bucket_tagging(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html"""
    return await _set_bucket_tags(ctx, ())


async def _set_bucket_tags(ctx: Context, tags: Tags) -> Reply:
    await ctx.services.metadata.buckets.set_tags(SetBucketTags(ctx.bucket_name, tags))
    return Reply(204)
