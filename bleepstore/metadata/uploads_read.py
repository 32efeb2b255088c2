"""Reading and listing multipart uploads and their parts, as transaction functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Bucket, Part, Upload, UploadListing
from .bucket_rows import find_bucket
from .columns import column_to_segments
from .ordering import LAST, successor
from .upload_rows import (
    LISTED_PART_COLUMNS,
    UPLOAD_COLUMNS,
    UPLOAD_TABLES,
    find_upload,
    no_such_upload,
    row_to_part,
    row_to_upload,
)
from .walk import Keys, rows, walk

_LOCATED = "SELECT number, segments FROM part WHERE upload_id = ?"
_PARTS = (
    f"SELECT {LISTED_PART_COLUMNS} FROM part "
    "WHERE upload_id = ? AND number > ? ORDER BY number LIMIT ?"
)
# The key comes first, as walk() wants it.
_UPLOADS = (
    f"SELECT key, {UPLOAD_COLUMNS} FROM {UPLOAD_TABLES} "
    "WHERE bucket_id = ? AND (key, upload_id) > (?, ?) AND key < ? "
    "ORDER BY key, upload_id LIMIT ?"
)


@frozen
class ListUploads:
    """Which uploads to show.

    Attributes:
        prefix: keys begin so.
        delimiter: keys that contain it behind the prefix are rolled up into one common prefix;
            empty for none.
        key_marker: the page begins behind all uploads of this key (or behind this whole common
            prefix, if it is one) ...
        upload_id_marker: ... or behind this upload of it; ignored without a key.
        max_uploads: the most uploads and common prefixes together.
    """

    prefix: str = ""
    delimiter: str = ""
    key_marker: str = ""
    upload_id_marker: str = ""
    max_uploads: int = 1000


def get_upload(txn: ITransaction, bucket_name: str, key: str, upload_id: str) -> Upload:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.get`."""
    upload = find_upload(txn, find_bucket(txn, bucket_name), key, upload_id)
    if upload is None:
        raise no_such_upload(upload_id)
    return upload


def list_parts(
    txn: ITransaction, bucket_name: str, key: str, upload_id: str, marker: int, limit: int
) -> tuple[Upload, tuple[Part, ...], bool]:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.list_parts`."""
    upload = get_upload(txn, bucket_name, key, upload_id)
    if limit == 0:
        return upload, (), False
    txn.execute(_PARTS, (upload_id, marker, limit + 1))
    found = txn.fetch_all()
    return upload, tuple(map(row_to_part, found[:limit])), len(found) > limit


def list_locators(
    txn: ITransaction, bucket_name: str, key: str, upload_id: str, numbers: Collection[int]
) -> tuple[str, ...]:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.list_locators`."""
    if find_upload(txn, find_bucket(txn, bucket_name), key, upload_id) is None:
        return ()
    txn.execute(_LOCATED, (upload_id,))
    columns = [segments for number, segments in txn.fetch_all() if number in numbers]
    segments = chain.from_iterable(map(column_to_segments, columns))
    return tuple(dict.fromkeys(segment.locator for segment in segments))


def list_uploads(txn: ITransaction, bucket_name: str, query: ListUploads) -> UploadListing:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.list_uploads`."""
    bucket = find_bucket(txn, bucket_name)
    if query.max_uploads == 0:
        return UploadListing()
    entries = list(islice(_entries(txn, bucket, query), query.max_uploads + 1))
    shown = entries[: query.max_uploads]
    is_truncated = len(entries) > len(shown)
    last_key, last_upload_id = _position(shown[-1]) if is_truncated else ("", "")
    return UploadListing(
        uploads=tuple(row_to_upload(entry[1:]) for entry in shown if not isinstance(entry, str)),
        common_prefixes=tuple(entry for entry in shown if isinstance(entry, str)),
        is_truncated=is_truncated,
        next_key_marker=last_key,
        next_upload_id_marker=last_upload_id,
    )


def _position(entry: Any) -> tuple[str, str]:
    return (entry, "") if isinstance(entry, str) else (entry[0], entry[1])


def _entries(txn: ITransaction, bucket: Bucket, query: ListUploads) -> Iterator[Any]:
    """Rows and common prefixes in order."""
    keys = Keys(query.prefix, query.delimiter)

    def scan(key: str, upload_id: str = "") -> Iterable[Any]:
        txn.execute(_UPLOADS, (bucket.id, key, upload_id, keys.end, query.max_uploads + 1))
        return rows(txn, keys)

    start = _start(keys, query)
    return iter(()) if start is None else walk(keys, scan(*start), scan)


def _start(keys: Keys, query: ListUploads) -> tuple[str, str] | None:
    """The page begins behind this pair of key and upload id; None for nowhere."""
    marker = query.key_marker
    if marker < keys.prefix or not marker:
        return keys.prefix, ""
    if keys.is_rolled_up(marker):
        behind = successor(marker)
        return None if behind is None else (behind, "")
    return marker, query.upload_id_marker or LAST
