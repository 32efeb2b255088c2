"""One database file, several processes: sharing it, starting at once, and being killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from bleepstore.metadata.buckets import CreateBucket
from bleepstore.metadata.objects import ListObjects
from bleepstore.metadata.store import Store, open_store
from tests.metadata.samples import bucket, inline_blob, put


def start(module: str, *arguments: object) -> subprocess.Popen[str]:
    """A module of these tests as a process whose output can be read."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.metadata.{module}", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def start_writer(path: Path, prefix: str, how_many: int, at_once: int = 4) -> subprocess.Popen[str]:
    return start("writer_process", path, prefix, how_many, at_once)


async def prepare(path: Path) -> None:
    store = open_store(path, reactor)
    await store.database.start()
    await store.buckets.create(CreateBucket(bucket()))
    await store.database.stop()


async def contents(store: Store, prefix: str) -> set[str]:
    """The keys under a prefix, each checked to have its own bytes."""
    keys = set()
    after, more = "", True
    while more:
        _, page = await store.objects.list_objects("photos", ListObjects(prefix, after=after))
        for each in page.objects:
            _, version = await store.objects.get("photos", each.key, with_content=True)
            assert version.content == each.key.encode()
            keys.add(each.key)
        after, more = page.last, page.is_truncated
    return keys


@pytest_twisted.ensureDeferred
async def test_writers_in_several_processes_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    await prepare(path)
    writers = {prefix: start_writer(path, prefix, 500) for prefix in "ab"}
    written = {prefix: writer.communicate()[0].split() for prefix, writer in writers.items()}
    assert all(writer.returncode == 0 for writer in writers.values())
    store = open_store(path, reactor)
    await store.database.start()
    for prefix, keys in written.items():
        assert len(keys) == 500
        assert await contents(store, prefix) == set(keys)
    await store.database.stop()


def test_processes_that_start_at_once_do_not_collide(tmp_path: Path) -> None:
    writers = [start_writer(tmp_path / "new" / "metadata.db", "a", 0, 1) for _ in range(3)]
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0, 0]


@pytest_twisted.ensureDeferred
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    await prepare(path)
    for round_number in range(3):
        prefix = f"round {round_number} "
        writer = start_writer(path, prefix, 1_000_000)
        assert writer.stdout is not None
        acknowledged = {writer.stdout.readline().rstrip("\n") for _ in range(40)}
        writer.kill()
        rest = writer.communicate()[0]
        acknowledged |= set(rest.split("\n")[:-1])  # the last line may be cut short
        store = open_store(path, reactor)
        await store.database.start()
        found = await contents(store, prefix)
        await store.database.stop()
        assert acknowledged <= found


@pytest_twisted.ensureDeferred
async def test_a_kill_in_the_middle_of_a_write_gives_the_turn_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    await prepare(path)
    holder = start("turn_holder", path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "writing\n"
    store = open_store(path, reactor)
    starting = store.database.start()  # for which it needs a turn, too
    await deferLater(reactor, 0.1)
    assert not starting.called
    holder.kill()
    holder.communicate()
    await starting
    await store.objects.put(put("k", inline_blob(b"k")))  # into the bucket that is still there
    assert await contents(store, "") == {"k"}
    await store.database.stop()
