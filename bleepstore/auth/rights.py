"""Which permission of an access control list each action needs, and what needs none.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions

Actions that stand in none of the tables are for the bucket's owner alone.
"""

from __future__ import annotations

from ..errors import S3Error
from ..values import Bucket, ObjectVersion, Permission, Principal
from .acl import allows, is_account
from .ownership import bucket_acl, object_acl

# Decided by the bucket's list.
_ON_BUCKET = {
    "s3:ListBucket": Permission.READ,
    "s3:ListBucketVersions": Permission.READ,
    "s3:ListBucketMultipartUploads": Permission.READ,
    "s3:PutObject": Permission.WRITE,
    "s3:DeleteObject": Permission.WRITE,
    "s3:GetBucketAcl": Permission.READ_ACP,
    "s3:PutBucketAcl": Permission.WRITE_ACP,
}
# Decided by the list of the object's version, once it has been read.
_ON_OBJECT = {
    "s3:GetObject": Permission.READ,
    "s3:GetObjectVersion": Permission.READ,
    "s3:GetObjectAttributes": Permission.READ,
    "s3:GetObjectVersionAttributes": Permission.READ,
    "s3:GetObjectAcl": Permission.READ_ACP,
    "s3:GetObjectVersionAcl": Permission.READ_ACP,
    "s3:PutObjectAcl": Permission.WRITE_ACP,
    "s3:PutObjectVersionAcl": Permission.WRITE_ACP,
}
# Decided by who initiated the upload, once it has been read.
_ON_UPLOAD = frozenset({"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"})


def check_bucket(bucket: Bucket, principal: Principal, action: str) -> None:
    """Refuse what can be refused before an object or an upload is read.

    Raises:
        S3Error: ``AccessDenied``.
    """
    if action in _ON_OBJECT or action in _ON_UPLOAD:
        return
    permission = _ON_BUCKET.get(action)
    if permission is None:
        is_allowed = is_account(principal, bucket.owner)
    else:
        is_allowed = allows(bucket_acl(bucket), principal, permission)
    if not is_allowed:
        raise S3Error("AccessDenied")


def check_object(bucket: Bucket, version: ObjectVersion, principal: Principal, action: str) -> None:
    """Refuse an action on a version of an object.

    Raises:
        S3Error: ``AccessDenied``.
    """
    permission = _ON_OBJECT.get(action)
    if permission is None:
        return check_bucket(bucket, principal, action)
    acl = object_acl(bucket, version.owner, version.acl)
    if not allows(acl, principal, permission):
        raise S3Error("AccessDenied")
    return None


def may_list(bucket: Bucket, principal: Principal) -> bool:
    """Whether somebody may know which keys a bucket has."""
    return allows(bucket_acl(bucket), principal, Permission.READ)
