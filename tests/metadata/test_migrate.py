"""Schema steps: once each, in order, all or nothing, and never backwards."""

from __future__ import annotations

import sqlite3
from contextlib import nullcontext
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor

from bleepstore.errors import SchemaTooNew
from bleepstore.metadata.database import Database
from bleepstore.metadata.dialects import SQLITE
from bleepstore.metadata.engine import FileEngine
from bleepstore.metadata.migrate import Step, known_steps, migrate

_STEPS = (
    Step(
        1, "0001_first.sql", "-- made first\nCREATE TABLE a (x TEXT PRIMARY KEY) $without_rowid;\n"
    ),
    Step(2, "0002_second.sql", "CREATE TABLE b (x $key);\nINSERT INTO b VALUES ('one; two');\n"),
)


@pytest.fixture
def connection() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}


def test_steps_are_applied_in_order_and_once(connection: sqlite3.Connection) -> None:
    assert migrate(connection, nullcontext(), SQLITE, _STEPS[:1]) == 1
    assert migrate(connection, nullcontext(), SQLITE, _STEPS) == 1
    assert tables(connection) == {"schema_version", "a", "b"}
    assert connection.execute("SELECT x FROM b").fetchall() == [("one; two",)]


def test_a_warm_start_only_reads(connection: sqlite3.Connection) -> None:
    migrate(connection, nullcontext(), SQLITE, _STEPS)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    assert migrate(connection, nullcontext(), SQLITE, _STEPS) == 0
    assert statements
    assert all(statement.startswith("SELECT") for statement in statements)


def test_a_step_that_fails_leaves_nothing_of_itself(connection: sqlite3.Connection) -> None:
    bad = Step(2, "0002_bad.sql", "CREATE TABLE half (x TEXT);\nCREATE TABLE a (x TEXT);\n")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, nullcontext(), SQLITE, (_STEPS[0], bad))
    assert tables(connection) == {"schema_version", "a"}
    assert migrate(connection, nullcontext(), SQLITE, _STEPS) == 1


def test_the_files_are_numbered_without_gaps() -> None:
    assert [step.version for step in known_steps()] == list(range(1, len(known_steps()) + 1))


@pytest_twisted.ensureDeferred
async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    first = Database(FileEngine(path, reactor))
    await first.start()
    await first.stop()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO schema_version VALUES (9999)")
    connection.close()
    second = Database(FileEngine(path, reactor))
    with pytest.raises(SchemaTooNew, match="schema version 9999"):
        await second.start()
    await second.stop()
