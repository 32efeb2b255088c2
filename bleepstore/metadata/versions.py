"""The versions of one key: which is current, and how they come, move and go.

The current version stands in ``object``, every other one in ``object_version``, and so does
every delete marker. Hence: a key without a row in ``object`` has a delete marker as its newest
version, or no version at all.
"""

from __future__ import annotations

from attrs import evolve, frozen

from ..interfaces import ITransaction
from ..values import NULL_VERSION_ID, Bucket, ObjectVersion, Segment, Versioning
from . import blobs
from .columns import column_to_segments
from .rows import STORED_COLUMNS, version_to_row

_MARKS = ", ".join("?" for _ in STORED_COLUMNS.split(","))

_CURRENT = "SELECT version_id, version_order, etag FROM object WHERE bucket_id = ? AND key = ?"
_NEWEST_OTHER = (
    "SELECT version_order, is_delete_marker FROM object_version "
    "WHERE bucket_id = ? AND key = ? ORDER BY version_order LIMIT 1"
)
_INSERT_CURRENT = f"INSERT INTO object ({STORED_COLUMNS}) VALUES ({_MARKS})"
INSERT_MARKER = (
    f"INSERT INTO object_version ({STORED_COLUMNS}, is_delete_marker) VALUES ({_MARKS}, 1)"
)
_ARCHIVE = (
    f"INSERT INTO object_version ({STORED_COLUMNS}, is_delete_marker) "
    f"SELECT {STORED_COLUMNS}, 0 FROM object WHERE bucket_id = ? AND key = ?"
)
_REMOVE_CURRENT = "DELETE FROM object WHERE bucket_id = ? AND key = ? RETURNING segments"
_REMOVE_OTHER = (
    "DELETE FROM object_version WHERE bucket_id = ? AND key = ? AND version_id = ? "
    "RETURNING is_delete_marker, segments"
)


@frozen
class Current:
    """What changes need to know of a key's current version."""

    version_id: str
    version_order: int
    etag: str


@frozen
class Removed:
    """A version that is gone from its table; its segments are still counted."""

    is_delete_marker: bool
    segments: tuple[Segment, ...]


def find_current(txn: ITransaction, bucket: Bucket, key: str) -> Current | None:
    """The current version; None if there is none or a delete marker stands for it."""
    txn.execute(_CURRENT, (bucket.id, key))
    row = txn.fetch_one()
    return Current(*row) if row else None


def stack(
    txn: ITransaction, bucket: Bucket, current: Current | None, version: ObjectVersion
) -> ObjectVersion:
    """Make a version (or delete marker) the newest of its key.

    What was current becomes an older version where versioning is enabled; elsewhere the null
    version, wherever it is, gives way.

    Returns:
        The version as stored: with the id ``null`` unless versioning is enabled, and with a time
        later than that of the key's newest version, whatever the clock says.
    """
    order = order_behind(version, _newest_order(txn, bucket, version.key, current))
    stored = evolve(version, version_id=_stored_id(bucket, version), last_modified_ms=-order)
    _make_room(txn, bucket, current, version)
    insert = INSERT_MARKER if stored.is_delete_marker else _INSERT_CURRENT
    txn.execute(insert, (bucket.id, order, *version_to_row(stored)))
    return stored


def order_behind(version: ObjectVersion, newest_order: int | None) -> int:
    """The order of a version that becomes the newest of its key, whatever the clock says.

    Args:
        newest_order: of the newest one so far; None if there is none.
    """
    order = -version.last_modified_ms
    return order if newest_order is None else min(order, newest_order - 1)


def _stored_id(bucket: Bucket, version: ObjectVersion) -> str:
    return version.version_id if bucket.versioning is Versioning.ENABLED else NULL_VERSION_ID


def _newest_order(
    txn: ITransaction, bucket: Bucket, key: str, current: Current | None
) -> int | None:
    if current is not None:
        return current.version_order
    newest = _newest_other(txn, bucket, key)
    return newest[0] if newest else None


def _newest_other(txn: ITransaction, bucket: Bucket, key: str) -> tuple[int, bool] | None:
    if bucket.versioning is Versioning.OFF:  # then there is no other, and nothing to look up
        return None
    txn.execute(_NEWEST_OTHER, (bucket.id, key))
    row = txn.fetch_one()
    return (row[0], bool(row[1])) if row else None


def _make_room(
    txn: ITransaction, bucket: Bucket, current: Current | None, version: ObjectVersion
) -> None:
    key, now_ms = version.key, version.last_modified_ms
    replaces_null = bucket.versioning is not Versioning.ENABLED
    if current is not None and replaces_null and current.version_id == NULL_VERSION_ID:
        blobs.release(txn, remove_current(txn, bucket, key).segments, now_ms)
        return
    if current is not None:
        txn.execute(_ARCHIVE, (bucket.id, key))
        remove_current(txn, bucket, key)
    if bucket.versioning is Versioning.SUSPENDED:
        replaced = remove_other(txn, bucket, key, NULL_VERSION_ID)
        if replaced is not None:
            blobs.release(txn, replaced.segments, now_ms)


def remove_current(txn: ITransaction, bucket: Bucket, key: str) -> Removed:
    """Take out the current version, which there must be."""
    txn.execute(_REMOVE_CURRENT, (bucket.id, key))
    (segments,) = txn.fetch_one()
    return Removed(is_delete_marker=False, segments=column_to_segments(segments))


def remove_other(txn: ITransaction, bucket: Bucket, key: str, version_id: str) -> Removed | None:
    """Take out an older version or a delete marker; None if there is none of that id."""
    txn.execute(_REMOVE_OTHER, (bucket.id, key, version_id))
    row = txn.fetch_one()
    if row is None:
        return None
    return Removed(is_delete_marker=bool(row[0]), segments=column_to_segments(row[1]))
