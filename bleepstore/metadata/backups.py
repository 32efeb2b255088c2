"""Which backups were made of the metadata: see ``schema/0006_backups.sql``."""

from __future__ import annotations

from attrs import frozen

from ..interfaces import IDatabase, ITransaction

_RECORD = "INSERT INTO backup (backup_id) VALUES (?)"
_FIND = "SELECT 1 FROM backup WHERE backup_id = ?"


@frozen
class Backups:
    """Remembers them."""

    _database: IDatabase

    async def record(self, backup_id: str) -> None:
        """Note a backup. The copy that is made afterwards is the first that knows it."""
        await self._database.write("record_backup", _record, backup_id)


def is_recorded(txn: ITransaction, backup_id: str) -> bool:
    """Whether the database has come from the one that the backup was made of."""
    txn.execute(_FIND, (backup_id,))
    return txn.fetch_one() is not None


def _record(txn: ITransaction, backup_id: str) -> None:
    txn.execute(_RECORD, (backup_id,))
