"""Canned access control lists: a name that stands for a few grants.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from ..errors import S3Error
from ..values import AccessControlList, Grant, Grantee, Owner, Permission
from .acl import ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY, private_acl

CANNED_HEADER = "x-amz-acl"
BUCKET_OWNER_FULL_CONTROL = "bucket-owner-full-control"

_FOR_GROUPS = {
    "private": (),
    "public-read": ((ALL_USERS, Permission.READ),),
    "public-read-write": ((ALL_USERS, Permission.READ), (ALL_USERS, Permission.WRITE)),
    "authenticated-read": ((AUTHENTICATED_USERS, Permission.READ),),
    # Amazon's own EC2 is the only grantee, and there is none here.
    "aws-exec-read": (),
}
_FOR_BUCKETS = {
    **_FOR_GROUPS,
    "log-delivery-write": (
        (LOG_DELIVERY, Permission.WRITE),
        (LOG_DELIVERY, Permission.READ_ACP),
    ),
    # They speak of the bucket's owner as somebody else, and are ignored on the bucket itself.
    "bucket-owner-read": (),
    BUCKET_OWNER_FULL_CONTROL: (),
}
_FOR_BUCKET_OWNER = {
    "bucket-owner-read": Permission.READ,
    BUCKET_OWNER_FULL_CONTROL: Permission.FULL_CONTROL,
}


def canned_bucket_acl(name: str, owner: Owner) -> AccessControlList:
    """The list that a canned name means on a bucket.

    Raises:
        S3Error: ``InvalidArgument`` for a name that is none.
    """
    if name not in _FOR_BUCKETS:
        raise _unknown(name)
    return _with_groups(owner, _FOR_BUCKETS[name])


def canned_object_acl(name: str, owner: Owner, bucket_owner: Owner) -> AccessControlList:
    """The list that a canned name means on an object.

    Raises:
        S3Error: ``InvalidArgument`` for a name that is none.
    """
    if name in _FOR_BUCKET_OWNER:
        return _with_bucket_owner(owner, bucket_owner, _FOR_BUCKET_OWNER[name])
    if name not in _FOR_GROUPS:
        raise _unknown(name)
    return _with_groups(owner, _FOR_GROUPS[name])


def _with_groups(owner: Owner, groups: Iterable[tuple[str, Permission]]) -> AccessControlList:
    grants = tuple(Grant(Grantee(group=group), permission) for group, permission in groups)
    return evolve(private_acl(owner), grants=private_acl(owner).grants + grants)


def _with_bucket_owner(
    owner: Owner, bucket_owner: Owner, permission: Permission
) -> AccessControlList:
    acl = private_acl(owner)
    if owner.id == bucket_owner.id:
        return acl
    return evolve(acl, grants=(*acl.grants, Grant(Grantee(owner=bucket_owner), permission)))


def _unknown(name: str) -> S3Error:
    return S3Error("InvalidArgument", ArgumentName=CANNED_HEADER, ArgumentValue=name)
