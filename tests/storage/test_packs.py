from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred, gatherResults

from bleepstore.errors import BlobMissing, StorageBroken, StorageFull
from bleepstore.ids import new_blob_id
from bleepstore.storage import pack_folder, packs
from bleepstore.storage.locators import pack_locator, place_in_pack
from bleepstore.storage.pack_format import BLOCK_BYTES, HEADER_BYTES, find_stretch
from bleepstore.storage.packs import PackStore
from bleepstore.streams.threads import Threads
from bleepstore.values import Blob, BlobName
from tests.contract.backends import forget_packs
from tests.streams.gathering import Gathering

SIZE = 100_000
ROOM = -(-(SIZE + HEADER_BYTES) // BLOCK_BYTES) * BLOCK_BYTES

Open = Callable[..., Awaitable[PackStore]]


@pytest_twisted.async_yield_fixture
async def opened(tmp_path: Path, threads: Threads) -> AsyncIterator[Open]:
    """Opens stores on one folder; each is a process as far as they know."""
    stores = []

    async def open_store(*, is_durable: bool = True, **options: Any) -> PackStore:
        store = PackStore(tmp_path, threads, is_durable=is_durable, **options)
        await store.start()
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        await store.stop()


@pytest_twisted.async_fixture
async def store(opened: Open) -> PackStore:
    return await opened()


def a_name() -> BlobName:
    return BlobName("bucket", "key", new_blob_id())


def content(number: int, size: int = SIZE) -> bytes:
    return bytes([number % 255 + 1]) * size


async def arrive(store: PackStore, data: bytes) -> tuple[Any, Blob]:
    sink = await store.open_sink(a_name(), len(data))
    await sink.write(data)
    return sink, await sink.commit()


async def put(store: PackStore, data: bytes) -> Blob:
    sink, blob = await arrive(store, data)
    await sink.settle()
    return blob


async def get(store: PackStore, blob: Blob) -> bytes:
    consumer = Gathering()
    producer = await store.read(blob.locator, 0, blob.size_bytes)
    await producer.startProducing(consumer)
    return consumer.data


async def locators(store: PackStore) -> list[str]:
    return [each async for each in store.list_locators()]


def path_of(root: Path, blob: Blob) -> Path:
    place = place_in_pack(blob.locator)
    assert place is not None
    return root / "packs" / place.pack_id


def pack_paths(root: Path) -> list[Path]:
    return sorted((root / "packs").iterdir())


def incoming_names(root: Path) -> list[str]:
    return [path.name for path in root.glob("arriving-packs/*/*") if path.name != "lock"]


def everything_in(root: Path) -> list[Path]:
    return list(root.rglob("*"))


def tear_notes(root: Path) -> None:
    """Zeros in the place of the last ones: the file had grown, its bytes had not come."""
    (notes,) = root.glob("arriving-packs/*/*.settled")
    notes.write_bytes(notes.read_bytes()[:-9] + bytes(9))


def forget_pages(path: Path) -> None:
    """Let the kernel read from the disk what it is asked for next."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def tells_what_is_in_memory(path: Path) -> bool:
    with path.open("rb") as file:
        return packs._header_in_memory(file.fileno(), 0) is not None


def allocated_bytes(path: Path) -> int:
    return path.stat().st_blocks * 512


async def none(locators: Sequence[str]) -> set[str]:
    return set()


async def all_of_them(locators: Sequence[str]) -> set[str]:
    return set(locators)


# --- where bytes are


@pytest_twisted.ensureDeferred
async def test_blobs_are_one_behind_the_other_in_a_pack(store: PackStore, tmp_path: Path) -> None:
    blobs = [await put(store, content(number)) for number in range(3)]
    (path,) = pack_paths(tmp_path)
    blocks = ROOM // BLOCK_BYTES
    expected = [pack_locator(path.name, number * blocks) for number in range(3)]
    assert [blob.locator for blob in blobs] == expected == await locators(store)
    assert path.stat().st_size == 2 * ROOM + HEADER_BYTES + SIZE
    assert [await get(store, blob) for blob in blobs] == [content(each) for each in range(3)]


@pytest_twisted.ensureDeferred
async def test_nobody_else_may_read_or_list(store: PackStore, tmp_path: Path) -> None:
    await put(store, b"abc")
    await store._tidying.finish()
    for path in everything_in(tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest_twisted.ensureDeferred
async def test_a_full_pack_is_followed_by_the_next(opened: Open, tmp_path: Path) -> None:
    store = await opened(pack_bytes=2 * ROOM)
    blobs = [await put(store, content(number)) for number in range(5)]
    await store._tidying.finish()
    names = [path.name for path in pack_paths(tmp_path)]
    assert len(names) == 3
    assert sorted(incoming_names(tmp_path)) == [names[2], f"{names[2]}.settled"]
    assert [await get(store, blob) for blob in blobs] == [content(each) for each in range(5)]


@pytest_twisted.ensureDeferred
async def test_a_full_pack_keeps_its_name_until_the_last_blob_is_settled(
    opened: Open, tmp_path: Path
) -> None:
    store = await opened(pack_bytes=1)
    sink, _ = await arrive(store, content(1))
    await put(store, content(2))
    await store._tidying.finish()
    first, _ = pack_paths(tmp_path)
    assert first.name in incoming_names(tmp_path)
    await sink.settle()
    await store._tidying.finish()
    assert first.name not in incoming_names(tmp_path)
    assert first.stat().st_nlink == 1


@pytest_twisted.ensureDeferred
async def test_processes_have_packs_of_their_own(opened: Open, tmp_path: Path) -> None:
    one, other = await opened(), await opened()
    blobs = [await put(store, content(each)) for each, store in enumerate([one, other, one])]
    assert len(pack_paths(tmp_path)) == 2
    for store in (one, other):
        assert [await get(store, blob) for blob in blobs] == [content(each) for each in range(3)]


@pytest_twisted.ensureDeferred
async def test_many_that_come_at_once_share_a_pack(store: PackStore, tmp_path: Path) -> None:
    putting = [Deferred.fromCoroutine(put(store, content(each))) for each in range(40)]
    blobs = await gatherResults(putting)
    assert len(pack_paths(tmp_path)) == 1
    assert [await get(store, blob) for blob in blobs] == [content(each) for each in range(40)]


@pytest_twisted.ensureDeferred
async def test_a_pack_that_others_have_filled_is_not_begun_with(
    opened: Open, tmp_path: Path
) -> None:
    store = await opened(pack_bytes=1)

    async def come(number: int) -> Blob | None:
        if number % 3:
            return await put(store, content(number))
        sink = await store.open_sink(a_name(), SIZE)
        await sink.abort()
        return None

    coming = [Deferred.fromCoroutine(come(number)) for number in range(30)]
    for number, blob in enumerate(await gatherResults(coming)):
        assert blob is None or await get(store, blob) == content(number)
    await store.stop()
    assert (len(pack_paths(tmp_path)), incoming_names(tmp_path)) == (20, [])
    await store.start()


@pytest_twisted.ensureDeferred
async def test_a_size_has_to_be_known(store: PackStore) -> None:
    with pytest.raises(ValueError, match="has a size"):
        await store.open_sink(a_name(), None)


@pytest_twisted.ensureDeferred
async def test_less_than_was_announced_is_what_there_is(store: PackStore) -> None:
    for size in (0, 7):
        sink = await store.open_sink(a_name(), SIZE)
        if size:
            await sink.write(content(1, size))
        blob = await sink.commit()
        await sink.settle()
        assert blob.size_bytes == size
        assert await store.exists(blob.locator)
        if size:
            assert await get(store, blob) == content(1, size)
        with pytest.raises(BlobMissing):
            await store.read(blob.locator, 0, size + 1)


@pytest_twisted.ensureDeferred
async def test_more_than_was_announced_is_refused(store: PackStore) -> None:
    sink = await store.open_sink(a_name(), 10)
    await sink.write(b"12345678")
    with pytest.raises(ValueError, match="more than the 10 bytes"):
        await sink.write(b"abc")
    await sink.abort()
    assert await locators(store) == []


@pytest_twisted.ensureDeferred
async def test_short_writes_are_gone_on_with(
    store: PackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(descriptor: int, pieces: Sequence[bytes], position: int) -> int:
        return os.pwrite(descriptor, b"".join(pieces)[:1000], position)

    monkeypatch.setattr(os, "pwritev", some)
    assert await get(store, await put(store, content(1))) == content(1)


# --- what is durable


@pytest.mark.parametrize("pieces", [1023, 1024, 1025, 5000])
@pytest_twisted.ensureDeferred
async def test_a_client_may_send_byte_by_byte(
    store: PackStore, threads: Threads, pieces: int
) -> None:
    data = os.urandom(pieces * 20)
    sink = await store.open_sink(a_name(), len(data))
    stretches = [memoryview(data)[start : start + 20] for start in range(0, len(data), 20)]
    await threads.run(sink.write_pieces, stretches)
    blob = await sink.commit()
    await sink.settle()
    assert await get(store, blob) == data


@pytest_twisted.ensureDeferred
async def test_what_syncs_is_told_by_durability(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    for call in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, call, lambda each: synced.append(os.fstat(each).st_ino))
    store = await opened(is_durable=False)
    await store.delete([(await put(store, content(1))).locator])
    assert synced == []
    store = await opened()
    await put(store, content(1))
    path = pack_paths(tmp_path)[-1]
    assert synced[:2] == [path.stat().st_ino, path.parent.stat().st_ino]
    synced.clear()
    blob = await put(store, content(2))
    assert synced == [path.stat().st_ino]
    synced.clear()
    await store.delete([blob.locator])
    assert synced == [path.stat().st_ino]


@pytest_twisted.ensureDeferred
async def test_a_pack_of_which_a_sync_failed_takes_and_commits_nothing_more(
    store: PackStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    kept = await put(store, content(1))
    hurt, late = [await store.open_sink(a_name(), SIZE) for _ in range(2)]
    await hurt.write(content(2))
    await late.write(content(3))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", fail)
        with pytest.raises(StorageBroken):
            await hurt.commit()
    with pytest.raises(StorageBroken):
        await late.commit()  # what the kernel has dropped may be its bytes
    for sink in (hurt, late):
        await sink.abort()
    blob = await put(store, content(4))
    assert path_of(tmp_path, blob) != path_of(tmp_path, kept)
    assert [await get(store, each) for each in (kept, blob)] == [content(1), content(4)]


@pytest_twisted.ensureDeferred
async def test_a_cancelled_commit_can_be_aborted_and_spoils_nothing(
    store: PackStore, tmp_path: Path
) -> None:
    sink = await store.open_sink(a_name(), SIZE)
    await sink.write(content(1))
    committing = Deferred.fromCoroutine(sink.commit())
    committing.cancel()
    with pytest.raises(CancelledError):
        await committing
    await sink.abort()
    assert await locators(store) == []
    await put(store, content(2))
    assert len(pack_paths(tmp_path)) == 1


@pytest_twisted.ensureDeferred
async def test_a_cancelled_opening_leaves_a_pack_for_the_next(
    store: PackStore, tmp_path: Path
) -> None:
    opening = Deferred.fromCoroutine(store.open_sink(a_name(), SIZE))
    waiting = Deferred.fromCoroutine(store.open_sink(a_name(), SIZE))
    opening.cancel()
    with pytest.raises(CancelledError):
        await opening
    await (await waiting).abort()
    await put(store, content(1))
    assert len(pack_paths(tmp_path)) == 1
    await store.stop()
    assert incoming_names(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_a_full_disk_hits_one_blob(store: PackStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = await put(store, content(1))
    sink = await store.open_sink(a_name(), SIZE)
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwritev", fail)
        with pytest.raises(StorageFull):
            await sink.write(content(2))
    await sink.abort()
    blob = await put(store, content(3))
    assert await locators(store) == [kept.locator, blob.locator]


@pytest_twisted.ensureDeferred
async def test_a_limit_on_the_size_of_files_ends_a_pack(store: PackStore, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * ROOM, before[1]))
    try:
        blobs = [await put(store, content(number)) for number in range(2)]
        sink = await store.open_sink(a_name(), SIZE)
        with pytest.raises(StorageFull):
            await sink.write(content(2))
        await sink.abort()
        blobs.append(await put(store, content(3)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert len(pack_paths(tmp_path)) == 2
    assert [await get(store, blob) for blob in blobs] == [content(each) for each in (0, 1, 3)]


# --- deleting


@pytest_twisted.ensureDeferred
async def test_what_is_deleted_gives_its_room_back(store: PackStore, tmp_path: Path) -> None:
    blobs = [await put(store, content(number)) for number in range(10)]
    (path,) = pack_paths(tmp_path)
    before, size = allocated_bytes(path), path.stat().st_size
    assert await store.delete([blob.locator for blob in blobs[:9]]) == []
    assert path.stat().st_size == size
    assert allocated_bytes(path) <= before - 8 * ROOM
    assert await locators(store) == [blobs[9].locator]
    assert await get(store, blobs[9]) == content(9)
    for blob in blobs[:9]:
        with pytest.raises(BlobMissing):
            await store.read(blob.locator, 0, 1)


@pytest_twisted.ensureDeferred
async def test_no_byte_of_a_pack_is_used_twice(store: PackStore) -> None:
    sink, _ = await arrive(store, content(1))
    await sink.abort()
    gone = await put(store, content(2))
    await store.delete([gone.locator])
    blobs = [await put(store, content(3)) for _ in range(2)]
    places = [place_in_pack(each.locator) for each in (gone, *blobs)]
    assert [each and each.block for each in places] == [
        number * ROOM // BLOCK_BYTES for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("is_sealed_first", [True, False])
@pytest_twisted.ensureDeferred
async def test_an_empty_pack_goes_when_nobody_writes_to_it(
    opened: Open, tmp_path: Path, is_sealed_first: bool
) -> None:
    store, other = await opened(), await opened()
    blobs = [await put(store, content(number)) for number in range(2)]
    if is_sealed_first:
        await store.stop()
    await other.delete([blobs[0].locator])
    await other.delete([blobs[1].locator])
    if not is_sealed_first:
        assert len(pack_paths(tmp_path)) == 1
        await store.stop()
    assert pack_paths(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_a_reader_is_not_disturbed_by_who_deletes_elsewhere(opened: Open) -> None:
    reader, other = await opened(), await opened()
    blob, neighbour = await put(reader, content(1)), await put(reader, content(2))
    producers = [await reader.read(blob.locator, 0, SIZE) for _ in range(2)]
    for producer in producers:
        for store in (other, reader):
            assert await store.delete([blob.locator, neighbour.locator]) == [blob.locator]
        consumer = Gathering()
        await producer.startProducing(consumer)
        assert consumer.data == content(1)
    assert await other.delete([blob.locator]) == []
    assert await locators(reader) == []


@pytest_twisted.ensureDeferred
async def test_who_stops_before_the_start_reads_no_more(opened: Open) -> None:
    store = await opened()
    blob = await put(store, content(1))
    producer = await store.read(blob.locator, 0, SIZE)
    producer.stopProducing()
    producer.stopProducing()
    with pytest.raises(BlobMissing):
        await store.read(blob.locator, 0, SIZE + 1)
    assert await store.delete([blob.locator]) == []


@pytest_twisted.ensureDeferred
async def test_what_a_socket_has_been_given_stays_what_it_was(
    store: PackStore, tmp_path: Path
) -> None:
    """From a disk, the kernel would read neighbours together into pages that it then clears."""
    blobs = [await put(store, content(number, 70_000)) for number in range(60)]
    (path,) = pack_paths(tmp_path)
    forget_pages(path)
    for blob in blobs:
        assert len(await get(store, blob)) == 70_000
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as client:
        server, _ = listener.accept()
        with server:
            server.setblocking(False)
            for number, blob in enumerate(blobs):
                producer = await store.read(blob.locator, 0, 70_000)
                sent = os.sendfile(server.fileno(), producer.fileno(), producer.offset, 70_000)
                producer.stopProducing()
                assert await store.delete([blob.locator]) == []
                received = b""
                while len(received) < sent:
                    received += client.recv(sent - len(received))
                assert received == content(number, sent)


@pytest_twisted.ensureDeferred
async def test_without_holes_there_are_zeros(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system that a store was moved to."""
    store = await opened()
    blobs = [await put(store, content(number)) for number in range(2)]

    def refuse(*arguments: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(pack_folder, "punch_hole", refuse)
    await store.delete([blobs[0].locator])
    assert await locators(store) == [blobs[1].locator]
    assert await get(store, blobs[1]) == content(1)
    await store.delete([blobs[1].locator])
    await store.stop()
    assert pack_paths(tmp_path) == []


# --- reading


@pytest_twisted.ensureDeferred
async def test_an_open_pack_is_read_without_a_thread(
    store: PackStore, tmp_path: Path, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob, other = await put(store, content(1)), await put(store, content(2))
    assert await get(store, blob) == content(1)
    if not tells_what_is_in_memory(path_of(tmp_path, blob)):
        pytest.skip("this file system does not tell what is in memory")
    with monkeypatch.context() as patched:
        patched.setattr(threads, "run", None)
        producer = await store.read(other.locator, 0, SIZE)
        assert producer.prepare(producer.offset, SIZE) is None
        read = os.pread(producer.fileno(), SIZE, producer.offset)
        producer.stopProducing()
    assert read == content(2)
    assert producer.fileno() == -1


@pytest_twisted.ensureDeferred
async def test_what_is_in_memory_in_part_is_fetched(store: PackStore, tmp_path: Path) -> None:
    blob = await put(store, content(1, 400_000))
    (path,) = pack_paths(tmp_path)
    await get(store, blob)
    producer = await store.read(blob.locator, 0, 400_000)
    for _ in range(100):  # the kernel may keep what it is told to forget
        forget_pages(path)
        os.pread(producer.fileno(), 1, producer.offset + 399_999)
        fetching = producer.prepare(producer.offset, 400_000)
        if fetching is not None:
            break
    assert fetching is not None
    await fetching
    producer.stopProducing()


@pytest_twisted.ensureDeferred
async def test_a_header_that_is_not_in_memory_is_read_in_a_thread(
    store: PackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = await put(store, content(1))
    monkeypatch.setattr(packs, "_header_in_memory", lambda *_: None)
    assert await get(store, blob) == content(1)
    await store.delete([blob.locator])
    with pytest.raises(BlobMissing):
        await store.read(blob.locator, 0, 1)


@pytest_twisted.ensureDeferred
async def test_only_so_many_packs_stay_open(opened: Open) -> None:
    store = await opened(pack_bytes=1, kept_descriptors=2)
    blobs = [await put(store, content(number)) for number in range(5)]
    producers = [await store.read(blob.locator, 0, SIZE) for blob in blobs]
    assert len(store._open_packs._packs) == 5
    for number, producer in enumerate(producers):
        consumer = Gathering()
        await producer.startProducing(consumer)
        assert consumer.data == content(number)
    assert len(store._open_packs._packs) == 2
    assert await get(store, blobs[0]) == content(0)
    assert len(store._open_packs._packs) == 2


@pytest_twisted.ensureDeferred
async def test_who_reads_when_the_store_stops_reads_to_the_end(store: PackStore) -> None:
    blob = await put(store, content(1))
    producer = await store.read(blob.locator, 0, SIZE)
    await store.stop()
    consumer = Gathering()
    await producer.startProducing(consumer)
    assert consumer.data == content(1)
    assert store._open_packs._packs == {}
    await store.start()


@pytest_twisted.ensureDeferred
async def test_readers_who_come_at_once_share_a_descriptor(store: PackStore) -> None:
    blobs = [await put(store, content(number)) for number in range(20)]
    reading = [Deferred.fromCoroutine(get(store, blob)) for blob in blobs]
    assert await gatherResults(reading) == [content(number) for number in range(20)]
    assert len(store._open_packs._packs) == 1


@pytest_twisted.ensureDeferred
async def test_a_damaged_header_is_a_missing_blob(store: PackStore, tmp_path: Path) -> None:
    blobs = [await put(store, content(number)) for number in range(3)]
    (path,) = pack_paths(tmp_path)
    with path.open("r+b") as file:
        file.seek(ROOM + 15)  # in the size of the second one
        file.write(b"\x01")
    assert await locators(store) == [blobs[0].locator, blobs[2].locator]
    assert not await store.exists(blobs[1].locator)
    for pack in (store._open_packs.find(path.name), None):
        assert pack is None or pack.is_idle
        with pytest.raises(BlobMissing):
            await store.read(blobs[1].locator, 0, 1)
    assert await store.delete([blobs[1].locator]) == []
    assert await get(store, blobs[2]) == content(2)


@pytest_twisted.ensureDeferred
async def test_a_blob_that_has_lost_bytes_is_missing(store: PackStore, tmp_path: Path) -> None:
    blob = await put(store, content(1))
    os.truncate(pack_paths(tmp_path)[0], HEADER_BYTES + SIZE - 1)
    with pytest.raises(BlobMissing):
        await store.read(blob.locator, 0, SIZE)
    producer = await store.read(blob.locator, 0, SIZE - 1)
    producer.stopProducing()


@pytest.mark.parametrize(
    "text",
    ["p:", "p:{}", "p:{}:", "p:{}:g", "p:{}:01", "p:{}:-1", "p:{}:1\n", "p:{}:A", "p:{}:123456789",
     "p:../{}:0", "p:{}0:0", "f:{}:0", "p:{}:0:0"],
)  # fmt: skip
def test_a_locator_of_another_form_leads_nowhere(text: str) -> None:
    assert place_in_pack(text.format("0123456789abcdef" * 2)) is None


@pytest_twisted.ensureDeferred
async def test_content_is_never_taken_for_a_header(store: PackStore, tmp_path: Path) -> None:
    """Not even a copy of the pack's own first bytes, at a place where headers are."""
    first = await put(store, b"x")
    (path,) = pack_paths(tmp_path)
    forged = path.read_bytes()[:HEADER_BYTES]
    sink, _ = await arrive(store, forged * (3 * BLOCK_BYTES // HEADER_BYTES))
    with path.open("r+b") as file:
        file.seek(BLOCK_BYTES)
        file.write(bytes(HEADER_BYTES))  # torn: its own header is lost
    assert await locators(store) == [first.locator]
    await sink.abort()


# --- recovery


@pytest_twisted.ensureDeferred
async def test_recovery_deletes_what_was_on_its_way(opened: Open, tmp_path: Path) -> None:
    dead = await opened()
    settled = await put(dead, content(1))
    _, referenced = await arrive(dead, content(2))
    _, orphan = await arrive(dead, content(3))
    torn, unwritten = [await dead.open_sink(a_name(), SIZE) for _ in range(2)]
    await torn.write(content(4))
    with pack_paths(tmp_path)[0].open("r+b") as file:
        file.seek(3 * ROOM)
        file.write(bytes(HEADER_BYTES))
    await dead._tidying.finish()
    forget_packs(dead)
    asked: list[str] = []

    async def is_referenced(locators: Sequence[str]) -> set[str]:
        asked.extend(locators)
        return {referenced.locator} & set(locators)

    store = await opened()
    assert await store.list_arrivals() == {referenced.locator: False, orphan.locator: False}
    assert await store.recover(is_referenced) == 1
    assert asked == [referenced.locator, orphan.locator]
    assert await locators(store) == [settled.locator, referenced.locator]
    (path,) = pack_paths(tmp_path)
    assert allocated_bytes(path) < 3 * ROOM
    assert (incoming_names(tmp_path), path.stat().st_nlink) == ([], 1)
    assert await store.list_arrivals() == {}
    assert [await get(store, each) for each in (settled, referenced)] == [content(1), content(2)]
    assert await store.recover(none) == 0
    del unwritten


@pytest_twisted.ensureDeferred
async def test_recovery_deletes_what_is_torn_behind_what_was_deleted(
    opened: Open, tmp_path: Path
) -> None:
    dead = await opened()
    deleted = await put(dead, content(1))
    torn = await dead.open_sink(a_name(), SIZE)
    await torn.write(content(2))
    with pack_paths(tmp_path)[0].open("r+b") as file:
        file.seek(ROOM)
        file.write(bytes(HEADER_BYTES))
    await dead._tidying.finish()
    await dead.delete([deleted.locator])
    forget_packs(dead)
    store = await opened()
    await store.recover(none)
    assert pack_paths(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_metadata_that_know_less_cost_no_settled_blob(opened: Open) -> None:
    """They were restored from an older backup, say, while a dead process's pack waited."""
    dead = await opened()
    blobs = [await put(dead, content(number)) for number in range(5)]
    await dead._tidying.finish()
    forget_packs(dead)
    store = await opened()
    assert await store.recover(none) == 0
    assert await locators(store) == [blob.locator for blob in blobs]


@pytest_twisted.ensureDeferred
async def test_notes_that_a_power_cut_took_or_tore_are_made_up_for_by_metadata(
    opened: Open, tmp_path: Path
) -> None:
    dead = await opened()
    blobs = [await put(dead, content(number)) for number in range(20)]
    await dead._tidying.finish()
    forget_packs(dead)
    tear_notes(tmp_path)
    store = await opened()
    assert await store.recover(all_of_them) == 0
    assert await locators(store) == [blob.locator for blob in blobs]


@pytest_twisted.ensureDeferred
async def test_recovery_removes_a_pack_with_nothing_in_it(opened: Open, tmp_path: Path) -> None:
    dead = await opened()
    await arrive(dead, content(1))
    forget_packs(dead)
    store = await opened()
    assert await store.recover(none) == 1
    assert pack_paths(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_recovery_passes_over_a_pack_that_never_got_its_second_name(
    opened: Open, tmp_path: Path
) -> None:
    dead = await opened()
    assert dead._incoming is not None
    (dead._incoming.path / new_blob_id()).touch()
    forget_packs(dead)
    store = await opened()
    assert await store.list_arrivals() == {}
    assert await store.recover(none) == 0
    assert incoming_names(tmp_path) == []


@pytest_twisted.ensureDeferred
async def test_recovery_leaves_what_is_being_read_to_the_collector(opened: Open) -> None:
    dead = await opened()
    _, blob = await arrive(dead, content(1))
    forget_packs(dead)
    store, reader = await opened(), await opened()
    producer = await reader.read(blob.locator, 0, SIZE)
    assert await store.recover(none) == 0
    consumer = Gathering()
    await producer.startProducing(consumer)
    assert consumer.data == content(1)


@pytest_twisted.ensureDeferred
async def test_recovery_and_start_look_at_no_other_packs(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await opened(pack_bytes=1)
    for number in range(5):
        await put(old, content(number))
    await old.stop()
    dead = await opened()
    await arrive(dead, content(9))
    forget_packs(dead)
    looked: list[str] = []
    open_pack = pack_folder.open_pack

    def noted(path: Path, mode: str) -> Any:
        looked.append(path.name)
        return open_pack(path, mode)

    monkeypatch.setattr(pack_folder, "open_pack", noted)
    store = await opened()
    await store.recover(none)
    assert len(set(looked)) == 1
    assert not set(looked) & {path.name for path in pack_paths(tmp_path)}
    assert len(pack_paths(tmp_path)) == 5


@pytest_twisted.ensureDeferred
async def test_recovery_leaves_what_has_lost_its_header_to_people(
    opened: Open, tmp_path: Path
) -> None:
    dead = await opened()
    blobs = [await put(dead, content(number)) for number in range(4)]
    await arrive(dead, content(4))
    await dead._tidying.finish()
    (path,) = pack_paths(tmp_path)
    with path.open("r+b") as file:
        for number in (1, 3):
            file.seek(number * ROOM)
            file.write(bytes(HEADER_BYTES))
    forget_packs(dead)
    store = await opened()
    assert await store.recover(none) == 1
    assert await locators(store) == [blobs[0].locator, blobs[2].locator]
    raw = path.read_bytes()
    for number in range(4):
        start = number * ROOM + HEADER_BYTES
        assert raw[start : start + SIZE] == content(number)
    assert not raw[4 * ROOM :].strip(b"\0")


KILLED = """
import os, sys
from pathlib import Path
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from bleepstore.ids import new_blob_id
from bleepstore.storage.packs import PackStore
from bleepstore.streams.threads import Threads
from bleepstore.values import BlobName

async def main():
    threads = Threads(reactor, "test", 4)
    threads.start()
    store = PackStore(Path(sys.argv[1]), threads, is_durable=True)
    await store.start()
    for number in range(20):
        sink = await store.open_sink(BlobName("bucket", "key", new_blob_id()), 50_000)
        await sink.write(bytes([number + 1]) * 50_000)
        if number % 3 != 2:
            print((await sink.commit()).locator, number % 3, number, flush=True)
        if number % 3 == 0:
            await sink.settle()
    await store._tidying.finish()
    os.kill(os.getpid(), 9)

reactor.callWhenRunning(lambda: Deferred.fromCoroutine(main()))
reactor.run()
"""


def last_words(program: str, *arguments: str) -> list[str]:
    """The lines that a program prints before it kills itself."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == -9
    return done.stdout.splitlines()


@pytest_twisted.ensureDeferred
async def test_a_killed_process_leaves_what_it_settled(opened: Open, tmp_path: Path) -> None:
    lines = [line.split() for line in last_words(KILLED, str(tmp_path))]
    settled = {locator: int(number) for locator, kind, number in lines if kind == "0"}
    assert len(settled) == 7
    store = await opened()
    assert await store.recover(none) == 13
    assert await locators(store) == list(settled)
    for locator, number in settled.items():
        assert await get(store, Blob(locator, 50_000)) == content(number, 50_000)


# --- what is on its way in


@pytest_twisted.ensureDeferred
async def test_only_what_is_uncertain_is_on_its_way(opened: Open) -> None:
    store, other = await opened(), await opened()
    await put(store, content(1))
    sink, blob = await arrive(store, content(2))
    given_up, _ = await arrive(store, content(3))
    await given_up.abort()
    await store._tidying.finish()
    for each in (store, other):
        assert await each.list_arrivals() == {blob.locator: True}
    await sink.settle()
    await store._tidying.finish()
    assert await other.list_arrivals() == {}


# --- file systems that lack something


def no_holes(*arguments: object) -> None:
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


@pytest.mark.parametrize(
    ("name", "stand_in"),
    [
        ("bleepstore.storage.pack_probe.punch_hole", no_holes),
        ("bleepstore.storage.pack_probe.punch_hole", lambda *_: None),
        ("bleepstore.storage.pack_probe.begin_deleting", lambda *_: True),
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_file_system_that_cannot_is_told_from_one_that_can(
    opened: Open, monkeypatch: pytest.MonkeyPatch, name: str, stand_in: Any
) -> None:
    able = await opened()
    assert able.takes_blobs
    blob = await put(able, content(1))
    monkeypatch.setattr(name, stand_in)
    store = await opened()
    assert not store.takes_blobs
    assert await get(store, blob) == content(1)
    assert await store.delete([blob.locator]) == []


def test_a_stretch_is_found_only_where_it_says_it_is(tmp_path: Path) -> None:
    path = tmp_path / ("0" * 32)
    path.write_bytes(bytes(10))
    with path.open("rb") as file:
        for block in (0, 7):
            assert find_stretch(file.fileno(), path.name, block) is None
