"""Damages a database as a failing disk does."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

_PAGE_BYTES = 4096


def damage_page_with(path: Path, text: bytes, table: str = "object") -> None:
    """Overwrite the leaf of a table that has a text."""
    with closing(sqlite3.connect(path)) as connection:
        leaves = connection.execute(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,)
        ).fetchall()
    with path.open("r+b") as file:
        for (number,) in leaves:
            file.seek((number - 1) * _PAGE_BYTES)
            if text in file.read(_PAGE_BYTES):
                file.seek((number - 1) * _PAGE_BYTES)
                file.write(os.urandom(_PAGE_BYTES))
                return
    raise AssertionError("the text is nowhere")
