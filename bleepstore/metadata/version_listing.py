"""Listing every version and delete marker, as a transaction function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Bucket, ObjectVersion, Owner, VersionListing
from .bucket_rows import find_bucket
from .columns import column_to_checksums
from .ordering import successor
from .walk import Keys, rows, walk

_COLUMNS = (
    "key, version_order, version_id, size_bytes, etag, last_modified_ms, storage_class, "
    "checksums, {table}.owner_id, display_name, {marker}"
)
_SELECT = (
    f"SELECT {_COLUMNS} FROM {{table}} "
    "LEFT JOIN account ON account.owner_id = {table}.owner_id "
    "WHERE bucket_id = ? AND (key, version_order) > (?, ?) AND key < ?"
)
# Both tables stand in this order, so the engine merges them without sorting.
_VERSIONS = (
    f"{_SELECT.format(table='object', marker='0')} UNION ALL "
    f"{_SELECT.format(table='object_version', marker='is_delete_marker')} "
    "ORDER BY 1, 2 LIMIT ?"
)
_ORDER_OF = (
    "SELECT version_order FROM object WHERE bucket_id = ? AND key = ? AND version_id = ? "
    "UNION ALL SELECT version_order FROM object_version "
    "WHERE bucket_id = ? AND key = ? AND version_id = ?"
)

_BEFORE_ALL_VERSIONS = -(2**63)
_AFTER_ALL_VERSIONS = 2**63 - 1


@frozen
class ListVersions:
    """Which versions to show.

    Attributes:
        prefix: keys begin so.
        delimiter: keys that contain it behind the prefix are rolled up into one common prefix;
            empty for none.
        key_marker: the page begins behind all versions of this key (or behind this whole common
            prefix, if it is one) ...
        version_id_marker: ... or behind this version of it; ignored without a key. If the
            version is gone since, the page begins at the newest version of the key: it may
            repeat what an earlier page had, but never leaves anything out.
        max_keys: the most versions, delete markers and common prefixes together.
    """

    prefix: str = ""
    delimiter: str = ""
    key_marker: str = ""
    version_id_marker: str = ""
    max_keys: int = 1000


def list_versions(
    txn: ITransaction, bucket_name: str, query: ListVersions
) -> tuple[Bucket, VersionListing]:
    """See :meth:`~bleepstore.metadata.objects.Objects.list_versions`."""
    bucket = find_bucket(txn, bucket_name)
    if query.max_keys == 0:
        return bucket, VersionListing()
    start = _start(txn, bucket, query)
    found = _entries(txn, bucket, query, start) if start else iter(())
    entries = list(islice(found, query.max_keys + 1))
    shown = entries[: query.max_keys]
    is_truncated = len(entries) > len(shown)
    last_key, last_version_id = _position(shown[-1]) if is_truncated else ("", "")
    listing = VersionListing(
        versions=tuple(_versions(shown, start[0] if start and _is_inside_key(start) else None)),
        common_prefixes=tuple(entry for entry in shown if isinstance(entry, str)),
        is_truncated=is_truncated,
        next_key_marker=last_key,
        next_version_id_marker=last_version_id,
    )
    return bucket, listing


def _position(entry: Any) -> tuple[str, str]:
    return (entry, "") if isinstance(entry, str) else (entry[0], entry[2])


def _entries(
    txn: ITransaction, bucket: Bucket, query: ListVersions, start: tuple[str, int]
) -> Iterator[Any]:
    """Rows and common prefixes in order."""
    keys = Keys(query.prefix, query.delimiter)

    def scan(key: str, order: int = _BEFORE_ALL_VERSIONS) -> Iterable[Any]:
        place = (bucket.id, key, order, keys.end)
        txn.execute(_VERSIONS, (*place, *place, query.max_keys + 1))
        return rows(txn, keys)

    return walk(keys, scan(*start), scan)


def _start(txn: ITransaction, bucket: Bucket, query: ListVersions) -> tuple[str, int] | None:
    """The page begins behind this pair of key and version order; None for nowhere."""
    keys, marker = Keys(query.prefix, query.delimiter), query.key_marker
    if marker < keys.prefix or not marker:
        return keys.prefix, _BEFORE_ALL_VERSIONS
    if keys.is_rolled_up(marker):
        behind = successor(marker)
        return None if behind is None else (behind, _BEFORE_ALL_VERSIONS)
    if not query.version_id_marker:
        return marker, _AFTER_ALL_VERSIONS
    place = (bucket.id, marker, query.version_id_marker)
    txn.execute(_ORDER_OF, (*place, *place))
    row = txn.fetch_one()
    return marker, row[0] if row else _BEFORE_ALL_VERSIONS


def _is_inside_key(start: tuple[str, int]) -> bool:
    return start[1] not in (_BEFORE_ALL_VERSIONS, _AFTER_ALL_VERSIONS)


def _versions(entries: Iterable[Any], continued_key: str | None) -> Iterator[ObjectVersion]:
    """The versions among the entries; the first of a key is its latest, unless it continues."""
    key_before = continued_key
    for entry in entries:
        if not isinstance(entry, str):
            yield _row_to_version(entry, is_latest=entry[0] != key_before)
            key_before = entry[0]


def _row_to_version(row: Any, *, is_latest: bool) -> ObjectVersion:
    """What a listing shows of a version; the rest is left at its defaults."""
    key, _, version_id, size_bytes, etag, last_modified_ms, storage_class, *others = row
    checksums, owner_id, owner_name, is_delete_marker = others
    return ObjectVersion(
        key=key,
        version_id=version_id,
        last_modified_ms=last_modified_ms,
        owner=Owner(owner_id, owner_name or ""),
        is_delete_marker=bool(is_delete_marker),
        is_latest=is_latest,
        size_bytes=size_bytes,
        etag=etag,
        storage_class=storage_class,
        checksums=column_to_checksums(checksums),
    )
