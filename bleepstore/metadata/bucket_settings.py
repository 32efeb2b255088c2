"""What can be set about a bucket that exists, as commands and transaction functions.

Each function raises ``S3Error("NoSuchBucket")``.
"""

from __future__ import annotations

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Ownership, Versioning
from .bucket_rows import no_such_bucket
from .columns import tags_to_column

_SET_VERSIONING = "UPDATE bucket SET versioning = ? WHERE name = ?"
_SET_ACL = "UPDATE bucket SET acl = ? WHERE name = ?"
_SET_OWNERSHIP = "UPDATE bucket SET ownership = ? WHERE name = ?"
_SET_TAGS = "UPDATE bucket SET tags = ? WHERE name = ?"


@frozen
class SetVersioning:
    """A bucket's name and its new state; it never goes back to ``OFF``."""

    bucket: str
    versioning: Versioning


@frozen
class SetBucketAcl:
    """A bucket's name and its access control list as JSON text; empty for the default."""

    bucket: str
    acl: str


@frozen
class SetOwnership:
    """A bucket's name and its ownership controls; None takes them away."""

    bucket: str
    ownership: Ownership | None


@frozen
class SetBucketTags:
    """A bucket's name and its whole tag set; an empty one takes it away."""

    bucket: str
    tags: tuple[tuple[str, str], ...]


def set_versioning(txn: ITransaction, command: SetVersioning) -> None:
    """Enable or suspend versioning."""
    _set(txn, _SET_VERSIONING, command.versioning.value, command.bucket)


def set_acl(txn: ITransaction, command: SetBucketAcl) -> None:
    """Replace the access control list."""
    _set(txn, _SET_ACL, command.acl, command.bucket)


def set_ownership(txn: ITransaction, command: SetOwnership) -> None:
    """Replace the ownership controls."""
    _set(txn, _SET_OWNERSHIP, command.ownership or "", command.bucket)


def set_tags(txn: ITransaction, command: SetBucketTags) -> None:
    """Replace the tag set."""
    _set(txn, _SET_TAGS, tags_to_column(command.tags), command.bucket)


def _set(txn: ITransaction, sql: str, value: str, bucket_name: str) -> None:
    txn.execute(sql, (value, bucket_name))
    if txn.rowcount == 0:
        raise no_such_bucket(bucket_name)
