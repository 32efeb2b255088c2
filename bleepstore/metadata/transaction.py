"""The transaction that SQL functions see, over a DB-API cursor."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from zope.interface import implementer

from ..interfaces import ITransaction
from .dialects import Dialect

# Of inserts: so few texts that the engine keeps all of them prepared.
_SIZES = (32, 16, 8, 4, 2, 1)


@implementer(ITransaction)
class Transaction:
    """SQL in the house's one text goes in; the engine's own goes to the cursor."""

    __slots__ = ("_cursor", "_dialect")

    def __init__(self, cursor: Any, dialect: Dialect) -> None:
        self._cursor = cursor
        self._dialect = dialect

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self._cursor.execute(self._dialect.render(sql), parameters)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._cursor.executemany(self._dialect.render(sql), rows)

    def insert(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        start = 0
        while left := len(rows) - start:
            size = next(size for size in _SIZES if size <= left)
            chunk = rows[start : start + size]
            text = self._dialect.render_rows(sql, size, len(chunk[0]))
            self._cursor.execute(text, [value for row in chunk for value in row])
            start += size

    def fetch_one(self) -> Any:
        return self._cursor.fetchone()

    def fetch_all(self) -> Any:
        return self._cursor.fetchall()

    @property
    def rowcount(self) -> int:
        return int(self._cursor.rowcount)


def as_parameter(
    values: Sequence[str] | Sequence[tuple[str, str]] | Mapping[str, int],
) -> str:
    """Many values as one parameter: for ``$in_list`` and ``$list``, ``$pairs``, ``$counts``."""
    return json.dumps(values, ensure_ascii=False)
