"""States of a database by the index of its write-ahead log, and by what SQLite says."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor

from bleepstore.errors import S3Error
from bleepstore.metadata.buckets import CreateBucket
from bleepstore.metadata.commits import Commits, DataVersion, WalIndex
from bleepstore.metadata.store import open_store
from tests.metadata.samples import bucket

_ELSEWHERE = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as other:
    other.execute(sys.argv[2])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """One that only reads."""
    opened = sqlite3.connect(path, isolation_level=None)
    opened.execute("PRAGMA journal_mode = WAL").fetchall()
    opened.execute("CREATE TABLE t (n)")
    yield opened
    opened.close()


@pytest.fixture(params=["index", "data version"])
def commits(
    request: pytest.FixtureRequest, path: Path, connection: sqlite3.Connection
) -> Iterator[Commits]:
    if request.param == "data version":
        yield DataVersion(connection)
        return
    index = WalIndex(path)
    assert index.is_known  # else this SQLite has another format, and PRAGMA data_version is asked
    yield index
    connection.close()
    index.close()


def execute_elsewhere(path: Path, sql: str) -> None:
    subprocess.run([sys.executable, "-c", _ELSEWHERE, path, sql], check=True)


def test_each_commit_of_another_process_is_another_state(path: Path, commits: Commits) -> None:
    states = [commits.state()]
    for number in range(3):
        execute_elsewhere(path, f"INSERT INTO t VALUES ({number})")
        states.append(commits.state())
    assert len(set(states)) == 4


def test_each_commit_of_another_connection_is_another_state(path: Path, commits: Commits) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    states = {commits.state()}
    for number in range(50):
        other.execute("INSERT INTO t VALUES (?)", (number,))
        states.add(commits.state())
        if number % 10 == 9:
            other.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    other.close()
    assert len(states) == 51


def test_reading_and_undone_changes_are_not(
    path: Path, commits: Commits, connection: sqlite3.Connection
) -> None:
    before = commits.state()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO t VALUES (1)")
    assert commits.state() == before
    other.execute("ROLLBACK")
    connection.execute("SELECT * FROM t").fetchall()
    other.close()
    assert commits.state() == before


def test_a_commit_that_is_not_over_is_a_state_of_its_own(
    path: Path, connection: sqlite3.Connection
) -> None:
    index = WalIndex(path)
    with path.with_name("a.db-shm").open("r+b", buffering=0) as shm:
        kept = shm.read(96)
        shm.seek(48 + 8)
        shm.write(b"\xff")  # the writer has begun with the second copy
        assert index.state() != index.state()
        shm.seek(0)
        shm.write(kept)
        assert index.state() == index.state()
    connection.close()
    index.close()


def refuse_to_map(*_: object, **__: object) -> None:
    raise ValueError("mmap length is greater than file size")


def test_an_index_that_cannot_be_mapped_tells_nothing(
    path: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmap.mmap", refuse_to_map)
    index = WalIndex(path)
    assert not index.is_known
    connection.close()
    monkeypatch.undo()
    index.close()


@pytest_twisted.ensureDeferred
async def test_without_an_index_no_answer_is_stale_either(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bleepstore.metadata.commits._map", lambda _: bytes(96))
    stores = [open_store(path, reactor) for _ in range(2)]
    for store in stores:
        await store.database.start()
    ours, other = stores
    for _ in range(3):
        await other.buckets.create(CreateBucket(bucket()))
        assert (await ours.buckets.get("photos")).name == "photos"
        await other.buckets.delete("photos")
        with pytest.raises(S3Error, match="bucket does not exist"):
            await ours.buckets.get("photos")
    for store in stores:
        await store.database.stop()
