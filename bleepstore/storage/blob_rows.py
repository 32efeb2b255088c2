"""The SQL of blobs in rows: each function is one transaction, or a part of one.

A blob's bytes are rows of ``blob_row`` of at most :data:`ROW_BYTES`. That it is on its way in is
recorded with the first ones (see :mod:`.arrivals`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from attrs import frozen

from ..errors import BlobMissing, StorageFull
from ..interfaces import ITransaction
from .arrivals import Arrival, arrive, settle

ROW_BYTES = 512 * 1024
"""The most that a row holds. SQLite reads a row whole, so small ones serve small ranges better;
each costs a look-up, so large ones serve whole blobs better. Reading 1 MiB in rows of 256 KiB took
nearly twice as long as in rows of 512 KiB, and as long in rows of 1 MiB."""

ROWS_PER_DELETION = 32
"""16 MiB. SQLite walks through every page of what it deletes, and nobody else writes meanwhile."""

MAX_DATABASE_BYTES = 2**44
"""16 TiB, what SQLite can address in pages of 4 KiB: https://www.sqlite.org/limits.html"""

_ADD = "INSERT INTO blob_row (locator, position, content) VALUES (?, ?, ?)"
_SIZE = (
    "SELECT position + length(content) FROM blob_row WHERE locator = ? "
    "ORDER BY position DESC LIMIT 1"
)
_AT = (
    "SELECT position, content FROM blob_row WHERE locator = ? AND position <= ? "
    "ORDER BY position DESC LIMIT 1"
)
_DELETE = (
    "DELETE FROM blob_row WHERE (locator, position) IN "
    "(SELECT locator, position FROM blob_row WHERE locator $in_list LIMIT ?)"
)
_LIST = "SELECT locator FROM blob_row WHERE position = 0 AND locator > ? ORDER BY locator LIMIT ?"


@frozen
class AddRows:
    """Bytes to append to a blob.

    Attributes:
        locator: of the blob.
        process: who writes, for the first bytes of the blob; empty for all others.
        position: where the bytes begin in the blob.
        limit_bytes: what the database may take with them; 0 for no limit.
    """

    locator: str
    process: str
    position: int
    block: bytes
    limit_bytes: int = 0


def add_rows(txn: ITransaction, command: AddRows) -> None:
    """Append to a blob.

    Raises:
        StorageFull: there is no room below the limit.
    """
    if command.limit_bytes:
        require_room(txn, len(command.block), command.limit_bytes)
    if command.process:
        arrive(txn, Arrival(command.locator, command.process))
    whole = memoryview(command.block)
    size = _even_size(len(whole))
    starts = range(0, len(whole), size) if len(whole) else [0]
    txn.execute_many(
        _ADD,
        [(command.locator, command.position + each, whole[each : each + size]) for each in starts],
    )


def _even_size(size_bytes: int) -> int:
    """The size of rows that are all nearly as large: blocks are a little more than 1 MiB."""
    rows = max(1, -(-size_bytes // ROW_BYTES))
    return max(1, -(-size_bytes // rows))


def used_bytes(txn: ITransaction) -> int:
    """How much of the database is in use, with the metadata; what was deleted is not."""
    txn.execute(
        "SELECT page_count, freelist_count, page_size FROM "
        "pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    pages, free_pages, page_bytes = txn.fetch_one()
    return int((pages - free_pages) * page_bytes)


def reusable_bytes(txn: ITransaction) -> int:
    """How much of the database's file is free for what comes next."""
    txn.execute("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size")
    return int(txn.fetch_one()[0])


def require_room(txn: ITransaction, size_bytes: int, limit_bytes: int) -> None:
    """Raise :class:`StorageFull` if bytes to come do not fit below the limit."""
    if used_bytes(txn) + size_bytes > limit_bytes:
        raise StorageFull(f"no room for {size_bytes} bytes within {limit_bytes}")


def read_open(txn: ITransaction, locator: str, offset: int, length: int) -> bytes:
    """The first piece of a stretch of a blob, all of which is there.

    Raises:
        BlobMissing: some of it is not.
    """
    txn.execute(_SIZE, (locator,))
    row = txn.fetch_one()
    if row is None or row[0] < offset + length:
        raise BlobMissing(locator)
    return read_piece(txn, locator, offset, length)


def read_piece(txn: ITransaction, locator: str, position: int, most_bytes: int) -> bytes:
    """What one row has from ``position`` on, at least one byte and at most ``most_bytes``.

    Raises:
        BlobMissing: there is no such row.
    """
    txn.execute(_AT, (locator, position))
    row = txn.fetch_one()
    if row is not None:
        start = position - row[0]
        content: bytes = row[1][start : start + most_bytes]
        if content:
            return content
    raise BlobMissing(locator)


def has_blob(txn: ITransaction, locator: str) -> bool:
    """Whether there is such a blob."""
    txn.execute(_SIZE, (locator,))
    return txn.fetch_one() is not None


def delete_some(txn: ITransaction, locators: tuple[str, ...]) -> bool:
    """Delete some rows of the blobs; answer whether nothing is left of any of them."""
    txn.execute(_DELETE, (json.dumps(locators), ROWS_PER_DELETION))
    if txn.rowcount == ROWS_PER_DELETION:
        return False
    settle(txn, locators)
    return True


def list_blobs(txn: ITransaction, after: str, limit: int) -> Sequence[str]:
    """At most ``limit`` locators behind ``after``, in order."""
    txn.execute(_LIST, (after, limit))
    return [locator for (locator,) in txn.fetch_all()]
