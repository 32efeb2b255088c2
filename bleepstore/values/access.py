"""Who may do what with a bucket or an object, beside its owner."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from .identity import Owner


class Permission(StrEnum):
    """The permissions of access control lists."""

    FULL_CONTROL = "FULL_CONTROL"
    READ = "READ"
    WRITE = "WRITE"
    READ_ACP = "READ_ACP"
    WRITE_ACP = "WRITE_ACP"


class Ownership(StrEnum):
    """Who owns new objects of a bucket, and whether its ACLs count."""

    BUCKET_OWNER_ENFORCED = "BucketOwnerEnforced"
    BUCKET_OWNER_PREFERRED = "BucketOwnerPreferred"
    OBJECT_WRITER = "ObjectWriter"


@frozen
class Grantee:
    """An account by its canonical user id, or a group by its URI: exactly one of the two."""

    owner: Owner | None = None
    group: str | None = None


@frozen
class Grant:
    """One line of an access control list."""

    grantee: Grantee
    permission: Permission


@frozen
class AccessControlList:
    """Who owns something and who else may do what with it."""

    owner: Owner
    grants: tuple[Grant, ...] = ()
