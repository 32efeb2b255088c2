"""Sees that objects are looked for upstream where they were shown.

Under other names nothing would be found of what the metadata know, and that would count as deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import frozen

from ...errors import ConfigError
from ...interfaces import IDatabase, ITransaction
from .names import BUCKET_PREFIXES, Names

_FIND = "SELECT bucket_prefixes FROM gateway"
_REMEMBER = "UPDATE gateway SET bucket_prefixes = ?"
_HAS_NAMES = (
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM shown WHERE bucket_name = ?) "
    "OR EXISTS (SELECT 1 FROM unshown WHERE bucket_name = ?)"
)


@frozen
class Layout:
    """How the buckets' objects are named upstream, as the metadata know it."""

    _names: Names
    _database: IDatabase

    async def check(self) -> None:
        """Compare it with what is configured, and remember that.

        Raises:
            ConfigError: a bucket whose objects stand upstream would have them elsewhere.
        """
        configured = dict(self._names.bucket_prefixes)
        known = await self._database.read("find_bucket_prefixes", _find)
        if known == configured:
            return
        stuck = await self._database.write("set_bucket_prefixes", _set, configured)
        if stuck is not None:
            former = f"{stuck}={known[stuck]}" if stuck in known else f"no prefix for {stuck}"
            expected = (
                f"expected {former}, as before, since objects of that bucket stand upstream; copy "
                "them into another bucket, and empty this one, to name them otherwise"
            )
            raise ConfigError("configuration", BUCKET_PREFIXES, expected)


def _find(txn: ITransaction) -> dict[str, str]:
    txn.execute(_FIND)
    row = txn.fetch_one()
    return json.loads(row[0]) if row else {}


def _set(txn: ITransaction, configured: Mapping[str, str]) -> str | None:
    """Remember prefixes, unless a bucket does not allow it: then answer its name."""
    known = _find(txn)
    for bucket in sorted(known.keys() | configured.keys()):
        if known.get(bucket) != configured.get(bucket):
            txn.execute(_HAS_NAMES, (bucket, bucket))
            if txn.fetch_one() is not None:
                return bucket
    txn.execute(_REMEMBER, (json.dumps(configured, sort_keys=True),))
    return None
