"""Brings a database to the schema that this program knows.

Each file ``schema/NNNN_what.sql`` is one step, applied in order and in a transaction of its own.
A step that was released is never edited; what comes later is a new file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import resources
from typing import Any

import txaio
from attrs import frozen

from ..errors import SchemaTooNew
from ..interfaces import ITransaction
from .dialects import Dialect
from .transaction import Transaction

log = txaio.make_logger()

_LEDGER = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)"
_VERSION = "SELECT max(version) FROM schema_version"
_RECORD = "INSERT INTO schema_version (version) VALUES (?)"
_STATEMENT_END = re.compile(r";[ \t]*$", re.MULTILINE)


@frozen
class Step:
    """One numbered schema file."""

    version: int
    name: str
    sql: str


def known_steps() -> tuple[Step, ...]:
    """The schema files of this program, in order."""
    folder = resources.files(__package__).joinpath("schema")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return tuple(Step(int(file.name[:4]), file.name, file.read_text("utf-8")) for file in files)


def migrate(
    connection: Any, turn: AbstractContextManager[Any], dialect: Dialect, steps: Sequence[Step]
) -> int:
    """Apply the steps that the database lacks; answer their number.

    Holding ``turn``, so that of several processes that start at once one does the work and the
    others find it done. A database that is up to date is only read.

    Raises:
        SchemaTooNew: the database has a step that this program does not know.
    """
    with turn:
        txn = Transaction(connection.cursor(), dialect)
        version = _schema_version(txn, dialect)
        newest = steps[-1].version
        if version > newest:
            raise SchemaTooNew(
                f"the metadata has schema version {version}, and this program knows versions up "
                f"to {newest}: run the BleepStore that wrote it, or a newer one"
            )
        missing = [step for step in steps if step.version > version]
        for step in missing:
            _apply(txn, step)
        return len(missing)


def _schema_version(txn: ITransaction, dialect: Dialect) -> int:
    txn.execute(dialect.table_exists, ("schema_version",))
    if txn.fetch_one() == (0,):
        return 0
    txn.execute(_VERSION)
    (version,) = txn.fetch_one()
    return int(version or 0)


def _apply(txn: ITransaction, step: Step) -> None:
    txn.execute("BEGIN")
    try:
        txn.execute(_LEDGER)
        for statement in _statements(step.sql):
            txn.execute(statement)
        txn.execute(_RECORD, (step.version,))
        txn.execute("COMMIT")
    except BaseException:
        txn.execute("ROLLBACK")
        raise
    log.info("applied schema step {step}", step=step.name)


def _statements(sql: str) -> Iterator[str]:
    return (statement for statement in _STATEMENT_END.split(sql) if statement.strip())
