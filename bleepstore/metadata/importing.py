"""Takes in metadata that another store has written down, in one transaction.

Merging adds what the store lacks and leaves what it has: a key with all its versions, an upload
with all its parts, a bucket, a user, an access key. A bucket is the same if it has the same name.
Replacing is merging into a store from which everything has gone; the bytes of what went become
garbage, unless what comes refers to them too.

References to blobs are counted on the way, so that no file can make the counts wrong.
"""

from __future__ import annotations

from ..errors import NotPossible
from ..interfaces import ITransaction
from .check import find_strays
from .import_rows import TEMPORARY, Import, Imported, RowsIn

_WITHOUT_BLOB = (
    "SELECT locator FROM imported WHERE locator NOT IN (SELECT locator FROM blob) LIMIT 1"
)
_NO_GARBAGE = "DELETE FROM garbage WHERE locator IN (SELECT locator FROM imported)"
_CLEAR_KEYS = "DELETE FROM credential WHERE source = 'admin'"
_DISCARD = (
    "INSERT INTO garbage (locator, since_ms) SELECT locator, ? FROM blob WHERE content IS NULL "
    "ON CONFLICT DO NOTHING"
)
_EMPTIED = (
    "object",
    "object_version",
    "part",
    "upload",
    "completed_upload",
    "bucket",
    "blob",
    "shown",
    "unshown",
)
_CLEAR_ACCOUNTS = "DELETE FROM account WHERE owner_id NOT IN (SELECT owner_id FROM credential)"


class Rehearsed(Exception):
    """The end of a rehearsal: it undoes the transaction, and has what would have become of it."""

    def __init__(self, imported: Imported) -> None:
        super().__init__(imported)
        self.imported = imported


def take_in(txn: ITransaction, command: Import) -> Imported:
    """Import a file.

    Raises:
        NotPossible: it does not agree with itself, or with the store. Nothing was imported.
        Rehearsed: this was a rehearsal.
    """
    strays = find_strays(txn)
    if command.is_to_replace:
        _clear(txn, command)
    for sql in TEMPORARY:
        txn.execute(sql)
    imported = RowsIn(txn, command).bring()
    txn.execute(_NO_GARBAGE)
    _require_agreement(txn, strays)
    for table in ("imported", "admitted"):
        txn.execute(f"DROP TABLE {table}")
    if command.is_rehearsal:
        raise Rehearsed(imported)
    return imported


def _clear(txn: ITransaction, command: Import) -> None:
    """Access keys stay where the file brings none."""
    if command.has_secrets:
        txn.execute(_CLEAR_KEYS)
    txn.execute(_DISCARD, (command.now_ms,))
    for table in _EMPTIED:
        txn.execute(f"DELETE FROM {table}")
    txn.execute(_CLEAR_ACCOUNTS)


def _require_agreement(txn: ITransaction, strays_before: dict[str, int]) -> None:
    txn.execute(_WITHOUT_BLOB)
    row = txn.fetch_one()
    if row is not None:
        raise NotPossible(
            f"the file has no blob {row[0]}, which it refers to; nothing was imported"
        )
    for what, count in find_strays(txn).items():
        if count > strays_before.get(what, 0):
            raise NotPossible(f"the file has {what}; nothing was imported")
