"""The contract of ``IBlobStore``, for every backend."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from zope.interface.verify import verifyObject

from bleepstore.errors import BlobMissing, StorageFull
from bleepstore.ids import is_blob_id
from bleepstore.interfaces import IArrivals, IBlobStore, ISink
from bleepstore.streams.threads import Threads
from tests.contract.backends import BACKENDS, Backend
from tests.streams.gathering import Gathering

INLINE_MAX = 64 * 1024
SIZES = [0, 1, INLINE_MAX, INLINE_MAX + 1, 3 * 1024 * 1024 + 1]
LARGE = SIZES[-1]


def content(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + bytes(range(size % 251))


@pytest_twisted.async_yield_fixture(params=BACKENDS)
async def backend(
    request: pytest.FixtureRequest, tmp_path: Path, threads: Threads
) -> AsyncIterator[Backend]:
    backend: Backend = request.param(tmp_path / "objects", threads)
    await backend.start()
    yield backend
    await backend.stop()


async def nothing_remains(backend: Backend) -> None:
    """What settling leaves to be done in the background is done after a while."""
    for _ in range(500):
        if not await backend.remains():
            return
        await deferLater(reactor, 0.01)
    assert await backend.remains() == []


async def locators(backend: Backend) -> set[str]:
    return {locator async for locator in backend.store.list_locators()}


@pytest_twisted.ensureDeferred
async def test_it_provides_what_it_says(backend: Backend) -> None:
    assert verifyObject(IBlobStore, backend.store)
    for size in (1, LARGE):
        sink = await backend.open_sink(size)
        assert verifyObject(ISink, sink)
        await sink.abort()


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize("size", SIZES)
@pytest_twisted.ensureDeferred
async def test_what_is_written_is_read(backend: Backend, size: int, is_declared: bool) -> None:
    data = content(size)
    blob = await backend.put(data, size if is_declared else None)
    assert blob.size_bytes == size
    assert await backend.store.exists(blob.locator)
    if size:
        assert await backend.get(blob.locator, 0, size) == data


@pytest_twisted.ensureDeferred
async def test_blocks_are_appended(backend: Backend) -> None:
    data = content(LARGE)
    sink = await backend.open_sink()
    for start in range(0, LARGE, 50_000):
        await sink.write(data[start : start + 50_000])
    blob = await sink.commit()
    await sink.settle()
    assert blob.size_bytes == LARGE
    assert await backend.get(blob.locator, 0, LARGE) == data


@pytest.mark.parametrize("size", [INLINE_MAX, LARGE])
@pytest_twisted.ensureDeferred
async def test_any_range_is_read(backend: Backend, size: int) -> None:
    data = content(size)
    blob = await backend.put(data)
    for offset, length in [(0, 1), (size - 1, 1), (1, size - 1), (size // 2, 7), (0, size)]:
        assert await backend.get(blob.locator, offset, length) == data[offset : offset + length]


@pytest.mark.parametrize("size", [1, LARGE])
@pytest_twisted.ensureDeferred
async def test_more_than_there_is_cannot_be_read(backend: Backend, size: int) -> None:
    blob = await backend.put(content(size))
    with pytest.raises(BlobMissing):
        await backend.store.read(blob.locator, 0, size + 1)


@pytest.mark.parametrize("size", [1, LARGE])
@pytest_twisted.ensureDeferred
async def test_reading_goes_on_when_the_blob_is_deleted(backend: Backend, size: int) -> None:
    data = content(size)
    blob = await backend.put(data)
    producer = await backend.store.read(blob.locator, 0, size)
    await backend.delete(blob.locator)
    consumer = Gathering()
    await producer.startProducing(consumer)
    assert consumer.data == data


@pytest.mark.parametrize("size", [1, LARGE])
@pytest_twisted.ensureDeferred
async def test_what_stays_for_its_reader_goes_when_that_is_done(
    backend: Backend, size: int
) -> None:
    data = content(size)
    blob = await backend.put(data)
    producer = await backend.store.read(blob.locator, 0, size)
    del backend.blobs[blob.locator]
    staying = await backend.store.delete([blob.locator])
    assert list(staying) in ([], [blob.locator])
    assert bool(staying) <= await backend.store.exists(blob.locator)
    consumer = Gathering()
    await producer.startProducing(consumer)
    assert consumer.data == data
    assert list(await backend.store.delete(staying)) == []
    await nothing_remains(backend)


@pytest.mark.parametrize("size", [1, LARGE])
@pytest_twisted.ensureDeferred
async def test_a_deleted_blob_is_gone(backend: Backend, size: int) -> None:
    blob = await backend.put(content(size))
    for _ in range(2):
        await backend.store.delete([blob.locator])
        backend.blobs.pop(blob.locator, None)
    assert not await backend.store.exists(blob.locator)
    await nothing_remains(backend)
    with pytest.raises(BlobMissing) as caught:
        await backend.store.read(blob.locator, 0, 1)
    assert caught.value.locator == blob.locator


@pytest.mark.parametrize(
    "locator", ["", "f:", "i:", "f:../../../etc/passwd", "f:" + "0" * 31 + "/", "x:" + "0" * 32]
)
@pytest_twisted.ensureDeferred
async def test_a_locator_that_was_never_given_names_nothing(backend: Backend, locator: str) -> None:
    assert not await backend.store.exists(locator)
    await backend.store.delete([locator])
    with pytest.raises(BlobMissing):
        await backend.store.read(locator, 0, 1)


@pytest_twisted.ensureDeferred
async def test_blobs_are_listed(backend: Backend) -> None:
    blobs = [await backend.put(content(LARGE)) for _ in range(5)]
    await backend.delete(blobs.pop().locator)
    assert await locators(backend) == {blob.locator for blob in blobs}


@pytest_twisted.ensureDeferred
async def test_many_sinks_at_once_keep_their_bytes_apart(backend: Backend) -> None:
    async def put(number: int) -> tuple[bytes, str]:
        data = bytes([number]) * (number * 9_000 + 1)
        return data, (await backend.put(data)).locator

    stored = await gatherResults([Deferred.fromCoroutine(put(number)) for number in range(30)])
    for data, locator in stored:
        assert await backend.get(locator, 0, len(data)) == data


async def opened(backend: Backend, size: int) -> ISink:
    return await backend.open_sink(size)


async def written(backend: Backend, size: int) -> ISink:
    sink = await opened(backend, size)
    await sink.write(content(size))
    return sink


async def spilled(backend: Backend, size: int) -> ISink:
    sink = await backend.open_sink()
    await sink.write(content(size))
    await sink.write(content(size))
    return sink


async def committed(backend: Backend, size: int) -> ISink:
    sink = await written(backend, size)
    await sink.commit()
    return sink


STAGES = [opened, written, spilled, committed]


@pytest.mark.parametrize("size", [1, INLINE_MAX, LARGE])
@pytest.mark.parametrize("stage", STAGES)
@pytest_twisted.ensureDeferred
async def test_abort_leaves_nothing(backend: Backend, stage: Any, size: int) -> None:
    sink = await stage(backend, size)
    await sink.abort()
    await sink.abort()
    assert await backend.remains() == []


@pytest.mark.parametrize("size", [1, LARGE])
@pytest_twisted.ensureDeferred
async def test_abort_after_settle_has_no_effect(backend: Backend, size: int) -> None:
    sink = await written(backend, size)
    blob = await sink.commit()
    backend.blobs[blob.locator] = blob
    await sink.settle()
    await sink.abort()
    assert await backend.get(blob.locator, 0, size) == content(size)


@pytest.mark.parametrize("size", [1, INLINE_MAX, LARGE])
@pytest.mark.parametrize("stage", STAGES)
@pytest_twisted.ensureDeferred
async def test_recovery_removes_what_nothing_refers_to(
    backend: Backend, stage: Any, size: int
) -> None:
    kept = await backend.put(content(LARGE))
    await stage(backend, size)
    await backend.crash()
    await backend.recover()
    assert await locators(backend) == {kept.locator}
    assert len(await backend.remains()) == 1
    assert await backend.recover() == 0


@pytest.mark.parametrize("size", [1, LARGE])
@pytest.mark.parametrize("is_settled", [True, False])
@pytest_twisted.ensureDeferred
async def test_recovery_keeps_what_the_metadata_refers_to(
    backend: Backend, is_settled: bool, size: int
) -> None:
    sink = await written(backend, size)
    blob = await sink.commit()
    backend.blobs[blob.locator] = blob
    if is_settled:
        await sink.settle()
    await backend.crash()
    assert await backend.recover() == 0
    assert await backend.get(blob.locator, 0, size) == content(size)
    assert len(await backend.remains()) <= 1


@pytest_twisted.ensureDeferred
async def test_recovery_leaves_a_living_process_alone(backend: Backend) -> None:
    if not backend.has_other_processes:
        pytest.skip("this backend is for one process")
    sink = await written(backend, LARGE)
    other = backend.open()
    await other.start()
    assert await other.recover(backend._referenced) == 0
    await other.stop()
    blob = await sink.commit()
    assert await backend.get(blob.locator, 0, LARGE) == content(LARGE)
    await sink.abort()


@pytest_twisted.ensureDeferred
async def test_what_cannot_fit_is_refused_at_once(backend: Backend) -> None:
    with pytest.raises(StorageFull):
        await backend.open_sink(2**62)
    assert await backend.remains() == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["open", "fsync", "link"])
@pytest_twisted.ensureDeferred
async def test_a_full_disk_is_reported_and_leaves_nothing(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    if call == "fsync" and backend.lacks_syncs():
        pytest.skip("this backend does not sync")

    async def fill() -> None:
        sink = await backend.open_sink(LARGE)
        try:
            await sink.write(content(LARGE))
            await sink.commit()
        finally:
            await sink.abort()

    with monkeypatch.context() as patched:
        backend.fill_disk(patched, call, code)
        with pytest.raises(StorageFull):
            await fill()
    assert await backend.remains() == []


@pytest_twisted.ensureDeferred
async def test_a_stopped_store_leaves_no_trace_of_its_process(backend: Backend) -> None:
    blob = await backend.put(content(LARGE))
    await backend.store.stop()
    assert [
        path for path in backend.root.glob("*/*") if path.is_dir() and is_blob_id(path.name)
    ] == []
    await backend.store.start()
    assert await backend.get(blob.locator, 0, LARGE) == content(LARGE)


@pytest_twisted.ensureDeferred
async def test_what_is_on_its_way_is_known_until_it_is_settled(backend: Backend) -> None:
    assert verifyObject(IArrivals, backend.store)
    sink = await backend.open_sink(LARGE)
    await sink.write(content(LARGE))
    blob = await sink.commit()
    assert await IArrivals(backend.store).list_arrivals() == {blob.locator: True}
    backend.blobs[blob.locator] = blob
    await sink.settle()
    await backend.store.stop()
    assert await IArrivals(backend.store).list_arrivals() == {}
    await backend.store.start()


@pytest_twisted.ensureDeferred
async def test_what_a_crash_left_on_its_way_is_known_as_such(backend: Backend) -> None:
    sink = await backend.open_sink(LARGE)
    await sink.write(content(LARGE))
    blob = await sink.commit()
    await backend.crash()
    assert await IArrivals(backend.store).list_arrivals() == {blob.locator: False}
    await backend.recover()
    assert await IArrivals(backend.store).list_arrivals() == {}
