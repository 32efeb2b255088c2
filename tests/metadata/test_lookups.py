"""Look-ups: answers without a thread, which are never older than the last commit of anybody."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor

from bleepstore.errors import S3Error
from bleepstore.interfaces import ITransaction
from bleepstore.metadata.commits import DataVersion
from bleepstore.metadata.database import Database
from bleepstore.metadata.dialects import SQLITE
from bleepstore.metadata.engine import FileEngine
from bleepstore.metadata.lookups import LookUps, NotNow
from bleepstore.metadata.memory import MemoryEngine
from bleepstore.values import ListingPage
from tests.metadata.counting import Counts

_INSERT = "INSERT INTO account (owner_id, display_name, email) VALUES (?, 'x', '')"


def add(txn: ITransaction, owner_id: str) -> None:
    txn.execute(_INSERT, (owner_id,))


def find(txn: ITransaction, owner_id: str) -> Any:
    txn.execute("SELECT display_name FROM account WHERE owner_id = ?", (owner_id,))
    return txn.fetch_one()


def rename_elsewhere(path: Path, name: str) -> None:
    """As another process would."""
    with sqlite3.connect(path) as other:
        other.execute("UPDATE account SET display_name = ?", (name,))
    other.close()


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest_twisted.async_yield_fixture
async def database(tmp_path: Path, counts: Counts) -> Any:
    opened = Database(FileEngine(tmp_path / "metadata.db", reactor), counts)
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture
def lookups(tmp_path: Path) -> Any:
    path = tmp_path / "own.db"
    with sqlite3.connect(path) as setting_up:
        setting_up.execute("CREATE TABLE account (owner_id TEXT, display_name TEXT, email TEXT)")
        setting_up.execute(_INSERT, ("a",))
    setting_up.close()
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    opened = LookUps(connection, SQLITE, DataVersion(connection))
    yield opened
    opened.close()


@pytest_twisted.ensureDeferred
async def test_a_look_up_finds_what_is_there(database: Database, counts: Counts) -> None:
    assert await database.look_up("find", find, "a") is None
    await database.write("add", add, "a")
    assert await database.look_up("find", find, "a") == ("x",)
    assert counts.transactions["find"] == 2


@pytest_twisted.ensureDeferred
async def test_a_look_up_sees_the_last_commit_of_any_process(
    database: Database, tmp_path: Path
) -> None:
    await database.write("add", add, "a")
    for number in range(20):
        assert await database.look_up("find", find, "a") == await database.look_up(
            "find", find, "a"
        )
        rename_elsewhere(tmp_path / "metadata.db", str(number))
        assert await database.look_up("find", find, "a") == (str(number),)


@pytest_twisted.ensureDeferred
async def test_a_look_up_holds_no_snapshot(database: Database, tmp_path: Path) -> None:
    """Otherwise the write-ahead log could never be emptied."""
    await database.write("add", add, "a")
    await database.look_up("find", find, "a")
    with sqlite3.connect(tmp_path / "metadata.db") as other:
        checkpoint = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    other.close()
    assert checkpoint == (0, 0, 0)


@pytest_twisted.ensureDeferred
async def test_looking_up_needs_a_running_database(tmp_path: Path) -> None:
    database = Database(FileEngine(tmp_path / "metadata.db", reactor))
    with pytest.raises(S3Error, match="ServiceUnavailable"):
        await database.look_up("find", find, "a")


@pytest_twisted.ensureDeferred
async def test_a_database_in_memory_looks_up_in_its_thread() -> None:
    database = Database(MemoryEngine(reactor))
    await database.start()
    await database.write("add", add, "a")
    assert await database.look_up("find", find, "a") == ("x",)
    await database.stop()


@pytest_twisted.ensureDeferred
async def test_a_locked_database_is_waited_for_in_a_thread(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise NotNow

    await database.write("add", add, "a")
    monkeypatch.setattr(LookUps, "answer", refuse)
    assert await database.look_up("find", find, "a") == ("x",)


def test_what_is_locked_is_not_waited_for(lookups: LookUps, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "own.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")  # without a write-ahead log, this keeps readers out
    with pytest.raises(NotNow):
        lookups.answer(find, ["a"])
    other.execute("ROLLBACK")
    other.close()
    assert lookups.answer(find, ["a"]) == ("x",)


@pytest.mark.parametrize("disk_was_read", [True, False])
def test_a_slow_disk_sends_look_ups_elsewhere_for_a_while(
    lookups: LookUps, monkeypatch: pytest.MonkeyPatch, disk_was_read: bool
) -> None:
    """A slow processor does not: threads would be as slow."""
    now, blocks = 100.0, 10**9

    def tick() -> float:
        nonlocal now
        now += 0.1
        return now

    def read_more() -> int:
        nonlocal blocks
        blocks += disk_was_read
        return blocks

    monkeypatch.setattr(lookups, "_blocks_read", blocks)
    monkeypatch.setattr("bleepstore.metadata.lookups._blocks_read", read_more)
    monkeypatch.setattr("bleepstore.metadata.lookups.perf_counter", tick)
    assert lookups.answer(find, ["a"]) == ("x",)
    if disk_was_read:
        with pytest.raises(NotNow):
            lookups.answer(find, ["a"])
        now += 2
    assert lookups.answer(find, ["a"]) == ("x",)


def test_errors_are_not_kept_and_leave_no_transaction(lookups: LookUps) -> None:
    def fail(txn: ITransaction) -> None:
        txn.execute("SELECT 1 UNION ALL SELECT 2")
        txn.fetch_one()
        raise S3Error("NoSuchKey")

    for _ in range(2):
        with pytest.raises(S3Error, match="NoSuchKey"):
            lookups.answer(fail, [])
    assert lookups.answer(find, ["a"]) == ("x",)


def test_kept_contents_are_bounded(lookups: LookUps, monkeypatch: pytest.MonkeyPatch) -> None:
    class WithContent:
        content = bytes(100)

    asked = 0

    def ask(txn: ITransaction, number: int) -> WithContent:
        nonlocal asked
        asked += 1
        return WithContent()

    monkeypatch.setattr("bleepstore.metadata.lookups._KEPT_BYTES", 250)
    for number in (1, 2, 1, 2, 3, 1):  # the third one makes room by forgetting the others
        lookups.answer(ask, [number])
    assert asked == 4


def test_large_answers_are_not_kept(lookups: LookUps) -> None:
    asked = 0

    def list_all(txn: ITransaction, count: int) -> tuple[str, ListingPage]:
        nonlocal asked
        asked += 1
        return "bucket", ListingPage(common_prefixes=("a/",) * count)

    for count in (10, 10, 1000, 1000, 10):
        assert len(lookups.answer(list_all, [count])[1].common_prefixes) == count
    assert asked == 3


def count_to(txn: ITransaction, number: int) -> Any:
    txn.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "SELECT max(i) FROM n",
        (number,),
    )
    return txn.fetch_one()


def test_what_takes_many_steps_is_left_to_a_thread(lookups: LookUps) -> None:
    for _ in range(3):
        assert lookups.answer(count_to, [100]) == (100,)
        with pytest.raises(NotNow):
            lookups.answer(count_to, [100_000])
    assert lookups.answer(find, ["a"]) == ("x",)


def test_steps_of_many_answers_do_not_add_up(lookups: LookUps) -> None:
    """SQLite counts those of a statement for as long as it is in use."""
    for number in range(3000):
        assert lookups.answer(find, ["a"]) == ("x",)
        assert lookups.answer(count_to, [number % 5 + 1]) == (number % 5 + 1,)
    for number in range(500):
        assert lookups.answer(find, [str(number)]) is None


def test_what_needs_a_disk_is_left_to_a_thread(
    lookups: LookUps, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = 0

    def read_more() -> int:
        nonlocal blocks
        blocks += 1
        return blocks

    assert lookups.answer(count_to, [101]) == (101,)
    monkeypatch.setattr("bleepstore.metadata.lookups._blocks_read", read_more)
    with pytest.raises(NotNow):
        lookups.answer(count_to, [102])
