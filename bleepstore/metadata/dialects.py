"""What differs between SQL engines, and nothing else.

The SQL of this room is written once, with ``?`` for parameters and with a few words that begin
with ``$`` where engines part. A dialect fills those words in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from string import Template

from attrs import field, frozen

from ..errors import S3Error, StorageBroken, StorageFull


@frozen
class Dialect:
    """One engine's way to say things.

    Attributes:
        words: what each ``$word`` of the SQL texts becomes. ``$key``: the type of a text that
            sorts as UTF-8 bytes. ``$blob``: the type of bytes. ``$without_rowid``: clusters a
            table by its primary key. ``$in_list``: membership in a parameter that is a JSON
            array of texts; ``$list``: rows (value) of such a parameter. ``$pairs``: rows (one,
            two) of a parameter that is a JSON array of arrays of two texts. ``$counts``: rows
            (text, number) of a parameter that is a JSON object. ``$position``: the function that
            tells the first place, from 1 on, at which a text contains another; 0 for none.
        table_exists: a query that counts the tables of the name given as its parameter.
        translate: an engine's exception as what the rest of the house understands; the same
            exception where there is nothing better to say, else the cause of the one answered.
    """

    words: Mapping[str, str]
    table_exists: str
    translate: Callable[[Exception], Exception]
    _rendered: dict[str, str] = field(factory=dict, init=False, repr=False, eq=False)
    _rendered_rows: dict[tuple[str, int], str] = field(
        factory=dict, init=False, repr=False, eq=False
    )

    def render(self, sql: str) -> str:
        """The text for this engine. Each text is filled in once and kept."""
        rendered = self._rendered.get(sql)
        if rendered is None:
            rendered = self._rendered[sql] = Template(sql).substitute(self.words)
        return rendered

    def render_rows(self, sql: str, rows: int, width: int) -> str:
        """The text with so many rows of parameters for ``$rows``."""
        rendered = self._rendered_rows.get((sql, rows))
        if rendered is None:
            row = f"({', '.join('?' * width)})"
            words = {**self.words, "rows": ", ".join([row] * rows)}
            rendered = self._rendered_rows[sql, rows] = Template(sql).substitute(words)
        return rendered


def _translate_sqlite(error: Exception) -> Exception:
    """See https://www.sqlite.org/rescode.html; the low byte is the primary result code."""
    code = getattr(error, "sqlite_errorcode", 0)
    better: Exception
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        better = S3Error("SlowDown")
    elif code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE):
        better = StorageFull("no room left for the metadata; make room on the database's disk")
    elif code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        better = StorageBroken(
            f"the metadata's database is damaged: {error}; what needs the damaged part fails; "
            "restore a backup, or save what is left as docs/failures.rst shows"
        )
    elif code & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        better = StorageBroken(
            f"the metadata's database: {error}; look into the kernel's log, mend the disk"
        )
    else:
        return error
    better.__cause__ = error
    return better


SQLITE = Dialect(
    words={
        "key": "TEXT",  # compared with BINARY, the default
        "blob": "BLOB",
        "without_rowid": "WITHOUT ROWID",
        "in_list": "IN (SELECT value FROM json_each(?))",
        "list": "SELECT value FROM json_each(?)",
        "pairs": "SELECT value ->> 0 AS one, value ->> 1 AS two FROM json_each(?)",
        "position": "instr",
        "counts": "SELECT key, value FROM json_each(?)",
    },
    table_exists="SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
    translate=_translate_sqlite,
)
