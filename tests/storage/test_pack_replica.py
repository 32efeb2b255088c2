from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_twisted

from bleepstore.storage.locators import place_in_pack
from bleepstore.storage.pack_format import HEADER_BYTES
from bleepstore.storage.packs import PackStore
from bleepstore.storage.replica import Replica
from bleepstore.storage.taken import Taken
from bleepstore.streams.threads import Threads
from bleepstore.values import Blob
from tests.storage.on_disk import blobs_on_disk
from tests.storage.test_packs import content, get, pack_paths, put

SIZE = 100_000


@pytest_twisted.async_yield_fixture
async def store(tmp_path: Path, threads: Threads) -> AsyncIterator[PackStore]:
    store = PackStore(tmp_path / "store", threads, is_durable=False)
    await store.start()
    yield store
    await store.stop()


class Rig:
    """A store's folder, one for a replica of it, and what is known of what was brought."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "store"
        self.target = folder / "replica"
        self.bytes_brought = 0

    def replica(self) -> Replica:
        return Replica(self.source, self.target, self._advance, is_linking=True)

    def take(self, *blobs: Blob) -> list[Taken]:
        replica = self.replica()
        taken = [replica.take(blob.locator, blob.size_bytes) for blob in blobs]
        replica.make_durable()
        return taken

    def _advance(self, size_bytes: int) -> None:
        self.bytes_brought += size_bytes


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def put_all(store: PackStore, count: int) -> list[Blob]:
    return [await put(store, content(number)) for number in range(count)]


@pytest_twisted.ensureDeferred
async def test_a_replica_is_a_store(store: PackStore, rig: Rig, threads: Threads) -> None:
    blobs = await put_all(store, 5)
    assert rig.take(*blobs[:3]) == [Taken.COPIED] * 3
    assert rig.bytes_brought == 3 * SIZE
    assert rig.take(*blobs) == [Taken.THERE] * 3 + [Taken.COPIED] * 2
    other = PackStore(rig.target, threads, is_durable=False)
    await other.start()
    assert [await get(other, blob) for blob in blobs] == [content(each) for each in range(5)]
    assert await other.delete([blobs[0].locator]) == []
    await other.stop()
    assert await get(store, blobs[0]) == content(0)


@pytest_twisted.ensureDeferred
async def test_what_the_store_lacks_is_missing(store: PackStore, rig: Rig) -> None:
    blobs = await put_all(store, 3)
    await store.delete([blobs[1].locator])
    other = Blob("p:" + "0" * 32 + ":0", 5)
    assert rig.take(*blobs, other) == [Taken.COPIED, Taken.MISSING, Taken.COPIED, Taken.MISSING]
    assert blobs_on_disk(rig.target) == [blobs[0].locator, blobs[2].locator]


@pytest_twisted.ensureDeferred
async def test_a_header_comes_when_the_bytes_are_durable(
    store: PackStore, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = await put_all(store, 2)
    headers: list[list[str]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        headers.append(blobs_on_disk(rig.target))

    monkeypatch.setattr(os, "fsync", noted)
    rig.take(*blobs)
    (path,) = pack_paths(rig.target)
    locators = [blob.locator for blob in blobs]
    assert headers[-3:] == [[path.name], locators, locators]


@pytest_twisted.ensureDeferred
async def test_what_an_interrupted_backup_left_is_brought_again_or_goes(
    store: PackStore, rig: Rig
) -> None:
    blobs = await put_all(store, 3)
    replica = rig.replica()
    for blob in blobs:
        replica.take(blob.locator, blob.size_bytes)
    del replica  # killed: nothing has a header
    (path,) = pack_paths(rig.target)
    assert blobs_on_disk(rig.target) == [path.name]
    assert rig.take(blobs[1]) == [Taken.COPIED]
    kept = {blobs[1].locator}
    assert rig.replica().prune(lambda locators: kept & set(locators)) == 0
    assert blobs_on_disk(rig.target) == [blobs[1].locator]
    kept.clear()
    assert rig.replica().prune(lambda locators: kept & set(locators)) == 1
    assert pack_paths(rig.target) == []


@pytest_twisted.ensureDeferred
async def test_what_nobody_refers_to_is_pruned(store: PackStore, rig: Rig) -> None:
    blobs = await put_all(store, 4)
    rig.take(*blobs)
    (path,) = pack_paths(rig.target)
    before = path.stat().st_blocks
    kept = {blobs[0].locator, blobs[3].locator}
    assert rig.replica().prune(kept.intersection) == 2
    assert blobs_on_disk(rig.target) == [blobs[0].locator, blobs[3].locator]
    assert path.stat().st_blocks * 512 <= before * 512 - 2 * SIZE
    assert len(blobs_on_disk(rig.source)) == 4


@pytest_twisted.ensureDeferred
async def test_what_both_have_and_nobody_knows_is_forsaken(store: PackStore, rig: Rig) -> None:
    blobs = await put_all(store, 4)
    rig.take(*blobs)
    await store.delete([blobs[0].locator])

    def unknown(locators: Sequence[str]) -> set[str]:
        return {blobs[0].locator, blobs[1].locator} & set(locators)

    assert rig.replica().count_forsaken(unknown) == 1


@pytest_twisted.ensureDeferred
async def test_work_that_ends_early_lets_go(store: PackStore, rig: Rig) -> None:
    (blob,) = await put_all(store, 1)

    def interrupt(size_bytes: int) -> None:
        raise KeyboardInterrupt

    replica = Replica(rig.source, rig.target, interrupt, is_linking=False)
    with pytest.raises(KeyboardInterrupt):
        replica.take(blob.locator, blob.size_bytes)
    place = place_in_pack(blob.locator)
    assert place is not None
    header = (rig.target / "packs" / place.pack_id).read_bytes()[:HEADER_BYTES]
    assert header == bytes(HEADER_BYTES)
