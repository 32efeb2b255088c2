"""Buckets: making, finding, listing and deleting them, and what can be set about them."""

from __future__ import annotations

from attrs import frozen

from ..errors import S3Error
from ..interfaces import IDatabase, ITransaction
from ..values import Bucket
from .bucket_rows import BUCKET_COLUMNS, BUCKET_TABLES, find_bucket, row_to_bucket
from .bucket_settings import (
    SetBucketAcl,
    SetBucketTags,
    SetOwnership,
    SetVersioning,
    set_acl,
    set_ownership,
    set_tags,
    set_versioning,
)
from .columns import tags_to_column
from .ordering import LAST, successor
from .uploads_expiry import date_back_uploads

__all__ = [
    "BucketPage",
    "Buckets",
    "CreateBucket",
    "SetBucketAcl",
    "SetBucketTags",
    "SetOwnership",
    "SetVersioning",
]

_LIST = (
    f"SELECT {BUCKET_COLUMNS} FROM {BUCKET_TABLES} "
    "WHERE bucket.owner_id = ? AND bucket.name > ? AND bucket.name >= ? AND bucket.name < ? "
    "ORDER BY bucket.name LIMIT ?"
)
_INSERT = (
    "INSERT INTO bucket (bucket_id, name, owner_id, region, created_ms, versioning, acl, "
    "ownership, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING"
)
_HAS_OBJECT = "SELECT 1 FROM object WHERE bucket_id = ? LIMIT 1"
_HAS_VERSION = "SELECT 1 FROM object_version WHERE bucket_id = ? LIMIT 1"
_DELETE = "DELETE FROM bucket WHERE bucket_id = ?"


@frozen
class CreateBucket:
    """A bucket that is to be, with its id."""

    bucket: Bucket


@frozen
class BucketPage:
    """One page of an account's buckets, by name; the next one starts after the last name."""

    buckets: tuple[Bucket, ...]
    is_truncated: bool


@frozen
class Buckets:
    """The buckets of the store."""

    _database: IDatabase

    async def create(self, command: CreateBucket) -> None:
        """Make a bucket.

        Raises:
            S3Error: ``BucketAlreadyOwnedByYou`` or ``BucketAlreadyExists``.
        """
        await self._database.write("create_bucket", _create, command)

    async def get(self, name: str) -> Bucket:
        """Find a bucket. Raises ``S3Error("NoSuchBucket")``."""
        return await self._database.look_up("get_bucket", find_bucket, name)

    async def delete(self, name: str) -> None:
        """Delete a bucket that has nothing in it: no object, older version or delete marker.

        Uploads under way do not keep it; they end with it.

        Raises:
            S3Error: ``NoSuchBucket`` or ``BucketNotEmpty``.
        """
        await self._database.write("delete_bucket", _delete, name)

    async def list(self, owner_id: str, prefix: str, after: str, limit: int) -> BucketPage:
        """At most ``limit`` buckets of an account whose names begin so and come after ``after``."""
        return await self._database.read("list_buckets", _list, owner_id, prefix, after, limit)

    async def set_versioning(self, command: SetVersioning) -> None:
        """Enable or suspend versioning. Raises ``S3Error("NoSuchBucket")``."""
        await self._database.write("set_versioning", set_versioning, command)

    async def set_acl(self, command: SetBucketAcl) -> None:
        """Replace the access control list. Raises ``S3Error("NoSuchBucket")``."""
        await self._database.write("set_bucket_acl", set_acl, command)

    async def set_ownership(self, command: SetOwnership) -> None:
        """Replace the ownership controls. Raises ``S3Error("NoSuchBucket")``."""
        await self._database.write("set_ownership", set_ownership, command)

    async def set_tags(self, command: SetBucketTags) -> None:
        """Replace the tag set. Raises ``S3Error("NoSuchBucket")``."""
        await self._database.write("set_bucket_tags", set_tags, command)


def _create(txn: ITransaction, command: CreateBucket) -> None:
    bucket = command.bucket
    txn.execute(
        _INSERT,
        (
            bucket.id,
            bucket.name,
            bucket.owner.id,
            bucket.region,
            bucket.created_ms,
            bucket.versioning.value,
            bucket.acl,
            bucket.ownership or "",
            tags_to_column(bucket.tags),
        ),
    )
    if txn.rowcount == 0:
        is_own = find_bucket(txn, bucket.name).owner.id == bucket.owner.id
        code = "BucketAlreadyOwnedByYou" if is_own else "BucketAlreadyExists"
        raise S3Error(code, BucketName=bucket.name)


def _delete(txn: ITransaction, name: str) -> None:
    bucket = find_bucket(txn, name)
    for query in (_HAS_OBJECT, _HAS_VERSION):
        txn.execute(query, (bucket.id,))
        if txn.fetch_one():
            raise S3Error("BucketNotEmpty", BucketName=name)
    date_back_uploads(txn, bucket.id)
    txn.execute(_DELETE, (bucket.id,))


def _list(txn: ITransaction, owner_id: str, prefix: str, after: str, limit: int) -> BucketPage:
    end = successor(prefix) or LAST  # bucket names are ASCII
    txn.execute(_LIST, (owner_id, after, prefix, end, limit + 1))
    rows = txn.fetch_all()
    return BucketPage(tuple(row_to_bucket(row) for row in rows[:limit]), len(rows) > limit)
