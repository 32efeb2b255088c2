"""Listing current versions, as a transaction function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Bucket, ListedObject, ListingPage, Owner
from .bucket_rows import find_bucket
from .columns import column_to_checksums
from .ordering import successor
from .walk import Keys, rows, walk

_SELECT = (
    "SELECT key, size_bytes, etag, last_modified_ms, storage_class, object.owner_id, "
    "display_name, checksums "
    "FROM object LEFT JOIN account ON account.owner_id = object.owner_id "
)
_FROM = f"{_SELECT} WHERE bucket_id = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
_AFTER = f"{_SELECT} WHERE bucket_id = ? AND key > ? AND key < ? ORDER BY key LIMIT ?"


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
        objects=_listed([entry for entry in shown if not isinstance(entry, str)]),
        common_prefixes=tuple(entry for entry in shown if isinstance(entry, str)),
        is_truncated=len(entries) > len(shown),
        last=_position(shown[-1]) if shown else "",
    )
    return bucket, page


def _position(entry: Any) -> str:
    return entry if isinstance(entry, str) else entry[0]


def _entries(txn: ITransaction, bucket: Bucket, query: ListObjects) -> Iterator[Any]:
    """Rows and common prefixes in order."""
    keys = Keys(query.prefix, query.delimiter)

    def scan(sql: str, start: str) -> Iterable[Any]:
        txn.execute(sql, (bucket.id, start, keys.end, query.max_keys + 1))
        return rows(txn, keys)

    sql, start = _start(keys, query.after)
    if start is None:
        return iter(())
    return walk(keys, scan(sql, start), partial(scan, _FROM))


def _start(keys: Keys, after: str) -> tuple[str, str | None]:
    """Where the page begins: a query that takes a lower bound, and the bound; None for nowhere."""
    if after < keys.prefix or not after:
        return _FROM, keys.prefix
    if keys.is_rolled_up(after):
        return _FROM, successor(after)
    return _AFTER, after


def _listed(rows: Sequence[Any]) -> tuple[ListedObject, ...]:
    """What is shown of rows. Most of a page belongs to one owner, who is made once."""
    owner_of = lru_cache(_owner)
    return tuple(
        [
            ListedObject(
                key, size, etag, modified_ms, storage_class, owner_of(owner_id, owner_name),
                column_to_checksums(checksums) if checksums else (),
            )
            for key, size, etag, modified_ms, storage_class, owner_id, owner_name, checksums in rows
        ]
    )  # fmt: skip


def _owner(owner_id: str, name: str | None) -> Owner:
    return Owner(owner_id, name or "")
