"""A copy of a database that nobody changes, for those who make it whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import backups, blobs, check
from .check import StoredBlob
from .dialects import SQLITE
from .snapshot import problem_of
from .transaction import Transaction

_PAGE = 500
_TOTAL = "SELECT coalesce(sum(size_bytes), 0) FROM blob WHERE content IS NULL"


class FrozenCopy:
    """Reads a copy, and writes nothing beside it. All methods block, and may run in any thread."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        return problem_of(self._connection)

    def stored_bytes(self) -> int:
        """How many bytes all blobs of the backend have."""
        txn = self._transaction()
        txn.execute(_TOTAL)
        (size_bytes,) = txn.fetch_one()
        return int(size_bytes)

    def stored_blobs(self) -> Iterator[Sequence[StoredBlob]]:
        """The blobs of the backend, page by page."""
        after = ""
        while page := check.stored_blobs(self._transaction(), after, _PAGE):
            yield page
            after = page[-1].locator

    def referenced(self, locators: Sequence[str]) -> set[str]:
        """Those of the locators that some version refers to."""
        return blobs.find_referenced(self._transaction(), locators)

    def unknown(self, locators: Sequence[str]) -> set[str]:
        """Those of the locators that are neither referred to nor recorded as garbage."""
        return check.find_unknown(self._transaction(), locators)

    def has_backup(self, backup_id: str) -> bool:
        """Whether it has come from the database that a backup was made of."""
        return backups.is_recorded(self._transaction(), backup_id)

    def _transaction(self) -> Transaction:
        return Transaction(self._connection.cursor(), SQLITE)
