"""What there is, page by page and bucket by bucket: for those who look at everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

from attrs import frozen

from ..errors import StorageBroken
from ..interfaces import IDatabase, ITransaction
from ..values import Bucket, Checksum, PartBoundary, Segment
from .bucket_rows import BUCKET_COLUMNS, BUCKET_TABLES, row_to_bucket
from .ordering import successor
from .rows import columns_of, row_to_version
from .upload_rows import row_to_part

_PAGE = 200
_LETTERS = 0x80 - 0x20
"""The printable characters of ASCII, and one for all that lies behind them."""

_BUCKETS = (
    f"SELECT {BUCKET_COLUMNS} FROM {BUCKET_TABLES} "
    "WHERE bucket.name > ? ORDER BY bucket.name LIMIT ?"
)
_BYTES = (
    "SELECT coalesce((SELECT sum(size_bytes) FROM object WHERE bucket_id = ?), 0) "
    "+ coalesce((SELECT sum(size_bytes) FROM object_version WHERE bucket_id = ?), 0) "
    "+ coalesce((SELECT sum(size_bytes) FROM part JOIN upload "
    "ON upload.upload_id = part.upload_id WHERE bucket_id = ?), 0)"
)
_PAGES = {
    "object": (
        f"SELECT 0, {columns_of('object')} FROM object "
        "WHERE bucket_id = ? AND (key, 0) > (?, ?) ORDER BY key LIMIT ?"
    ),
    "object_version": (
        f"SELECT version_order, {columns_of('object_version')} FROM object_version "
        "WHERE bucket_id = ? AND (key, version_order) > (?, ?) AND is_delete_marker = 0 "
        "ORDER BY key, version_order LIMIT ?"
    ),
    "part": (
        "SELECT key, part.upload_id, number, size_bytes, etag, last_modified_ms, checksums, segments "
        "FROM upload JOIN part ON part.upload_id = upload.upload_id "
        "WHERE bucket_id = ? AND (part.upload_id, number) > (?, ?) "
        "ORDER BY part.upload_id, number LIMIT ?"
    ),
}
KINDS = tuple(_PAGES)
"""What holds bytes, in the order in which a bucket is gone through."""

Position = tuple[str, int]
"""Where something stands among its kind in its bucket; one greater is behind it."""

START: Position = ("", -(2**63))
"""Before everything."""


@frozen
class Holding:
    """Something that holds bytes: a version of an object, or a part of an upload.

    Attributes:
        kind: one of :data:`KINDS`.
        id: the version id, or the upload id.
        number: of the part; 0 for a version.
        parts: of a version that was uploaded in parts.
    """

    kind: str
    position: Position
    key: str
    id: str
    number: int
    size_bytes: int
    etag: str
    checksums: tuple[Checksum, ...]
    parts: tuple[PartBoundary, ...]
    segments: tuple[Segment, ...]


@frozen
class Survey:
    """Goes through everything. Each page is of one instant, and all of them are not."""

    _database: IDatabase

    async def buckets(self) -> AsyncIterator[Bucket]:
        """The buckets of all users, by name."""
        after = ""
        while page := await self._database.read("survey_buckets", _buckets, after):
            for bucket in page:
                yield bucket
            after = page[-1].name

    async def bytes_of(self, bucket: Bucket) -> int:
        """How many bytes all holdings of a bucket have, each counted as if it were alone."""
        return await self._database.read("survey_bytes", _bytes, bucket.id)

    async def holdings(
        self, bucket: Bucket, kind: str, after: Position = START
    ) -> AsyncIterator[Holding]:
        """What holds bytes of one kind in a bucket, behind a position.

        Raises:
            StorageBroken: the database is damaged behind what was answered last.
        """
        limit = _PAGE
        while True:
            try:
                page = await self._page(bucket, kind, after, limit)
            except StorageBroken:
                if limit == 1:
                    raise
                limit = 1  # up to the damage
                continue
            if not page:
                return
            for holding in page:
                yield holding
            after = page[-1].position

    async def behind_damage(self, bucket: Bucket, kind: str, after: Position) -> Position | None:
        """Where to go on when what comes next cannot be read; None if nothing is found behind it.

        Nobody knows the names of what cannot be read. So names are tried, of one letter at first,
        until one leads behind the damage; then longer ones, which come nearer to it.
        """
        behind: Position | None = None
        damaged = [""]
        while damaged:
            beginning = damaged.pop(0)
            nearer, longer = await self._probe(bucket, kind, after[0], beginning)
            damaged = longer if nearer else longer + damaged
            behind = nearer or behind
        return behind

    async def _probe(
        self, bucket: Bucket, kind: str, after: str, beginning: str
    ) -> tuple[Position | None, list[str]]:
        """Try names that are a letter longer than ``beginning``, up to one behind the damage.

        Returns:
            The position of that one, if there is anything behind it; and the names before it, or
            what ``after`` begins with if all of them lead into the damage.
        """
        damaged: list[str] = []
        for name in _longer_names(beginning, after):
            if name > after:
                with suppress(StorageBroken):
                    return await self._look_at(bucket, kind, name), damaged
            damaged.append(name)
        return None, [name for name in damaged if after.startswith(name)]

    async def _look_at(self, bucket: Bucket, kind: str, name: str) -> Position | None:
        """The position before a name, if there is anything behind it."""
        begin = (name, START[1])
        return begin if await self._page(bucket, kind, begin, 1) else None

    async def is_still_there(self, bucket: Bucket, holding: Holding) -> bool:
        """Whether something holds the same bytes as it did."""
        name, number = holding.position
        page = await self._page(bucket, holding.kind, (name, number - 1), 1)
        return any((each.id, each.segments) == (holding.id, holding.segments) for each in page)

    async def _page(
        self, bucket: Bucket, kind: str, after: Position, limit: int
    ) -> tuple[Holding, ...]:
        return await self._database.read("survey_page", read_page, bucket.id, kind, after, limit)


def _longer_names(beginning: str, after: str) -> Iterator[str]:
    """Names of one letter more, in their order, from the one on that ``after`` begins with."""
    follows = after.startswith(beginning)
    name: str | None = beginning + max(" ", after[len(beginning) :][:1] if follows else "")
    for _ in range(_LETTERS):
        if name is None:
            break
        yield name
        name = successor(name)


def _buckets(txn: ITransaction, after: str) -> tuple[Bucket, ...]:
    txn.execute(_BUCKETS, (after, _PAGE))
    return tuple(row_to_bucket(row) for row in txn.fetch_all())


def _bytes(txn: ITransaction, bucket_id: str) -> int:
    txn.execute(_BYTES, (bucket_id,) * 3)
    (size_bytes,) = txn.fetch_one()
    return int(size_bytes)


def read_page(
    txn: ITransaction, bucket_id: str, kind: str, after: Position, limit: int
) -> tuple[Holding, ...]:
    """At most ``limit`` of a bucket's holdings of one kind, behind a position."""
    txn.execute(_PAGES[kind], (bucket_id, *after, limit))
    make: Callable[..., Holding] = _part_holding if kind == "part" else _version_holding
    return tuple(make(kind, *row) for row in txn.fetch_all())


def _version_holding(kind: str, order: int, *row: Any) -> Holding:
    version = row_to_version(row, None, is_delete_marker=False, is_latest=kind == "object")
    return Holding(
        kind=kind,
        position=(version.key, order),
        key=version.key,
        id=version.version_id,
        number=0,
        size_bytes=version.size_bytes,
        etag=version.etag,
        checksums=version.checksums,
        parts=version.parts,
        segments=version.segments,
    )


def _part_holding(kind: str, key: str, upload_id: str, *row: Any) -> Holding:
    part = row_to_part(row)
    return Holding(
        kind=kind,
        position=(upload_id, part.number),
        key=key,
        id=upload_id,
        number=part.number,
        size_bytes=part.size_bytes,
        etag=part.etag,
        checksums=part.checksums,
        parts=(),
        segments=part.segments,
    )
