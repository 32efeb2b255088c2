"""Finding the versions of objects that a request is about."""

from __future__ import annotations

from ..auth.authorize import SOURCE_EXPECTED_OWNER, check_expected_owner
from ..clock import http_date
from ..errors import S3Error
from ..values import Bucket, ObjectVersion
from .access import check_source, check_version, concealed
from .arguments import version_id_argument
from .context import Context
from .copy_source import CopySource
from .object_headers import version_headers


async def find_version(ctx: Context, *, with_content: bool = False) -> tuple[Bucket, ObjectVersion]:
    """The version that the address and ``versionId`` of a request name, if it lets the caller in.

    Raises:
        S3Error: ``NoSuchKey`` behind a delete marker; ``MethodNotAllowed`` for the marker itself;
            ``AccessDenied`` by the version's access control list, and instead of what would tell
            a stranger which keys there are.
    """
    version_id = version_id_argument(ctx.query)
    try:
        bucket, version = await ctx.services.metadata.objects.get(
            ctx.bucket_name, ctx.key, version_id, with_content=with_content
        )
    except S3Error as error:
        raise concealed(ctx, ctx.existing_bucket, error) from error
    check_version(ctx, bucket, version)
    if version.is_delete_marker:
        raise _marker_error(ctx, bucket, version, version_id)
    return bucket, version


async def find_source(ctx: Context, source: CopySource) -> tuple[Bucket, ObjectVersion]:
    """The version that a copy reads, if it lets the caller in.

    Raises:
        S3Error: as :func:`find_version`, ``NoSuchBucket``, and ``InvalidRequest`` for a delete
            marker that is named by its id.
    """
    objects, buckets = ctx.services.metadata.objects, ctx.services.metadata.buckets
    try:
        bucket, version = await objects.get(source.bucket, source.key, source.version_id)
    except S3Error as error:
        bucket = await buckets.get(source.bucket)
        check_expected_owner(ctx.head, SOURCE_EXPECTED_OWNER, bucket)
        raise concealed(ctx, bucket, error) from error
    check_expected_owner(ctx.head, SOURCE_EXPECTED_OWNER, bucket)
    check_source(ctx, bucket, version)
    if version.is_delete_marker:
        raise _marker_as_source(source)
    return bucket, version


def _marker_as_source(source: CopySource) -> S3Error:
    if source.version_id is None:
        return S3Error("NoSuchKey", Key=source.key)
    return S3Error(
        "InvalidRequest",
        "The source of a copy request may not specifically refer to a delete marker by version id.",
    )


def _marker_error(
    ctx: Context, bucket: Bucket, marker: ObjectVersion, version_id: str | None
) -> S3Error:
    headers = (
        ("x-amz-delete-marker", "true"),
        *version_headers(bucket.versioning, marker.version_id),
    )
    if version_id is None:
        return S3Error("NoSuchKey", headers=headers, Key=ctx.key)
    return S3Error(
        "MethodNotAllowed",
        headers=(
            *headers,
            ("allow", "DELETE"),
            ("last-modified", http_date(marker.last_modified_ms)),
        ),
        Method=ctx.head.method,
        ResourceType="DeleteMarker",
    )
