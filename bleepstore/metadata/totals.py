"""How much there is in all, known without counting: see ``schema/0003_totals.sql``.

Nothing but a damaged database makes them wrong; ``fsck`` counts, and sets them right.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from ..interfaces import IDatabase, ITransaction

_TOTALS = "SELECT kind, rows, size_bytes FROM total"
_COUNTED = {
    "bucket": "SELECT count(*), 0 FROM bucket",
    "object": "SELECT count(*), 0 FROM object",
    "blob": "SELECT count(*), coalesce(sum(size_bytes), 0) FROM blob",
    "garbage": "SELECT count(*), 0 FROM garbage",
}
_SET = (
    "INSERT INTO total (kind, rows, size_bytes) VALUES (?, ?, ?) "
    "ON CONFLICT (kind) DO UPDATE SET rows = excluded.rows, size_bytes = excluded.size_bytes"
)


@frozen
class Totals:
    """The store at one instant.

    Attributes:
        buckets: of all accounts.
        objects: keys that have a current version; older versions do not count.
        stored_bytes: of all blobs that something refers to, each once: versions and parts too.
        garbage: blobs that a backend has still to delete.
    """

    buckets: int
    objects: int
    stored_bytes: int
    garbage: int


@frozen
class WrongTotal:
    """A total that is not what counting gives.

    Attributes:
        kind: of what: ``bucket``, ``object``, ``blob`` or ``garbage``.
        recorded_bytes, found_bytes: 0 except for blobs.
    """

    kind: str
    recorded: int
    found: int
    recorded_bytes: int
    found_bytes: int


@frozen
class Inventory:
    """Tells the totals."""

    _database: IDatabase

    async def totals(self) -> Totals:
        """They take the same time whatever the store holds."""
        return await self._database.read("totals", _totals)

    async def wrong(self) -> tuple[WrongTotal, ...]:
        """Count everything; answers which totals differ."""
        return await self._database.read("check_recorded_totals", find_wrong)

    async def correct(self) -> None:
        """Count everything again and record it."""
        await self._database.write("correct_totals", _correct, None)


def _totals(txn: ITransaction) -> Totals:
    recorded = _recorded(txn)
    return Totals(
        buckets=recorded["bucket"][0],
        objects=recorded["object"][0],
        stored_bytes=recorded["blob"][1],
        garbage=recorded["garbage"][0],
    )


def _recorded(txn: ITransaction) -> dict[str, tuple[int, int]]:
    """Rows and bytes by kind."""
    txn.execute(_TOTALS)
    return {kind: (rows, size_bytes) for kind, rows, size_bytes in txn.fetch_all()}


def find_wrong(txn: ITransaction) -> tuple[WrongTotal, ...]:
    """See :meth:`Inventory.wrong`."""
    recorded = _recorded(txn)
    return tuple(_compare(txn, recorded))


def _compare(txn: ITransaction, all_recorded: dict[str, tuple[int, int]]) -> Iterator[WrongTotal]:
    for kind, sql in _COUNTED.items():
        txn.execute(sql)
        found = txn.fetch_one()
        recorded = all_recorded.get(kind, (0, 0))
        if recorded != found:
            yield WrongTotal(kind, recorded[0], found[0], recorded[1], found[1])


def _correct(txn: ITransaction, _: None) -> None:
    for wrong in find_wrong(txn):
        txn.execute(_SET, (wrong.kind, wrong.found, wrong.found_bytes))
