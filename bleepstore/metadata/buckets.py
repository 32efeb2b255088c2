"""Buckets: making, finding, listing and deleting them, and their versioning state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from ..errors import S3Error
from ..interfaces import IDatabase, ITransaction
from ..values import Bucket, Owner, Versioning
from .ordering import successor

BUCKET_COLUMNS = (
    "bucket.bucket_id, bucket.name, bucket.owner_id, bucket_owner.display_name, bucket.region, "
    "bucket.created_ms, bucket.versioning"
)
BUCKET_WIDTH = 7
BUCKET_TABLES = (
    "bucket LEFT JOIN account AS bucket_owner ON bucket_owner.owner_id = bucket.owner_id"
)

_FIND = f"SELECT {BUCKET_COLUMNS} FROM {BUCKET_TABLES} WHERE bucket.name = ?"  # noqa: S608
_LIST = (
    f"SELECT {BUCKET_COLUMNS} FROM {BUCKET_TABLES} "  # noqa: S608
    "WHERE bucket.owner_id = ? AND bucket.name > ? AND bucket.name >= ? AND bucket.name < ? "
    "ORDER BY bucket.name LIMIT ?"
)
_INSERT = (
    "INSERT INTO bucket (bucket_id, name, owner_id, region, created_ms, versioning) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING"
)
_HAS_OBJECT = "SELECT 1 FROM object WHERE bucket_id = ? LIMIT 1"
_HAS_VERSION = "SELECT 1 FROM object_version WHERE bucket_id = ? LIMIT 1"
_DELETE = "DELETE FROM bucket WHERE bucket_id = ?"
_SET_VERSIONING = "UPDATE bucket SET versioning = ? WHERE name = ?"

_AFTER_ALL_NAMES = "\U0010ffff"  # bucket names are ASCII


@frozen
class CreateBucket:
    """A bucket that is to be, with its id."""

    bucket: Bucket


@frozen
class SetVersioning:
    """A bucket's name and its new state; it never goes back to ``OFF``."""

    bucket: str
    versioning: Versioning


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
        return await self._database.read("get_bucket", find_bucket, name)

    async def delete(self, name: str) -> None:
        """Delete a bucket that has nothing in it: no object, older version or delete marker.

        Raises:
            S3Error: ``NoSuchBucket`` or ``BucketNotEmpty``.
        """
        await self._database.write("delete_bucket", _delete, name)

    async def list(self, owner_id: str, prefix: str, after: str, limit: int) -> BucketPage:
        """At most ``limit`` buckets of an account whose names begin so and come after ``after``."""
        return await self._database.read("list_buckets", _list, owner_id, prefix, after, limit)

    async def set_versioning(self, command: SetVersioning) -> None:
        """Enable or suspend versioning. Raises ``S3Error("NoSuchBucket")``."""
        await self._database.write("set_versioning", _set_versioning, command)


def find_bucket(txn: ITransaction, name: str) -> Bucket:
    """The bucket of that name. Raises ``S3Error("NoSuchBucket")``."""
    txn.execute(_FIND, (name,))
    row = txn.fetch_one()
    if row is None:
        raise no_such_bucket(name)
    return row_to_bucket(row)


def no_such_bucket(name: str) -> S3Error:
    """The error for a bucket that does not exist."""
    return S3Error("NoSuchBucket", BucketName=name)


def row_to_bucket(row: Sequence[Any]) -> Bucket:
    """The bucket that a row of :data:`BUCKET_COLUMNS` tells of."""
    bucket_id, name, owner_id, owner_name, region, created_ms, versioning = row
    owner = Owner(owner_id, owner_name or "")
    return Bucket(bucket_id, name, owner, region, created_ms, Versioning(versioning))


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
    txn.execute(_DELETE, (bucket.id,))


def _list(txn: ITransaction, owner_id: str, prefix: str, after: str, limit: int) -> BucketPage:
    end = successor(prefix) or _AFTER_ALL_NAMES
    txn.execute(_LIST, (owner_id, after, prefix, end, limit + 1))
    rows = txn.fetch_all()
    return BucketPage(tuple(row_to_bucket(row) for row in rows[:limit]), len(rows) > limit)


def _set_versioning(txn: ITransaction, command: SetVersioning) -> None:
    txn.execute(_SET_VERSIONING, (command.versioning.value, command.bucket))
    if txn.rowcount == 0:
        raise no_such_bucket(command.bucket)
