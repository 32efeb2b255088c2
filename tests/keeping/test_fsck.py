"""What is on its way while a check looks must not be taken for a problem, at whatever instant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest
import pytest_twisted
from attrs import define
from twisted.internet import reactor

from bleepstore.ids import new_blob_id
from bleepstore.interfaces import ISink
from bleepstore.keeping.fsck import Fsck
from bleepstore.metadata.buckets import CreateBucket
from bleepstore.metadata.check import Checks
from bleepstore.metadata.objects import DeleteObject, PutObject
from bleepstore.metadata.store import Store, open_store
from bleepstore.storage.files import FileStore
from bleepstore.streams.threads import Threads
from bleepstore.values import Blob, BlobName
from tests.metadata.samples import bucket, delete, put
from tests.streams.pool import threads

__all__ = ["threads"]


@define
class Rig:
    """Metadata and files, and an object on its way in or out."""

    metadata: Store
    blobs: FileStore
    fsck: Fsck

    async def arrive(self) -> tuple[ISink, Blob]:
        sink = await self.blobs.open_sink(BlobName("photos", "a", new_blob_id()), None)
        await sink.write(b"some bytes")
        return sink, await sink.commit()

    async def store(self) -> Blob:
        sink, blob = await self.arrive()
        await self.record(put("a", blob))
        await sink.settle()
        return blob

    async def record(self, command: PutObject) -> None:
        await self.metadata.objects.put(command)

    async def remove(self, command: DeleteObject) -> None:
        """Delete the object, and its bytes at once."""
        await self.metadata.objects.delete(command)
        garbage = await self.metadata.garbage.list(command.now_ms + 1, 10)
        await self.blobs.delete(garbage)
        await self.metadata.garbage.forget(garbage)


@pytest_twisted.async_yield_fixture
async def rig(tmp_path: Path, threads: Threads) -> AsyncIterator[Rig]:
    metadata = open_store(tmp_path / "metadata.db", reactor, "relaxed")
    await metadata.database.start()
    await metadata.buckets.create(CreateBucket(bucket()))
    blobs = FileStore(tmp_path / "objects", threads, is_durable=False)
    await blobs.start()
    yield Rig(metadata, blobs, Fsck(metadata, blobs))
    await blobs.stop()
    await metadata.database.stop()


Change = Callable[[], Awaitable[object]]


def before_the_first_read(monkeypatch: pytest.MonkeyPatch, rig: Rig, change: Change) -> None:
    """Let something happen when the metadata has named a blob and its bytes are to be looked at."""
    read = rig.blobs.read
    waiting = [change]

    async def read_after_change(_: object, locator: str, offset: int, length: int) -> object:
        await waiting.pop()()
        return await read(locator, offset, length)

    monkeypatch.setattr(FileStore, "read", read_after_change)


def after_the_first_look(
    monkeypatch: pytest.MonkeyPatch, rig: Rig, change: Change
) -> list[Sequence[str]]:
    """Let something happen when the metadata has said that a file is unknown; answers all looks."""
    unknown = rig.metadata.checks.unknown
    looks: list[Sequence[str]] = []

    async def unknown_before_change(_: object, locators: Sequence[str]) -> set[str]:
        looks.append(locators)
        answer = await unknown(locators)
        if len(looks) == 1:
            await change()
        return answer

    monkeypatch.setattr(Checks, "unknown", unknown_before_change)
    return looks


@pytest_twisted.ensureDeferred
async def test_a_blob_on_its_way_in_is_no_problem(rig: Rig) -> None:
    sink, _ = await rig.arrive()
    assert (await rig.fsck.check()).problems == 0
    await sink.abort()


@pytest_twisted.ensureDeferred
async def test_a_blob_that_is_given_up_between_two_looks_is_no_problem(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, blob = await rig.arrive()
    looks = after_the_first_look(monkeypatch, rig, sink.abort)
    assert (await rig.fsck.check()).problems == 0
    assert looks == [[blob.locator], [blob.locator]]


@pytest_twisted.ensureDeferred
async def test_a_blob_that_settles_between_two_looks_is_no_problem(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, blob = await rig.arrive()

    async def settle() -> None:
        await rig.record(put("a", blob))
        await sink.settle()
        await rig.blobs._removal.finish()

    looks = after_the_first_look(monkeypatch, rig, settle)
    assert (await rig.fsck.check()).problems == 0
    assert looks == [[blob.locator], [blob.locator]]


@pytest_twisted.ensureDeferred
async def test_an_object_that_is_deleted_meanwhile_lacks_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.store()
    before_the_first_read(monkeypatch, rig, lambda: rig.remove(delete("a")))
    findings = await rig.fsck.check()
    assert findings.totals is not None
    assert findings.totals.stored_blobs == 1
    assert findings.problems == 0


@pytest_twisted.ensureDeferred
async def test_a_file_that_nobody_will_ever_refer_to_is_unknown(rig: Rig) -> None:
    await rig.store()
    sink, blob = await rig.arrive()
    await sink.settle()
    await rig.blobs._removal.finish()
    findings = await rig.fsck.check()
    assert findings.unknown == (blob.locator,)
    await rig.fsck.repair(findings)
    assert (await rig.fsck.check()).unknown == (blob.locator,)
    await rig.fsck.repair(findings, deletes_unreferenced=True)
    assert (await rig.fsck.check()).problems == 0
