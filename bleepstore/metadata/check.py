"""Whether the metadata agrees with itself, and what it expects of the bytes: for fsck.

Nothing here is for requests: each question reads whole tables. Each is answered from one
snapshot, so a running daemon does not make it wrong, and in memory that does not grow with the
store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from zlib import crc32

from attrs import frozen

from ..interfaces import IDatabase, ITransaction
from . import blobs
from .columns import column_to_segments
from .transaction import as_parameter

BLOBS_PER_SLICE = 1_000_000
"""Counts are taken of so many blobs at a time, at some 200 bytes of memory each."""

_TABLES_WITH_SEGMENTS = ("object", "object_version", "part")
_SEGMENTS = "SELECT segments FROM {} WHERE segments <> ''"
_REFS = "SELECT locator, refs FROM blob"
_STORED = (
    "SELECT locator, size_bytes FROM blob WHERE locator > ? AND content IS NULL "
    "ORDER BY locator LIMIT ?"
)
_KNOWN = "SELECT locator FROM blob WHERE locator $in_list"
_DISCARDED = "SELECT locator FROM garbage WHERE locator $in_list"
_AS_RECORDED = "SELECT 1 FROM blob WHERE locator = ? AND refs = ?"
_CORRECT = "UPDATE blob SET refs = ? WHERE locator = ?"
_TOTALS = {
    "buckets": "SELECT count(*) FROM bucket",
    "current_versions": "SELECT count(*) FROM object",
    "other_versions": "SELECT count(*) FROM object_version",
    "uploads": "SELECT count(*) FROM upload",
    "parts": "SELECT count(*) FROM part",
    "stored_blobs": "SELECT count(*) FROM blob WHERE content IS NULL",
    "inline_blobs": "SELECT count(*) FROM blob WHERE content IS NOT NULL",
    "garbage": "SELECT count(*) FROM garbage",
}
_STRAYS = {
    "parts without an upload": (
        "SELECT count(*) FROM part WHERE upload_id NOT IN (SELECT upload_id FROM upload)"
    ),
    "objects without a bucket": (
        "SELECT count(*) FROM object WHERE bucket_id NOT IN (SELECT bucket_id FROM bucket)"
    ),
    "versions without a bucket": (
        "SELECT count(*) FROM object_version WHERE bucket_id NOT IN (SELECT bucket_id FROM bucket)"
    ),
    "versions newer than the current one": (
        "SELECT count(*) FROM object JOIN object_version "
        "ON object_version.bucket_id = object.bucket_id AND object_version.key = object.key "
        "AND object_version.version_order <= object.version_order"
    ),
    "keys without a current version or a delete marker on top": (
        "SELECT count(*) FROM object_version AS top WHERE is_delete_marker = 0 "
        "AND NOT EXISTS (SELECT 1 FROM object "
        "WHERE object.bucket_id = top.bucket_id AND object.key = top.key) "
        "AND NOT EXISTS (SELECT 1 FROM object_version AS newer "
        "WHERE newer.bucket_id = top.bucket_id AND newer.key = top.key "
        "AND newer.version_order < top.version_order)"
    ),
    "blobs that are garbage too": (
        "SELECT count(*) FROM blob JOIN garbage ON garbage.locator = blob.locator"
    ),
}


@frozen
class Miscount:
    """A blob whose reference count is wrong.

    Attributes:
        recorded: the count in the blob's row; 0 if it has no row, and so, as far as the metadata
            know, no bytes.
        found: how many segments of objects, versions and parts name it; 0 for bytes that nothing
            needs.
    """

    locator: str
    recorded: int
    found: int


@frozen
class Totals:
    """How much there is of everything; ``garbage`` are blobs that a backend has still to delete."""

    buckets: int
    current_versions: int
    other_versions: int
    uploads: int
    parts: int
    stored_blobs: int
    inline_blobs: int
    garbage: int


@frozen
class StoredBlob:
    """A blob that a storage backend must have."""

    locator: str
    size_bytes: int


@frozen
class Corrections:
    """Miscounts that are to be put right, and when their bytes become garbage."""

    miscounts: tuple[Miscount, ...]
    now_ms: int


@frozen
class Checks:
    """Questions that a check of the store asks of its metadata."""

    _database: IDatabase

    async def totals(self) -> Totals:
        """Count everything."""
        return Totals(**await self._database.read("check_totals", _count, _TOTALS))

    async def strays(self) -> dict[str, int]:
        """What is where it never should be, by a description of it; empty if all is well."""
        return await self._database.read("check_strays", find_strays)

    async def miscounts(self) -> AsyncIterator[Miscount]:
        """Blobs whose reference counts are wrong, in no order."""
        totals = await self.totals()
        slices = (totals.stored_blobs + totals.inline_blobs) // BLOBS_PER_SLICE + 1
        for number in range(slices):
            for miscount in await self._database.read(
                "check_references", find_miscounts, number, slices
            ):
                yield miscount

    async def stored_blobs(self, after: str, limit: int) -> Sequence[StoredBlob]:
        """At most ``limit`` blobs of the backend, by locator, behind ``after``."""
        return await self._database.read("check_blobs", stored_blobs, after, limit)

    async def unknown(self, locators: Sequence[str]) -> set[str]:
        """Those of a backend's locators that are neither referred to nor recorded as garbage.

        A blob whose transaction has yet to commit is among them, too.
        """
        return await self._database.read("check_locators", find_unknown, tuple(locators))

    async def correct(self, corrections: Corrections) -> int:
        """Record the counts that were found, where the recorded ones are still the same.

        A blob that nothing needs goes away, and what a backend has of it becomes garbage. One
        that is needed and has no row stays as it is: nobody knows its bytes.

        Returns:
            How many were put right.
        """
        return await self._database.write("correct_references", _correct, corrections)


def find_strays(txn: ITransaction) -> dict[str, int]:
    """See :meth:`Checks.strays`."""
    return {what: count for what, count in _count(txn, _STRAYS).items() if count}


def _count(txn: ITransaction, queries: dict[str, str]) -> dict[str, int]:
    counts = {}
    for what, sql in queries.items():
        txn.execute(sql)
        (counts[what],) = txn.fetch_one()
    return counts


def find_miscounts(txn: ITransaction, number: int, slices: int) -> tuple[Miscount, ...]:
    """The miscounts of one slice of all locators; see :meth:`Checks.miscounts`."""
    found = Counter(each for each in _references(txn) if crc32(each.encode()) % slices == number)
    wrong = []
    txn.execute(_REFS)
    for locator, recorded in iter(txn.fetch_one, None):
        if crc32(locator.encode()) % slices == number:
            count = found.pop(locator, 0)
            if count != recorded:
                wrong.append(Miscount(locator, recorded, count))
    wrong += [Miscount(locator, 0, count) for locator, count in found.items()]
    return tuple(wrong)


def _references(txn: ITransaction) -> Iterator[str]:
    """The locator of each segment there is."""
    for table in _TABLES_WITH_SEGMENTS:
        txn.execute(_SEGMENTS.format(table))
        for (column,) in iter(txn.fetch_one, None):
            for segment in column_to_segments(column):
                yield segment.locator


def stored_blobs(txn: ITransaction, after: str, limit: int) -> tuple[StoredBlob, ...]:
    """See :meth:`Checks.stored_blobs`."""
    txn.execute(_STORED, (after, limit))
    return tuple(StoredBlob(*row) for row in txn.fetch_all())


def find_unknown(txn: ITransaction, locators: Sequence[str]) -> set[str]:
    """See :meth:`Checks.unknown`."""
    unknown = set(locators)
    for sql in (_KNOWN, _DISCARDED):
        txn.execute(sql, (as_parameter(locators),))
        unknown -= {locator for (locator,) in txn.fetch_all()}
    return unknown


def _correct(txn: ITransaction, corrections: Corrections) -> int:
    return sum(_correct_one(txn, each, corrections.now_ms) for each in corrections.miscounts)


def _correct_one(txn: ITransaction, miscount: Miscount, now_ms: int) -> bool:
    txn.execute(_AS_RECORDED, (miscount.locator, miscount.recorded))
    if txn.fetch_one() is None:
        return False
    if miscount.found:
        txn.execute(_CORRECT, (miscount.found, miscount.locator))
    else:
        blobs.release_counted(txn, {miscount.locator: miscount.recorded}, now_ms)
    return True
