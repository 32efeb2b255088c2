"""What objects, uploads and sources of copies say to a request, once they have been read."""

from __future__ import annotations

from ..auth.acl import is_account
from ..auth.rights import check_bucket, check_object, may_list
from ..errors import S3Error
from ..values import Bucket, ObjectVersion, Upload
from .context import Context

_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion"})


def check_version(ctx: Context, bucket: Bucket, version: ObjectVersion) -> None:
    """Refuse the request's action on a version of an object. Raises ``S3Error("AccessDenied")``."""
    _check(ctx, bucket, version, ctx.action)


def check_source(ctx: Context, bucket: Bucket, version: ObjectVersion) -> None:
    """Refuse to read a version for a copy. Raises ``S3Error("AccessDenied")``."""
    _check(ctx, bucket, version, "s3:GetObject")


def _check(ctx: Context, bucket: Bucket, version: ObjectVersion, action: str) -> None:
    """A delete marker has no list of its own: it may be seen by those who may see keys."""
    if not version.is_delete_marker:
        check_object(bucket, version, ctx.principal, action)
    elif not may_list(bucket, ctx.principal):
        raise S3Error("AccessDenied")


def concealed(ctx: Context, bucket: Bucket, error: S3Error) -> S3Error:
    """``error``, or ``AccessDenied`` where it would tell a stranger which keys there are.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (permissions)
    """
    if error.code in _ABSENT and not may_list(bucket, ctx.principal):
        return S3Error("AccessDenied")
    return error


def check_upload(ctx: Context, upload: Upload) -> None:
    """Refuse an upload to all but who has initiated it and the bucket's owner.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions

    Raises:
        S3Error: ``AccessDenied``.
    """
    is_initiator = is_account(ctx.principal, upload.initiator)
    if not is_initiator and not is_account(ctx.principal, ctx.existing_bucket.owner):
        raise S3Error("AccessDenied")


def check_copied_tags(ctx: Context, source_bucket: Bucket, source: ObjectVersion) -> None:
    """Refuse a copy whose tags the caller may not read at the source, or not set at the target.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html (permissions)

    Raises:
        S3Error: ``AccessDenied``.
    """
    if source.tags:
        check_bucket(source_bucket, ctx.principal, "s3:GetObjectTagging")
        check_bucket(ctx.existing_bucket, ctx.principal, "s3:PutObjectTagging")


def refuse_anonymous(ctx: Context, what: str) -> None:
    """Refuse what S3 does for accounts only, even where everybody may write.

    Raises:
        S3Error: ``AccessDenied``.
    """
    if ctx.principal.is_anonymous:
        raise S3Error("AccessDenied", f"Anonymous users cannot {what}.  Please authenticate.")
