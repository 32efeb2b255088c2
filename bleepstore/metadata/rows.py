"""Object versions as rows: which columns there are, and how values become columns and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..values import ObjectVersion, Owner, PartBoundary
from .columns import (
    checksum_to_list,
    checksums_to_column,
    column_to_checksums,
    column_to_mapping,
    column_to_segments,
    column_to_tags,
    from_json,
    list_to_checksum,
    segments_to_column,
    tags_to_column,
    to_json,
)

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
        to_json(dict(version.headers)),
        to_json(dict(version.user_metadata)),
        tags_to_column(version.tags),
        version.acl,
        checksums_to_column(version.checksums),
        to_json([_part_to_list(part) for part in version.parts]),
        segments_to_column(version.segments),
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
        headers=column_to_mapping(row[7]),
        user_metadata=column_to_mapping(row[8]),
        tags=column_to_tags(row[9]),
        acl=row[10],
        checksums=column_to_checksums(row[11]),
        parts=from_json(row[12], _list_to_part),
        segments=column_to_segments(row[13]),
    )


def _part_to_list(part: PartBoundary) -> list[Any]:
    return [part.number, part.size_bytes, [checksum_to_list(each) for each in part.checksums]]


def _list_to_part(item: Sequence[Any]) -> PartBoundary:
    return PartBoundary(item[0], item[1], tuple(list_to_checksum(each) for each in item[2]))
