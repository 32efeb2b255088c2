"""How much there is in all, known without counting: see ``schema/0003_totals.sql``."""

from __future__ import annotations

from attrs import frozen

from ..interfaces import IDatabase, ITransaction

_TOTALS = "SELECT kind, rows, size_bytes FROM total"


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
class Inventory:
    """Tells the totals."""

    _database: IDatabase

    async def totals(self) -> Totals:
        """They take the same time whatever the store holds."""
        return await self._database.read("totals", _totals)


def _totals(txn: ITransaction) -> Totals:
    txn.execute(_TOTALS)
    found = {kind: (rows, size_bytes) for kind, rows, size_bytes in txn.fetch_all()}
    return Totals(
        buckets=found["bucket"][0],
        objects=found["object"][0],
        stored_bytes=found["blob"][1],
        garbage=found["garbage"][0],
    )
