"""Listing current versions, as a transaction function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Bucket, ListedObject, ListingPage, Owner
from .bucket_rows import find_bucket
from .columns import checksum_kinds
from .ordering import successor
from .transaction import as_parameter
from .walk import Keys, rows, walk

_SELECT = (
    "SELECT key, size_bytes, etag, last_modified_ms, storage_class, owner_id, checksums FROM object"
)
_FROM = f"{_SELECT} WHERE bucket_id = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
_AFTER = f"{_SELECT} WHERE bucket_id = ? AND key > ? AND key < ? ORDER BY key LIMIT ?"
_NAMES = "SELECT owner_id, display_name FROM account WHERE owner_id $in_list"

# From common prefix to common prefix, without a statement, and a turn of the interpreter, for each.
# A page of a hundred takes a third of the time.
_FIRST_KEY = (
    "SELECT key FROM object WHERE bucket_id = ? AND key >= {start} AND key < ? ORDER BY key LIMIT 1"
)
_ROLLED_UP = "$position(substr(leap.key, ?), ?)"  # the delimiter's place behind the prefix
_LEAPS = (
    "WITH RECURSIVE leap (key) AS ("
    f"SELECT ({_FIRST_KEY.format(start='?')}) UNION ALL "
    f"SELECT ({_FIRST_KEY.format(start=f'substr(leap.key, 1, ? + {_ROLLED_UP}) || ?')}) "
    f"FROM leap WHERE {_ROLLED_UP} > 0) SELECT key FROM leap LIMIT ?"
)


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
        objects=_listed(txn, [entry for entry in shown if not isinstance(entry, str)]),
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
    leaps = partial(_leaps, txn, bucket, keys, query.max_keys + 1)
    return walk(keys, scan(sql, start), partial(scan, _FROM), leaps)


def _leaps(txn: ITransaction, bucket: Bucket, keys: Keys, limit: int, start: str) -> list[Any]:
    """See :func:`~bleepstore.metadata.walk.walk`."""
    behind = successor(keys.delimiter)
    rolled_up = (len(keys.prefix) + 1, keys.delimiter)
    first = (bucket.id, start, keys.end)
    following = (bucket.id, len(keys.prefix) - 1, *rolled_up, behind, keys.end)
    # What is behind a delimiter of U+10FFFF depends on what is before it: one leap at a time.
    txn.execute(_LEAPS, (*first, *following, *rolled_up, 1 if behind is None else limit))
    return [key for (key,) in txn.fetch_all()]


def _start(keys: Keys, after: str) -> tuple[str, str | None]:
    """Where the page begins: a query that takes a lower bound, and the bound; None for nowhere."""
    if after < keys.prefix or not after:
        return _FROM, keys.prefix
    if keys.is_rolled_up(after):
        return _FROM, successor(after)
    return _AFTER, after


def _listed(txn: ITransaction, rows: Sequence[Any]) -> tuple[ListedObject, ...]:
    """What is shown of rows: made column by column, which costs much less than row by row."""
    if not rows:
        return ()
    *columns, owner_ids, checksums = zip(*rows, strict=True)
    owners = _owners(txn, set(owner_ids))
    shown_owners = [owners[each] for each in owner_ids]
    return tuple(map(ListedObject, *columns, shown_owners, checksum_kinds(checksums)))


def _owners(txn: ITransaction, ids: Iterable[str]) -> dict[str, Owner]:
    """The owners of these ids; there are few."""
    txn.execute(_NAMES, (as_parameter(list(ids)),))
    names = dict(txn.fetch_all())
    return {each: Owner(each, names.get(each, "")) for each in ids}
