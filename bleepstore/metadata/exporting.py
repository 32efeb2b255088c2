"""Writes metadata down so that another store can have it: all of one instant, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

from ..interfaces import ITransaction
from .portable import TABLES, Table
from .portable_file import Takes, Writer


@frozen
class Export:
    """What to write, and where.

    Attributes:
        file: written to in a thread.
        has_secrets: whether the secrets of access keys are to be in it.
        expect, advance: are told how many rows there are, and of each. What they raise ends it.
    """

    file: Takes
    has_secrets: bool
    expect: Callable[[int], None]
    advance: Callable[[int], None]


def export(txn: ITransaction, command: Export) -> None:
    """Write everything that is carried from store to store."""
    command.expect(sum(_count(txn, table) for table in TABLES))
    writer = Writer(command.file)
    writer.begin(has_secrets=command.has_secrets)
    for table in TABLES:
        writer.table(table, _rows(txn, table, command))
    writer.end()


def _count(txn: ITransaction, table: Table) -> int:
    txn.execute(f"SELECT count(*) FROM {_source(table)}")
    (count,) = txn.fetch_one()
    return int(count)


def _source(table: Table) -> str:
    conditions = " AND ".join(f"{name} = '{value}'" for name, value in table.fixed.items())
    return f"{table.name} WHERE {conditions}" if conditions else table.name


def _rows(txn: ITransaction, table: Table, command: Export) -> Iterator[dict[str, Any]]:
    txn.execute(
        f"SELECT {', '.join(table.names)} FROM {_source(table)} ORDER BY {', '.join(table.key)}"
    )
    for row in iter(txn.fetch_one, None):
        fields = table.to_file(row)
        if "secret_key" in fields and not command.has_secrets:
            fields["secret_key"] = None
        yield fields
        command.advance(1)
