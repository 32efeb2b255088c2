"""Who owns a new object, and whether access control lists count at all.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import S3Error
from ..values import AccessControlList, Bucket, Grant, Grantee, Owner, Ownership, Permission
from .acl import load_acl, private_acl
from .canned import BUCKET_OWNER_FULL_CONTROL, CANNED_HEADER


def acls_count(bucket: Bucket) -> bool:
    """Whether the lists of a bucket and of its objects are looked at."""
    return bucket.ownership is not Ownership.BUCKET_OWNER_ENFORCED


def owner_of_new_object(bucket: Bucket, writer: Owner, headers: Mapping[str, str]) -> Owner:
    """Who will own what ``writer`` writes with a request of these headers."""
    if bucket.ownership is Ownership.BUCKET_OWNER_ENFORCED:
        return bucket.owner
    is_handed_over = headers.get(CANNED_HEADER) == BUCKET_OWNER_FULL_CONTROL
    if bucket.ownership is Ownership.BUCKET_OWNER_PREFERRED and is_handed_over:
        return bucket.owner
    return writer


def bucket_acl(bucket: Bucket) -> AccessControlList:
    """The list of a bucket that counts."""
    return load_acl(bucket.acl, bucket.owner) if acls_count(bucket) else private_acl(bucket.owner)


def object_acl(bucket: Bucket, owner: Owner, acl: str) -> AccessControlList:
    """The list of an object that counts.

    Args:
        owner: recorded with the object; where lists do not count, the bucket's owner owns it.
        acl: the stored text.
    """
    return load_acl(acl, owner) if acls_count(bucket) else private_acl(bucket.owner)


def effective_owner(bucket: Bucket, owner: Owner) -> Owner:
    """Whose an object is, of which ``owner`` is recorded as the owner."""
    return owner if acls_count(bucket) else bucket.owner


def refuse_lists_that_do_not_count(
    bucket: Bucket, canned: str | None, grants: tuple[Grant, ...]
) -> None:
    """Refuse a list for a bucket or an object where lists do not count.

    What only says that the bucket's owner controls everything is let through: the canned name
    for it, and the one grant that means the same.

    Args:
        canned: the canned name that the request gives, if any.
        grants: what the request gives otherwise.

    Raises:
        S3Error: ``AccessControlListNotSupported``.
    """
    if acls_count(bucket) or canned == BUCKET_OWNER_FULL_CONTROL:
        return
    if canned is None and _is_full_control_of(bucket.owner, grants):
        return
    raise S3Error("AccessControlListNotSupported")


def _is_full_control_of(owner: Owner, grants: tuple[Grant, ...]) -> bool:
    if len(grants) != 1 or grants[0].permission is not Permission.FULL_CONTROL:
        return False
    return not _is_other(grants[0].grantee, owner)


def is_open_to_others(acl: AccessControlList) -> bool:
    """Whether a list gives anything to anybody but its owner."""
    return any(_is_other(grant.grantee, acl.owner) for grant in acl.grants)


def _is_other(grantee: Grantee, owner: Owner) -> bool:
    return grantee.owner is None or grantee.owner.id != owner.id
