"""A database in memory, and snapshots of it."""
# ruff: noqa: ASYNC240 - small files in the folder of a test

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults

from bleepstore.errors import SchemaTooNew, SnapshotUnusable
from bleepstore.interfaces import ITransaction
from bleepstore.metadata import snapshot
from bleepstore.metadata.database import Database
from bleepstore.metadata.engine import FileEngine
from bleepstore.metadata.memory import MemoryEngine

_INSERT = "INSERT INTO blob_row (locator, position, content) VALUES (?, 0, ?)"


def add(txn: ITransaction, locator: str, size: int = 10) -> None:
    txn.execute(_INSERT, (locator, os.urandom(size)))


def locators(txn: ITransaction) -> list[str]:
    txn.execute("SELECT locator FROM blob_row ORDER BY locator")
    return [locator for (locator,) in txn.fetch_all()]


class Opened:
    """A started database with its engine."""

    def __init__(self, path: Path | None) -> None:
        self.engine = MemoryEngine(reactor, path)
        self.database = Database(self.engine)

    async def add(self, *names: str) -> None:
        await gatherResults([self.database.write("add", add, name) for name in names])

    async def locators(self) -> list[str]:
        return await self.database.read("locators", locators)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "snapshot.db"


async def saved(path: Path, *names: str) -> None:
    opened = Opened(path)
    await opened.database.start()
    await opened.add(*names)
    await opened.engine.save()
    await opened.database.stop()


async def loaded(path: Path) -> list[str]:
    opened = Opened(path)
    await opened.database.start()
    try:
        return await opened.locators()
    finally:
        await opened.database.stop()


@pytest_twisted.ensureDeferred
async def test_without_a_path_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    opened = Opened(None)
    await opened.database.start()
    await opened.add("a", "b")
    assert await opened.locators() == ["a", "b"]
    await opened.engine.save()
    await opened.database.stop()
    assert list(tmp_path.iterdir()) == []


@pytest_twisted.ensureDeferred
async def test_what_was_saved_is_loaded(path: Path) -> None:
    await saved(path, "a", "b")
    assert await loaded(path) == ["a", "b"]
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest_twisted.ensureDeferred
async def test_a_snapshot_is_a_database_and_the_other_way_round(path: Path) -> None:
    await saved(path, "a")
    database = Database(FileEngine(path, reactor))
    await database.start()
    await database.write("add", add, "b")
    assert await database.read("locators", locators) == ["a", "b"]
    await database.stop()
    assert await loaded(path) == ["a", "b"]


@pytest_twisted.ensureDeferred
async def test_nothing_new_is_not_saved_again(path: Path) -> None:
    opened = Opened(path)
    await opened.database.start()
    await opened.add("a")
    await opened.engine.save()
    first = path.stat().st_ino
    await opened.locators()
    await opened.engine.save()
    assert path.stat().st_ino == first
    await opened.add("b")
    await opened.engine.save()
    await opened.database.stop()
    assert await loaded(path) == ["a", "b"]


@pytest_twisted.ensureDeferred
async def test_writing_goes_on_while_a_snapshot_is_taken(path: Path) -> None:
    """Each change writes two rows: a snapshot has both or none."""

    def add_two(txn: ITransaction, number: int) -> None:
        add(txn, f"{number:03d}-one", 40_000)
        add(txn, f"{number:03d}-two", 40_000)

    opened = Opened(path)
    await opened.database.start()
    for first in range(0, 200, 50):
        changes = [opened.database.write("add", add_two, first + each) for each in range(50)]
        await gatherResults([*changes, Deferred.fromCoroutine(opened.engine.save())])
        with closing(sqlite3.connect(path)) as found:
            names = [name for (name,) in found.execute("SELECT locator FROM blob_row ORDER BY 1")]
        assert [name[:3] for name in names[::2]] == [name[:3] for name in names[1::2]]
    await opened.database.stop()


def test_a_copy_that_is_always_overtaken_is_made_in_one_go(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_STEP_PAGES", 1)
    with closing(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)) as db:
        db.execute("CREATE TABLE schema_version (version)")
        db.execute("CREATE TABLE blob_row (locator, position, content)")
        db.execute(_INSERT, ("large", os.urandom(100_000)))
        is_over = threading.Event()

        def change() -> None:
            while not is_over.is_set():
                db.execute(_INSERT, ("small", b"x"))

        changing = threading.Thread(target=change)
        changing.start()
        try:
            snapshot.save(db, path)
        finally:
            is_over.set()
            changing.join()
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert found.execute("SELECT max(length(content)) FROM blob_row").fetchone() == (100_000,)


@pytest_twisted.ensureDeferred
async def test_a_snapshot_that_fails_leaves_the_one_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await saved(path, "a")
    opened = Opened(path)
    await opened.database.start()
    await opened.add("b")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            await opened.engine.save()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert await loaded(path) == ["a"]
    await opened.engine.save()
    await opened.database.stop()
    assert await loaded(path) == ["a", "b"]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_database(path: Path) -> None:
    path.write_bytes(b"x" * 10_000)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:8192])


def garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:8192] = os.urandom(4096)
    path.write_bytes(content)


def of_somebody_else(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE things (thing)")


@pytest.mark.parametrize("spoil", [empty, no_database, cut, garbled, of_somebody_else])
@pytest_twisted.ensureDeferred
async def test_what_is_no_snapshot_is_refused_and_left_alone(path: Path, spoil: Any) -> None:
    await saved(path, "a")
    spoil(path)
    before = path.read_bytes()
    opened = Opened(path)
    with pytest.raises(SnapshotUnusable, match="cannot be used"):
        await opened.database.start()
    await opened.database.stop()
    assert path.read_bytes() == before


@pytest_twisted.ensureDeferred
async def test_a_newer_snapshot_is_refused_and_left_alone(path: Path) -> None:
    await saved(path, "a")
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("INSERT INTO schema_version VALUES (9999)")
        newer.commit()
    before = path.read_bytes()
    opened = Opened(path)
    with pytest.raises(SchemaTooNew, match="9999"):
        await opened.database.start()
    await opened.database.stop()
    assert path.read_bytes() == before
