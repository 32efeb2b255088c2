"""Reading one object version, as a transaction function."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from ..errors import S3Error
from ..interfaces import ITransaction
from ..values import Bucket, ObjectVersion, Versioning
from .blobs import read_content
from .bucket_rows import BUCKET_COLUMNS, BUCKET_TABLES, BUCKET_WIDTH, no_such_bucket, row_to_bucket
from .rows import columns_of, row_to_version

# Bucket and current version in one look-up; the version's columns are NULL where there is none.
_CURRENT = (
    f"SELECT {BUCKET_COLUMNS}, {columns_of('object')}, object_owner.display_name "
    f"FROM {BUCKET_TABLES} "
    "LEFT JOIN object ON object.bucket_id = bucket.bucket_id AND object.key = ? "
    "LEFT JOIN account AS object_owner ON object_owner.owner_id = object.owner_id "
    "WHERE bucket.name = ?"
)
_OTHER = (
    f"SELECT {columns_of('object_version')}, display_name, is_delete_marker "
    "FROM object_version LEFT JOIN account ON account.owner_id = object_version.owner_id "
    "WHERE bucket_id = ? AND key = ?"
)
# More takes long enough to be read in a thread: see look_up() of IDatabase.
_BROUGHT_BYTES = 64 * 1024

_NEWEST_OTHER = f"{_OTHER} ORDER BY version_order LIMIT 1"
_OTHER_BY_ID = f"{_OTHER} AND version_id = ?"


def get_object(
    txn: ITransaction, bucket_name: str, key: str, version_id: str | None, with_content: bool
) -> tuple[Bucket, ObjectVersion]:
    """See :meth:`~bleepstore.metadata.objects.Objects.get`."""
    txn.execute(_CURRENT, (key, bucket_name))
    row = txn.fetch_one()
    if row is None:
        raise no_such_bucket(bucket_name)
    bucket = row_to_bucket(row[:BUCKET_WIDTH])
    current = _current_version(row[BUCKET_WIDTH:])
    if version_id is None:
        version = current or _newest_marker(txn, bucket, key)
    elif current is not None and current.version_id == version_id:
        version = current
    else:
        version = _other_version(txn, bucket, key, version_id, current)
    return bucket, _bring_content(txn, version) if with_content else version


def _current_version(row: Any) -> ObjectVersion | None:
    *columns, owner_name = row
    if columns[0] is None:
        return None
    return row_to_version(columns, owner_name, is_delete_marker=False, is_latest=True)


def _newest_marker(txn: ITransaction, bucket: Bucket, key: str) -> ObjectVersion:
    """A key without a current version: its newest version can only be a delete marker."""
    marker = _newest_other(txn, bucket, key)
    if marker is None:
        raise S3Error("NoSuchKey", Key=key)
    return marker


def _other_version(
    txn: ITransaction, bucket: Bucket, key: str, version_id: str, current: ObjectVersion | None
) -> ObjectVersion:
    if current is None:
        newest = _newest_other(txn, bucket, key)
        if newest is not None and newest.version_id == version_id:
            return newest
    txn.execute(_OTHER_BY_ID, (bucket.id, key, version_id))
    row = txn.fetch_one()
    if row is None:
        raise S3Error("NoSuchVersion", Key=key, VersionId=version_id)
    return _row_to_other(row, is_latest=False)


def _newest_other(txn: ITransaction, bucket: Bucket, key: str) -> ObjectVersion | None:
    if bucket.versioning is Versioning.OFF:
        return None
    txn.execute(_NEWEST_OTHER, (bucket.id, key))
    row = txn.fetch_one()
    return _row_to_other(row, is_latest=True) if row else None


def _row_to_other(row: Any, *, is_latest: bool) -> ObjectVersion:
    *columns, owner_name, is_delete_marker = row
    return row_to_version(
        columns, owner_name, is_delete_marker=bool(is_delete_marker), is_latest=is_latest
    )


def _bring_content(txn: ITransaction, version: ObjectVersion) -> ObjectVersion:
    """Only a single segment can be small enough to be worth it; it may begin inside its blob."""
    if len(version.segments) != 1 or version.size_bytes > _BROUGHT_BYTES:
        return version
    (segment,) = version.segments
    content = read_content(txn, segment.locator)
    if content is None:
        return version
    return evolve(version, content=content[segment.offset : segment.offset + segment.length])
