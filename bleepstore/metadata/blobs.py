"""Who refers to which bytes: reference counts, small contents, and what became garbage.

Counts change in the transaction of the change that causes them, so they are never wrong for
longer than it. Every function here runs a fixed number of statements however much it is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from ..errors import BlobMissing
from ..interfaces import IDatabase, ITransaction
from ..values import Blob, Segment
from .transaction import as_parameter

_ADD = "INSERT INTO blob (locator, size_bytes, refs, content) VALUES $rows"
_REFER = (
    "UPDATE blob SET refs = blob.refs + more.value FROM ($counts) AS more "
    "WHERE blob.locator = more.key"
)
# length() is NULL for bytes that a backend keeps. (Asked for "content IS NULL" here, SQLite 3.40
# answers 0 always.)
_RELEASE_LAST = (
    "DELETE FROM blob WHERE (locator, refs) IN ($counts) RETURNING locator, length(content)"
)
_RELEASE_SOME = (
    "UPDATE blob SET refs = blob.refs - gone.value FROM ($counts) AS gone "
    "WHERE blob.locator = gone.key"
)
_DISCARD = "INSERT INTO garbage (locator, since_ms) VALUES $rows"
_CONTENT = "SELECT content FROM blob WHERE locator = ?"
_REFERENCED = "SELECT locator FROM blob WHERE locator $in_list"
# A hold counts until its end lies before the same instant, so it lasts as long as it says at least.
_GARBAGE = (
    "SELECT locator FROM garbage WHERE since_ms < ? "
    "AND NOT EXISTS (SELECT 1 FROM garbage_hold WHERE until_ms > ?) "
    "ORDER BY since_ms, locator LIMIT ?"
)
_HOLD = (
    "INSERT INTO garbage_hold (hold_id, until_ms) VALUES (?, ?) "
    "ON CONFLICT (hold_id) DO UPDATE SET until_ms = excluded.until_ms"
)
_DROP_ENDED = "DELETE FROM garbage_hold WHERE until_ms < ?"
_RELEASE_HOLD = "DELETE FROM garbage_hold WHERE hold_id = ?"
_POSTPONE = "UPDATE garbage SET since_ms = ? WHERE locator $in_list"
_FORGET = "DELETE FROM garbage WHERE locator $in_list"


def refer(txn: ITransaction, segments: Iterable[Segment], new: Sequence[Blob] = ()) -> None:
    """Count the segments of a version that comes to be; its new blobs get their rows.

    Raises:
        BlobMissing: a segment names a blob that is neither new nor known, such as one whose last
            object was deleted since the caller looked.
    """
    refer_counted(txn, Counter(segment.locator for segment in segments), new)


def refer_counted(txn: ITransaction, counts: Mapping[str, int], new: Sequence[Blob] = ()) -> None:
    """The same where it is known how many segments name each blob."""
    rest = dict(counts)
    if new:
        txn.insert(_ADD, [_blob_row(blob, rest.pop(blob.locator)) for blob in new])
    if rest:
        txn.execute(_REFER, (as_parameter(rest),))
        if txn.rowcount != len(rest):
            raise BlobMissing(_first_unknown(txn, list(rest)))


def _blob_row(blob: Blob, refs: int) -> tuple[Any, ...]:
    return (blob.locator, blob.size_bytes, refs, blob.content)


def _first_unknown(txn: ITransaction, locators: Sequence[str]) -> str:
    known = find_referenced(txn, locators)
    return next(locator for locator in locators if locator not in known)


def release(txn: ITransaction, segments: Iterable[Segment], now_ms: int) -> None:
    """Discount the segments of versions that go away.

    A blob that nobody refers to any more loses its row, and with it its content; one whose bytes
    a backend keeps becomes garbage.
    """
    release_counted(txn, Counter(segment.locator for segment in segments), now_ms)


def release_counted(txn: ITransaction, counts: Mapping[str, int], now_ms: int) -> None:
    """The same where it is known how many segments of each blob go away."""
    if not counts:
        return
    txn.execute(_RELEASE_LAST, (as_parameter(counts),))
    gone = txn.fetch_all()
    if len(gone) < len(counts):
        left = counts.keys() - {locator for locator, _ in gone}
        txn.execute(_RELEASE_SOME, (as_parameter({each: counts[each] for each in left}),))
    discarded = [(locator, now_ms) for locator, length in gone if length is None]
    if discarded:
        txn.insert(_DISCARD, discarded)


def read_content(txn: ITransaction, locator: str) -> bytes | None:
    """The bytes of a small blob; None if a backend has them, or nobody."""
    txn.execute(_CONTENT, (locator,))
    row = txn.fetch_one()
    return row[0] if row else None


def find_referenced(txn: ITransaction, locators: Sequence[str]) -> set[str]:
    """Those of the locators that some version refers to."""
    txn.execute(_REFERENCED, (as_parameter(list(locators)),))
    return {locator for (locator,) in txn.fetch_all()}


@frozen
class Blobs:
    """What storage and recovery ask about bytes."""

    _database: IDatabase

    async def read_content(self, locator: str) -> bytes | None:
        """The bytes of a blob that the metadata itself holds; None for any other locator."""
        return await self._database.read("read_content", read_content, locator)

    async def referenced(self, locators: Sequence[str]) -> set[str]:
        """Those of the locators that some version refers to; garbage is not among them."""
        return await self._database.read("referenced_blobs", find_referenced, locators)


@frozen
class Hold:
    """A wish that garbage stays where it is.

    Attributes:
        until_ms: when it ends, if nobody renews it. Those that have ended go at ``now_ms``.
    """

    hold_id: str
    until_ms: int
    now_ms: int


@frozen
class Postponement:
    """Garbage that stays for now, as if it were so only since an instant."""

    locators: tuple[str, ...]
    since_ms: int


@frozen
class Garbage:
    """Blobs that nobody refers to, which a backend has still to delete."""

    _database: IDatabase

    async def list(self, before_ms: int, limit: int) -> Sequence[str]:
        """Locators discarded before an instant, the oldest first, at most ``limit``.

        None while somebody holds the garbage: see :meth:`hold`.
        """
        return await self._database.read("list_garbage", _list_garbage, before_ms, limit)

    async def forget(self, locators: Sequence[str]) -> None:
        """The backend has deleted these; unknown ones are no error."""
        await self._database.write("forget_garbage", _forget_garbage, tuple(locators))

    async def postpone(self, postponement: Postponement) -> None:
        """Let the backend delete some later; unknown ones are no error."""
        await self._database.write("postpone_garbage", _postpone_garbage, postponement)

    async def hold(self, hold: Hold) -> None:
        """Let nobody delete garbage for a time, or for a longer one.

        When this fires, whatever the metadata refers to from now on keeps its bytes.
        """
        await self._database.write("hold_garbage", _hold, hold)

    async def release(self, hold_id: str) -> None:
        """End a hold; an unknown one is no error."""
        await self._database.write("release_garbage", _release_hold, hold_id)


def _list_garbage(txn: ITransaction, before_ms: int, limit: int) -> tuple[str, ...]:
    txn.execute(_GARBAGE, (before_ms, before_ms, limit))
    return tuple(locator for (locator,) in txn.fetch_all())


def _forget_garbage(txn: ITransaction, locators: Sequence[str]) -> None:
    txn.execute(_FORGET, (as_parameter(locators),))


def _postpone_garbage(txn: ITransaction, postponement: Postponement) -> None:
    txn.execute(_POSTPONE, (postponement.since_ms, as_parameter(postponement.locators)))


def _hold(txn: ITransaction, hold: Hold) -> None:
    txn.execute(_DROP_ENDED, (hold.now_ms,))
    txn.execute(_HOLD, (hold.hold_id, hold.until_ms))


def _release_hold(txn: ITransaction, hold_id: str) -> None:
    txn.execute(_RELEASE_HOLD, (hold_id,))
