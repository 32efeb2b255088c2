"""A store with very many objects, faster than by putting them.

One object is put in the ordinary way; its rows are then copied under other keys by SQL, while no
daemon runs. The copies are complete: each has bytes of its own in the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

_NUMBERS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)"
)
_LOCATOR = "substr(locator, 1, 2) || printf('%032x', n)"


def multiply(database: Path, key: str, count: int, folders: int = 0) -> None:
    """Make ``count`` copies of an object whose bytes are in the database.

    Args:
        key: the object's; the copies' keys are ``key/0000001`` and so on.
        folders: how many to spread them over, as ``key/001/0000001``; 0 for none.
    """
    folder = f"printf('/%03d', n % {folders}) || " if folders else ""
    with closing(sqlite3.connect(database)) as connection:
        (locator,) = connection.execute("SELECT locator FROM blob").fetchone()
        given = {"key": key, "locator": locator, "count": count}
        copied_locator = _LOCATOR.replace("locator", ":locator")
        _copy(connection, "blob", "locator = :locator", {"locator": copied_locator}, given)
        changes = {
            "key": f"key || {folder}printf('/%07d', n)",
            "segments": f"replace(segments, :locator, {copied_locator})",
        }
        _copy(connection, "object", "key = :key", changes, given)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(
    connection: sqlite3.Connection,
    table: str,
    condition: str,
    changes: Mapping[str, str],
    given: Mapping[str, object],
) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changes.get(column, column) for column in columns)
    connection.execute(
        f"{_NUMBERS} INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {values} FROM {table}, numbers WHERE {condition}",
        given,
    )
