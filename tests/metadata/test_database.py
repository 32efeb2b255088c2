"""The database: isolation, group commit, errors, start and stop."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, DeferredList, gatherResults

from bleepstore.errors import S3Error, StorageBroken, StorageFull
from bleepstore.interfaces import IDatabase, ITransaction
from bleepstore.metadata.database import Database
from bleepstore.metadata.engine import FileEngine
from tests.metadata.counting import Counts

_INSERT = "INSERT INTO account (owner_id, display_name, email) VALUES (?, 'x', '')"
_COUNT = "SELECT count(*) FROM account"
_PATIENCE_SECONDS = 30


def add(txn: ITransaction, owner_id: str) -> str:
    txn.execute(_INSERT, (owner_id,))
    return owner_id


def add_and_fail(txn: ITransaction, owner_id: str) -> None:
    add(txn, owner_id)
    raise ValueError(owner_id)


def owners(txn: ITransaction) -> list[str]:
    txn.execute("SELECT owner_id FROM account ORDER BY owner_id")
    return [owner_id for (owner_id,) in txn.fetch_all()]


@pytest.fixture
def counts() -> Counts:
    """What the database of a test has done."""
    return Counts()


@pytest_twisted.async_yield_fixture
async def database(tmp_path: Path, counts: Counts) -> Any:
    opened = Database(FileEngine(tmp_path / "deep" / "metadata.db", reactor), counts)
    await opened.start()
    yield opened
    await opened.stop()


async def outcomes(*results: Deferred[Any]) -> list[tuple[bool, Any]]:
    return list(await DeferredList(results, consumeErrors=True))


def test_it_is_what_the_interface_says(tmp_path: Path) -> None:
    assert IDatabase.providedBy(Database(FileEngine(tmp_path / "metadata.db", reactor)))


@pytest_twisted.ensureDeferred
async def test_files_are_readable_by_nobody_else(database: Database, tmp_path: Path) -> None:
    await database.write("add", add, "a")
    files = list((tmp_path / "deep").iterdir())
    assert {file.name for file in files} >= {"metadata.db", "metadata.db-wal"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


@pytest_twisted.ensureDeferred
async def test_a_full_commit_syncs_and_the_log_is_a_wal(database: Database) -> None:
    def settings(txn: ITransaction, command: None) -> list[Any]:
        found = []
        for name in ("synchronous", "journal_mode", "foreign_keys"):
            txn.execute(f"PRAGMA {name}")
            found.append(txn.fetch_one()[0])
        return found

    assert await database.write("settings", settings, None) == [2, "wal", 1]


@contextmanager
def one_batch(database: Database) -> Iterator[Any]:
    """What is written here goes into one commit: the writer is occupied with another one till then.

    Answers the other one, a change that adds ``first``.
    """
    begun, go_on = Event(), Event()

    def add_slowly(txn: ITransaction, owner_id: str) -> None:
        begun.set()
        go_on.wait(_PATIENCE_SECONDS)
        add(txn, owner_id)

    first = database.write("add", add_slowly, "first")
    begun.wait(_PATIENCE_SECONDS)
    yield first
    go_on.set()


@pytest_twisted.ensureDeferred
async def test_a_failing_change_fails_alone(database: Database, counts: Counts) -> None:
    with one_batch(database) as first:
        good, bad, late = (
            database.write("add", add, "good"),
            database.write("add", add_and_fail, "bad"),
            database.write("add", add, "late"),
        )
    assert [ok for ok, _ in await outcomes(first, good, bad, late)] == [True, True, False, True]
    assert counts.batches == [1, 3]
    assert await database.read("owners", owners) == ["first", "good", "late"]


def add_all(txn: ITransaction, owner_ids: Sequence[str]) -> list[Exception | None]:
    """Adds those that are not bad, in one statement."""
    good = [each for each in owner_ids if each != "bad"]
    txn.execute_many(
        "INSERT INTO account (owner_id, display_name, email) VALUES (?, '', '')",
        [(each,) for each in good],
    )
    return [S3Error("AccessDenied") if each == "bad" else None for each in owner_ids]


@pytest_twisted.ensureDeferred
async def test_changes_that_can_share_statements_do(database: Database) -> None:
    with one_batch(database) as first:
        changes = [
            database.write("add", add_and_fail, each, add_all) for each in ("good", "bad", "late")
        ]
        alone = database.write("add", add, "alone")
    results = await outcomes(first, *changes, alone)
    assert [ok for ok, _ in results] == [True, True, False, True, True]
    assert results[2][1].check(S3Error)
    assert await database.read("owners", owners) == ["alone", "first", "good", "late"]


@pytest_twisted.ensureDeferred
async def test_changes_that_cannot_share_statements_are_made_one_by_one(
    database: Database,
) -> None:
    def add_none(txn: ITransaction, owner_ids: Sequence[str]) -> list[None]:
        add(txn, owner_ids[0])
        raise ValueError("this cannot be")

    with one_batch(database) as first:
        good = database.write("add", add, "good", add_none)
        bad = database.write("add", add_and_fail, "bad", add_none)
    assert [ok for ok, _ in await outcomes(first, good, bad)] == [True, True, False]
    assert await database.read("owners", owners) == ["first", "good"]


@pytest_twisted.ensureDeferred
async def test_a_failing_commit_fails_all_of_its_batch(database: Database) -> None:
    def break_commit(txn: ITransaction, command: None) -> None:
        txn.execute("PRAGMA defer_foreign_keys = ON")
        txn.execute("INSERT INTO credential VALUES ('k', 's', 'nobody', 'admin', 1, 0, 0)")

    await database.write("add", add, "before")
    with one_batch(database) as first:
        good, bad = database.write("add", add, "good"), database.write("break", break_commit, None)
    results = await outcomes(first, good, bad)
    assert [ok for ok, _ in results] == [True, False, False]
    assert all(failure.check(sqlite3.IntegrityError) for ok, failure in results if not ok)
    await database.write("add", add, "after")
    assert await database.read("owners", owners) == ["after", "before", "first"]


@pytest_twisted.ensureDeferred
async def test_a_transaction_that_the_engine_gave_up_fails_all_of_its_batch(
    database: Database,
) -> None:
    def lose_transaction(txn: ITransaction, command: None) -> None:
        txn.execute("ROLLBACK")  # as SQLite does by itself when a disk fails or is full
        raise sqlite3.OperationalError("disk I/O error")

    await database.write("add", add, "before")
    with one_batch(database) as first:
        good, bad = database.write("add", add, "good"), database.write("x", lose_transaction, None)
        late = database.write("add", add, "late")
    results = await outcomes(first, good, bad, late)
    assert [ok for ok, _ in results] == [True, False, False, False]
    assert await database.read("owners", owners) == ["before", "first"]


@pytest_twisted.ensureDeferred
async def test_concurrent_changes_share_commits(database: Database, counts: Counts) -> None:
    with one_batch(database) as first:
        changes = [database.write("add", add, f"owner {n}") for n in range(200)]
    await gatherResults([first, *changes])
    assert counts.batches == [1, 200]
    assert len(await database.read("owners", owners)) == 201


@pytest_twisted.ensureDeferred
async def test_all_that_a_read_sees_is_of_one_instant(database: Database, tmp_path: Path) -> None:
    """The reading function itself commits a change by another connection between its looks."""

    def count_twice(txn: ITransaction, path: Path) -> tuple[int, int]:
        txn.execute(_COUNT)
        before = txn.fetch_one()[0]
        with sqlite3.connect(path) as other:
            other.execute(_INSERT, ("in between",))
        other.close()
        txn.execute(_COUNT)
        return before, txn.fetch_one()[0]

    path = tmp_path / "deep" / "metadata.db"
    assert await database.read("count_twice", count_twice, path) == (0, 0)
    assert await database.read("owners", owners) == ["in between"]


@pytest_twisted.ensureDeferred
async def test_a_read_that_fails_half_way_leaves_no_old_snapshot(database: Database) -> None:
    def look_and_fail(txn: ITransaction) -> None:
        txn.execute("SELECT 1 UNION ALL SELECT 2 FROM account")
        txn.fetch_one()
        raise ValueError("half way")

    await database.write("add", add, "a")
    with pytest.raises(ValueError, match="half way"):
        await database.read("fail", look_and_fail)
    await database.write("add", add, "b")
    assert await database.read("owners", owners) == ["a", "b"]


@pytest_twisted.ensureDeferred
async def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(StorageBroken, match="readonly"):
        await database.read("add", add, "a")


@pytest_twisted.ensureDeferred
async def test_no_room_is_storage_full_and_passes_when_there_is_room(database: Database) -> None:
    def fill(txn: ITransaction, limit_pages: int) -> None:
        txn.execute(f"PRAGMA max_page_count = {limit_pages}")
        txn.execute("INSERT INTO blob VALUES ('x', 1, 1, zeroblob(1000000))")

    with pytest.raises(StorageFull):
        await database.write("fill", fill, 50)
    await database.write("fill", fill, 100_000)
    assert await database.read("count", lambda txn: owners(txn)) == []


@pytest_twisted.ensureDeferred
async def test_a_lock_that_does_not_go_away_is_slow_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bleepstore.metadata.sqlite.BUSY_SECONDS", 0.01)
    database = Database(FileEngine(tmp_path / "metadata.db", reactor))
    await database.start()
    other = sqlite3.connect(tmp_path / "metadata.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(S3Error) as caught:
        await database.write("add", add, "a")
    assert caught.value.code == "SlowDown"
    other.execute("ROLLBACK")
    other.close()
    assert await database.write("add", add, "a") == "a"
    await database.stop()


@pytest_twisted.ensureDeferred
async def test_stop_waits_for_what_is_in_flight_and_refuses_the_rest(tmp_path: Path) -> None:
    database = Database(FileEngine(tmp_path / "metadata.db", reactor))
    await database.start()
    writes = [database.write("add", add, f"{n:03}") for n in range(300)]
    reading = database.read("owners", owners)
    stopping = database.stop()
    with pytest.raises(S3Error, match="ServiceUnavailable"):
        await database.write("add", add, "too late")
    with pytest.raises(S3Error, match="ServiceUnavailable"):
        await database.read("owners", owners)
    await stopping
    assert all(write.called for write in writes)
    assert reading.called
    assert not (tmp_path / "metadata.db-wal").exists()
    again = Database(FileEngine(tmp_path / "metadata.db", reactor))
    await again.start()
    assert len(await again.read("owners", owners)) == 300
    await again.stop()


@pytest_twisted.ensureDeferred
async def test_stopping_twice_or_before_the_start_is_no_error(tmp_path: Path) -> None:
    database = Database(FileEngine(tmp_path / "metadata.db", reactor))
    await database.stop()
    await database.start()
    await database.stop()
    await database.stop()


@pytest_twisted.ensureDeferred
async def test_a_cancelled_read_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    database = Database(FileEngine(tmp_path / "metadata.db", reactor))
    await database.start()
    reading = database.read("owners", owners)
    reading.cancel()
    with pytest.raises(CancelledError):
        await reading
    await database.stop()


@pytest_twisted.ensureDeferred
async def test_reads_are_counted_by_description(database: Database, counts: Counts) -> None:
    await database.read("owners", owners)
    await database.look_up("found", owners)
    assert counts.transactions == {"owners": 1, "found": 1}
