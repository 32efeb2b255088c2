"""Object versions as rows: which columns there are, and how values become columns and back.

Fat values are JSON texts, or ``''`` when empty, which is common and costs nothing to read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..values import (
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    ObjectVersion,
    Owner,
    PartBoundary,
    Segment,
)

T = TypeVar("T")

VERSION_COLUMNS = (
    "key",
    "version_id",
    "last_modified_ms",
    "owner_id",
    "size_bytes",
    "etag",
    "storage_class",
    "headers",
    "user_metadata",
    "tags",
    "acl",
    "checksums",
    "parts",
    "segments",
)
"""What makes up a version, in the order of the functions below."""

STORED_COLUMNS = ", ".join(("bucket_id", "version_order", *VERSION_COLUMNS))
"""All that the tables ``object`` and ``object_version`` have in common."""


def columns_of(table: str) -> str:
    """:data:`VERSION_COLUMNS` of one table of a join."""
    return ", ".join(f"{table}.{column}" for column in VERSION_COLUMNS)


def version_to_row(version: ObjectVersion) -> tuple[Any, ...]:
    """The values of :data:`VERSION_COLUMNS`."""
    return (
        version.key,
        version.version_id,
        version.last_modified_ms,
        version.owner.id,
        version.size_bytes,
        version.etag,
        version.storage_class,
        _to_json(dict(version.headers)),
        _to_json(dict(version.user_metadata)),
        _to_json(version.tags),
        version.acl,
        checksums_to_column(version.checksums),
        _to_json([_part_to_list(part) for part in version.parts]),
        _to_json([(part.locator, part.offset, part.length) for part in version.segments]),
    )


def row_to_version(
    row: Sequence[Any], owner_name: str | None, *, is_delete_marker: bool, is_latest: bool
) -> ObjectVersion:
    """The version that a row of :data:`VERSION_COLUMNS` tells of."""
    return ObjectVersion(
        key=row[0],
        version_id=row[1],
        last_modified_ms=row[2],
        owner=Owner(row[3], owner_name or ""),
        is_delete_marker=is_delete_marker,
        is_latest=is_latest,
        size_bytes=row[4],
        etag=row[5],
        storage_class=row[6],
        headers=json.loads(row[7]) if row[7] else {},
        user_metadata=json.loads(row[8]) if row[8] else {},
        tags=_from_json(row[9], tuple),
        acl=row[10],
        checksums=column_to_checksums(row[11]),
        parts=_from_json(row[12], _list_to_part),
        segments=column_to_segments(row[13]),
    )


def column_to_segments(column: str) -> tuple[Segment, ...]:
    """The segments of a row's last column."""
    return _from_json(column, lambda item: Segment(*item))


def checksums_to_column(checksums: Sequence[Checksum]) -> str:
    """Checksums as a column of their own; listings read it too."""
    return _to_json([_checksum_to_list(checksum) for checksum in checksums])


def column_to_checksums(column: str) -> tuple[Checksum, ...]:
    """The checksums of a column."""
    return _from_json(column, _list_to_checksum)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""


def _from_json(column: str, make: Callable[[Any], T]) -> tuple[T, ...]:
    return tuple(make(item) for item in json.loads(column)) if column else ()


def _checksum_to_list(checksum: Checksum) -> list[str]:
    return [checksum.algorithm.value, checksum.value, checksum.type.value]


def _list_to_checksum(item: Sequence[str]) -> Checksum:
    return Checksum(ChecksumAlgorithm(item[0]), item[1], ChecksumType(item[2]))


def _part_to_list(part: PartBoundary) -> list[Any]:
    return [part.number, part.size_bytes, [_checksum_to_list(each) for each in part.checksums]]


def _list_to_part(item: Sequence[Any]) -> PartBoundary:
    return PartBoundary(item[0], item[1], tuple(_list_to_checksum(each) for each in item[2]))
