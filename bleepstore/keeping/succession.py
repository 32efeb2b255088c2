"""Whether a new backup may take the place of the one in its folder, which may be the last good one.

A database that was made anew, has lost keys or was restored from an older one refers to few of the
bytes that are wanted. No number says how many may go. What does say it: the new database must have
come from the one of the former backup, and what it no longer refers to the store must have
discarded, so that it has no file any more or is recorded as garbage.
"""

from __future__ import annotations

from ..errors import NotPossible
from ..metadata.frozen_copy import FrozenCopy
from ..storage.replica import Replica
from .backup_folder import BackupFolder

_STAYS = "what the folder had is still there, bytes and all"


def require_successor(folder: BackupFolder, copy: FrozenCopy, replica: Replica | None) -> None:
    """See that nothing is lost but what the store has let go. Blocks.

    Args:
        copy: the new database.
        replica: of the blobs in files; None if the store has none.

    Raises:
        NotPossible: something else would be lost.
    """
    former_id = folder.former_id()
    if former_id and not copy.has_backup(former_id):
        raise NotPossible(
            f"{folder.path} has a backup of another store, or of this one when its database was "
            f"newer: it was made anew since, or restored from an older one; {_STAYS}; if the "
            "store is right as it is, give another folder"
        )
    lost = 0 if replica is None else replica.count_forsaken(copy.unknown)
    if lost:
        raise NotPossible(
            f"{folder.path} has {lost} blobs whose files the store has too, but its database has "
            "lost what referred to them: it does not, and never discarded them; "
            f"{_STAYS}; docs/admin.rst says what to do, or give another folder"
        )
