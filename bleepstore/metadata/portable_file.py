"""The file that carries metadata: one JSON document, one row on each line.

::

    {
    "format": "bleepstore-metadata",
    "secrets": false,
    "tables": {
    "account": [
    {"display_name": "Ann", "email": "", "enabled": true, "owner_id": "…"},
    …
    ],
    …
    },
    "version": 1
    }

So any program can read it as JSON, and this one need not have more of it in memory than a line.
Keys are sorted everywhere, and rows by their keys: the same metadata is always the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, Protocol

from attrs import define, field, frozen

from ..errors import NotPossible
from .portable import TABLES, Table

FORMAT = "bleepstore-metadata"
VERSION = 1
_MAX_LINE_BYTES = 64 * 1024 * 1024
_TAIL_BYTES = 4096

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


class Takes(Protocol):
    """What is written to."""

    def write(self, data: bytes, /) -> object:
        """Append."""


@define
class Writer:
    """Writes a file from its first line to its last."""

    _file: Takes

    def begin(self, *, has_secrets: bool) -> None:
        """Write what comes before all tables."""
        self._lines("{", f'"format": {_encode(FORMAT)},', f'"secrets": {_encode(has_secrets)},')
        self._lines('"tables": {')

    def table(self, table: Table, rows: Iterator[Mapping[str, Any]]) -> None:
        """Write one table; all of them are written, in order."""
        self._lines(f"{_encode(table.name)}: [")
        held = ""
        for row in rows:
            if held:
                self._lines(held + ",")
            held = _encode(row)
        if held:
            self._lines(held)
        self._lines("]" if table is TABLES[-1] else "],")

    def end(self) -> None:
        """Write what comes behind all tables."""
        self._lines("},", f'"version": {VERSION}', "}")

    def _lines(self, *lines: str) -> None:
        self._file.write("".join(f"{line}\n" for line in lines).encode())


@frozen
class Row:
    """A sound row of a file."""

    table: Table
    fields: Mapping[str, Any]


@define
class Reader:
    """Reads a file, from its beginning each time.

    Raises (all methods):
        NotPossible: it is not such a file, or a damaged one; with the number of the line.
    """

    _path: Path
    _file: BinaryIO
    _number: int = field(default=0, init=False)
    _size_bytes: int = field(default=0, init=False)

    def check_ends(self) -> bool:
        """Look at beginning and end alone; answers whether the file has secrets."""
        self._rewind()
        if self._line() != "{" or self._line() != f'"format": {_encode(FORMAT)},':
            self.fail("this is no export of bleepstore-admin, one row on each line")
        secrets = self._line()
        self._file.seek(max(0, self._file.seek(0, 2) - _TAIL_BYTES))
        tail = self._file.read().decode("utf-8", "replace").splitlines()
        if len(tail) < 2 or tail[-1] != "}" or not tail[-2].startswith('"version": '):
            raise NotPossible(f"{self._path}: the end is missing; export or copy it again")
        if tail[-2] != f'"version": {VERSION}':
            raise NotPossible(
                f"{self._path}: expected {_encode('version')}: {VERSION}, got {tail[-2]}; use a "
                "BleepStore that knows it"
            )
        if secrets not in ('"secrets": false,', '"secrets": true,'):
            self.fail('expected "secrets": true or false')
        return secrets == '"secrets": true,'

    def rows(self, wanted: tuple[str, ...] = ()) -> Iterator[Row]:
        """All rows, or those of some tables, in order; each was checked by itself."""
        self._rewind()
        for _ in range(3):
            self._line()
        self._expect('"tables": {')
        for table in TABLES:
            self._expect(f"{_encode(table.name)}: [")
            yield from self._table(table, is_wanted=not wanted or table.name in wanted)
        for line in ("},", f'"version": {VERSION}', "}", ""):
            self._expect(line)

    @property
    def position(self) -> int:
        """How many bytes have been read since the last beginning."""
        return self._size_bytes

    def _table(self, table: Table, *, is_wanted: bool) -> Iterator[Row]:
        end = "]" if table is TABLES[-1] else "],"
        line, before, is_last = self._line(), None, False
        while line != end:
            if is_last:
                self.fail(f"expected {end}")
            is_last = not line.endswith(",")
            if is_wanted:
                fields = self._fields(table, line if is_last else line[:-1])
                position = table.position(fields)
                if before is not None and position <= before:
                    self.fail(f"expected rows in the order of {', '.join(table.key)}, each once")
                before = position
                yield Row(table, fields)
            line = self._line()
        if before is not None and not is_last:
            self.fail("expected another row behind a comma")

    def _fields(self, table: Table, text: str) -> Mapping[str, Any]:
        try:
            fields = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            self.fail(f"expected one row of {table.name}")
        problem = table.problem(fields)
        if problem:
            self.fail(f"{table.name}: {problem}")
        row: Mapping[str, Any] = fields
        return row

    def _expect(self, expected: str) -> None:
        if self._line() != expected:
            self.fail(f"expected {expected or 'the end'}")

    def _line(self) -> str:
        data = self._file.readline(_MAX_LINE_BYTES)
        self._number += 1
        self._size_bytes += len(data)
        if data and not data.endswith(b"\n"):
            is_long = len(data) == _MAX_LINE_BYTES
            self.fail("the line is too long" if is_long else "the file ends within a line")
        try:
            return data[:-1].decode()
        except UnicodeDecodeError:
            self.fail("expected UTF-8")

    def _rewind(self) -> None:
        self._file.seek(0)
        self._number = self._size_bytes = 0

    def fail(self, problem: str) -> NoReturn:
        """Say what is wrong with the line that was read last."""
        raise NotPossible(f"{self._path}, line {self._number}: {problem}; nothing was imported")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key twice")
    return fields


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
