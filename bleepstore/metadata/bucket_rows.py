"""Buckets as rows: which columns there are, and how one row is found and read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import S3Error
from ..interfaces import ITransaction
from ..values import Bucket, Owner, Ownership, Versioning
from .columns import column_to_tags

BUCKET_COLUMNS = (
    "bucket.bucket_id, bucket.name, bucket.owner_id, bucket_owner.display_name, bucket.region, "
    "bucket.created_ms, bucket.versioning, bucket.acl, bucket.ownership, bucket.tags"
)
BUCKET_WIDTH = 10
BUCKET_TABLES = (
    "bucket LEFT JOIN account AS bucket_owner ON bucket_owner.owner_id = bucket.owner_id"
)

_FIND = f"SELECT {BUCKET_COLUMNS} FROM {BUCKET_TABLES} WHERE bucket.name = ?"


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
    bucket_id, name, owner_id, owner_name, region, created_ms, versioning, acl, ownership, tags = (
        row
    )
    return Bucket(
        id=bucket_id,
        name=name,
        owner=Owner(owner_id, owner_name or ""),
        region=region,
        created_ms=created_ms,
        versioning=Versioning(versioning),
        acl=acl,
        ownership=Ownership(ownership) if ownership else None,
        tags=column_to_tags(tags),
    )


def shown_version_id(bucket: Bucket, version_id: str) -> str | None:
    """The value of ``x-amz-version-id``: buckets that never had versioning have none."""
    return None if bucket.versioning is Versioning.OFF else version_id
