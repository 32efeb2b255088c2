"""Listing current versions: pages, prefixes and delimiters, as a transaction function.

With a delimiter the walk leaps from a common prefix to the first key behind all keys that the
prefix hides, so a page costs what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Bucket, ListedObject, ListingPage, Owner
from .bucket_rows import find_bucket
from .columns import column_to_checksums
from .ordering import successor

_SELECT = (
    "SELECT key, size_bytes, etag, last_modified_ms, storage_class, object.owner_id, "
    "display_name, checksums "
    "FROM object LEFT JOIN account ON account.owner_id = object.owner_id "
)
_FROM = f"{_SELECT} WHERE bucket_id = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
_AFTER = f"{_SELECT} WHERE bucket_id = ? AND key > ? AND key < ? ORDER BY key LIMIT ?"

_AFTER_ALL_KEYS = "\U0010ffff" * 257  # keys have at most 1,024 bytes, this has 1,028


@frozen
class ListObjects:
    """Which current versions to show.

    Attributes:
        prefix: keys begin so.
        delimiter: keys that contain it behind the prefix are rolled up into one common prefix;
            empty for none, one character or more.
        after: the page begins behind this key; or behind this whole common prefix, if it is one.
        max_keys: the most objects and common prefixes together.
    """

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    max_keys: int = 1000


def list_objects(
    txn: ITransaction, bucket_name: str, query: ListObjects
) -> tuple[Bucket, ListingPage]:
    """See :meth:`~bleepstore.metadata.objects.Objects.list_objects`."""
    bucket = find_bucket(txn, bucket_name)
    if query.max_keys == 0:
        return bucket, ListingPage()
    entries = list(islice(_entries(txn, bucket, query), query.max_keys + 1))
    shown = entries[: query.max_keys]
    page = ListingPage(
        objects=tuple(entry for entry in shown if isinstance(entry, ListedObject)),
        common_prefixes=tuple(entry for entry in shown if isinstance(entry, str)),
        is_truncated=len(entries) > len(shown),
        last=_position(shown[-1]) if shown else "",
    )
    return bucket, page


def _position(entry: ListedObject | str) -> str:
    return entry if isinstance(entry, str) else entry.key


def _entries(txn: ITransaction, bucket: Bucket, query: ListObjects) -> Iterator[ListedObject | str]:
    """Objects and common prefixes in order; reads rows only as far as it is asked."""
    sql, start = _start(query)
    end = successor(query.prefix) or _AFTER_ALL_KEYS
    while start is not None:
        txn.execute(sql, (bucket.id, start, end, query.max_keys + 1))
        sql, start = _FROM, None
        for row in iter(txn.fetch_one, None) if query.delimiter else txn.fetch_all():
            rolled_up = _common_prefix(row[0], query)
            if rolled_up is not None:
                yield rolled_up
                start = successor(rolled_up)
                break
            yield _row_to_listed(row)


def _start(query: ListObjects) -> tuple[str, str | None]:
    """Where the page begins: a query that takes a lower bound, and the bound; None for nowhere."""
    if query.after < query.prefix or not query.after:
        return _FROM, query.prefix
    if _common_prefix(query.after, query) == query.after:
        return _FROM, successor(query.after)
    return _AFTER, query.after


def _common_prefix(key: str, query: ListObjects) -> str | None:
    if not query.delimiter:
        return None
    found = key.find(query.delimiter, len(query.prefix))
    return None if found < 0 else key[: found + len(query.delimiter)]


def _row_to_listed(row: Any) -> ListedObject:
    key, size_bytes, etag, last_modified_ms, storage_class, owner_id, owner_name, checksums = row
    return ListedObject(
        key=key,
        size_bytes=size_bytes,
        etag=etag,
        last_modified_ms=last_modified_ms,
        storage_class=storage_class,
        owner=Owner(owner_id, owner_name or ""),
        checksums=column_to_checksums(checksums),
    )
