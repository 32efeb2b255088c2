from __future__ import annotations

import os
import resource
import signal
import stat
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred

from bleepstore.errors import BlobMissing, StorageFull
from bleepstore.ids import new_blob_id
from bleepstore.storage.files import FileStore
from bleepstore.streams.threads import Threads
from bleepstore.values import Blob, BlobName
from tests.contract.backends import forget_lock

_MIB = 1024 * 1024


@pytest_twisted.async_yield_fixture
async def store(tmp_path: Path, threads: Threads) -> AsyncIterator[FileStore]:
    store = FileStore(tmp_path / "objects", threads, is_durable=True)
    await store.start()
    yield store
    await store.stop()


def a_name() -> BlobName:
    return BlobName("bucket", "key", new_blob_id())


async def put(store: FileStore, *blocks: bytes) -> Blob:
    sink = await store.open_sink(a_name(), None)
    for block in blocks:
        await sink.write(block)
    return await sink.commit()


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.name != "lock"]


@pytest_twisted.ensureDeferred
async def test_a_blob_has_two_names_until_it_is_settled(store: FileStore, tmp_path: Path) -> None:
    name = a_name()
    sink = await store.open_sink(name, 3)
    await sink.write(b"abc")
    incoming, *others = files(tmp_path)
    assert (incoming.name, others) == (name.blob_id, [])
    await sink.commit()
    folder = tmp_path / "objects" / "blobs" / name.blob_id[-4:-2] / name.blob_id[-2:]
    assert set(files(tmp_path)) == {incoming, folder / name.blob_id}
    await sink.settle()
    await store.stop()
    assert files(tmp_path) == [folder / name.blob_id]


@pytest_twisted.ensureDeferred
async def test_nobody_else_may_read_or_list(store: FileStore, tmp_path: Path) -> None:
    await put(store, b"abc")
    for path in (tmp_path / "objects").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest_twisted.ensureDeferred
async def test_a_limit_on_the_size_of_files_is_a_full_disk(
    store: FileStore, tmp_path: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    sink = await store.open_sink(a_name(), None)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StorageFull):
            await sink.write(bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    await sink.abort()
    assert files(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_a_blob_that_has_lost_bytes_is_missing(
    store: FileStore, tmp_path: Path, flush_logged_errors: object
) -> None:
    blob = await put(store, b"abc")
    path = files(tmp_path / "objects" / "blobs")[0]
    os.truncate(path, 2)
    with pytest.raises(BlobMissing):
        await store.read(blob.locator, 0, 3)


@pytest.mark.parametrize("blob_id", ["", "../x", "0" * 31 + "/"])
@pytest_twisted.ensureDeferred
async def test_a_blob_id_is_never_a_path(store: FileStore, blob_id: str) -> None:
    with pytest.raises(ValueError, match="not a blob id"):
        await store.open_sink(BlobName("bucket", "key", blob_id), None)


@pytest_twisted.ensureDeferred
async def test_a_cancelled_opening_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    opening = Deferred.fromCoroutine(store.open_sink(a_name(), None))
    opening.cancel()
    with pytest.raises(CancelledError):
        await opening
    assert files(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_a_cancelled_commit_can_be_aborted(store: FileStore, tmp_path: Path) -> None:
    sink = await store.open_sink(a_name(), None)
    await sink.write(b"abc")
    committing = sink.commit()
    committing.cancel()
    with pytest.raises(CancelledError):
        await committing
    await sink.abort()
    assert files(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_what_syncs_is_told_by_durability(
    threads: Threads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.add(os.fstat(descriptor).st_ino))
    for is_durable in (False, True):
        root = tmp_path / str(is_durable)
        store = FileStore(root, threads, is_durable=is_durable)
        await store.start()
        await put(store, b"abc")
        (file,) = files(root / "blobs")
        path_to_it = {path.stat().st_ino for path in (file, *file.parents[:3])}
        assert path_to_it <= synced if is_durable else not synced
        await store.stop()


@pytest_twisted.ensureDeferred
async def test_the_disk_begins_with_a_large_blob_before_it_is_complete(
    threads: Threads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "bleepstore.storage.write_out._sync_file_range",
        lambda _file, start, length, _flags: begun.append((start.value, length.value)),
    )
    for is_durable in (False, True):
        store = FileStore(tmp_path / str(is_durable), threads, is_durable=is_durable)
        await store.start()
        blob = await put(store, *[bytes(3 * _MIB)] * 8)
        assert blob.size_bytes == 24 * _MIB
        await store.stop()
    assert begun == [(0, 9 * _MIB), (9 * _MIB, 9 * _MIB)]


@pytest_twisted.ensureDeferred
async def test_an_upload_that_breaks_off_keeps_no_memory(threads: Threads, tmp_path: Path) -> None:
    store = FileStore(tmp_path, threads, is_durable=True)
    await store.start()
    mapped = _mapped_pages()
    sinks = []
    for _ in range(20):
        sink = await store.open_sink(a_name(), 9 * _MIB)
        await sink.write(bytes(_MIB))
        await sink.abort()
        sinks.append(sink)  # as a failure may for a while
    assert _mapped_pages() <= mapped
    await store.stop()


def _mapped_pages() -> int:
    """Stretches of memory of one's own that are no heap: see proc(5)."""
    return Path("/proc/self/maps").read_text().count("/dev/zero")


@pytest_twisted.ensureDeferred
async def test_a_folder_that_cannot_be_made_is_named(threads: Threads, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = FileStore(tmp_path / "file" / "objects", threads, is_durable=True)
    with pytest.raises(OSError, match=str(tmp_path / "file")):
        await store.start()


@pytest_twisted.ensureDeferred
async def test_a_start_asks_only_for_what_was_in_flight(threads: Threads, tmp_path: Path) -> None:
    store = FileStore(tmp_path, threads, is_durable=True)
    await store.start()
    for _ in range(20):
        sink = await store.open_sink(a_name(), None)
        await sink.commit()
        await sink.settle()
    left = await put(store, b"abc")
    forget_lock(store)
    asked: list[str] = []

    async def is_referenced(locators: Sequence[str]) -> set[str]:
        asked.extend(locators)
        return set()

    fresh = FileStore(tmp_path, threads, is_durable=True)
    await fresh.start()
    assert await fresh.recover(is_referenced) == 1
    assert asked == [left.locator]
    await fresh.stop()
