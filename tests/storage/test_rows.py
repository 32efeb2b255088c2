"""What is special about blobs in rows, and about a limited memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor

from bleepstore.config.storage import MemorySection, StorageSection
from bleepstore.errors import StorageFull
from bleepstore.ids import new_blob_id
from bleepstore.interfaces import IBlobStore, ITransaction
from bleepstore.metadata.database import Database
from bleepstore.metadata.memory import MemoryEngine
from bleepstore.storage.blob_rows import ROW_BYTES
from bleepstore.storage.registry import open_backend
from bleepstore.streams.threads import Threads
from bleepstore.values import Blob, BlobName
from tests.metadata.counting import Counts
from tests.storage.backing import means
from tests.streams.gathering import Gathering

LIMIT = 8 * 1024 * 1024
MIB = 1024 * 1024


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest_twisted.async_yield_fixture
async def database(counts: Counts) -> AsyncIterator[Database]:
    opened = Database(MemoryEngine(reactor), counts)
    await opened.start()
    yield opened
    await opened.stop()


@pytest_twisted.async_yield_fixture
async def store(database: Database, threads: Threads, tmp_path: Path) -> AsyncIterator[IBlobStore]:
    section = StorageSection(backend="memory", memory=MemorySection(max_size_bytes=LIMIT))
    opened = open_backend(section, means(threads, tmp_path, database=database))
    await opened.start()
    yield opened
    await opened.stop()


async def put(store: IBlobStore, data: bytes, size_bytes: int | None = None) -> Blob:
    sink = await store.open_sink(BlobName("bucket", "key", new_blob_id()), size_bytes)
    try:
        for start in range(0, len(data), MIB):
            await sink.write(data[start : start + MIB])
        blob: Blob = await sink.commit()
    except StorageFull:
        await sink.abort()
        raise
    await sink.settle()
    return blob


async def get(store: IBlobStore, blob: Blob) -> bytes:
    consumer = Gathering()
    producer = await store.read(blob.locator, 0, blob.size_bytes)
    await producer.startProducing(consumer)
    return consumer.data


def rows(txn: ITransaction) -> list[Any]:
    txn.execute("SELECT locator, position, length(content) FROM blob_row ORDER BY 1, 2")
    return list(txn.fetch_all())


def unsettled(txn: ITransaction) -> list[Any]:
    txn.execute("SELECT locator FROM unsettled_blob")
    return list(txn.fetch_all())


@pytest_twisted.ensureDeferred
async def test_no_row_is_larger_than_the_bound(store: IBlobStore, database: Database) -> None:
    data = bytes(range(256)) * 4096 + b"a little more"
    sink = await store.open_sink(BlobName("bucket", "key", new_blob_id()), None)
    await sink.write(data)
    blob = await sink.commit()
    found = await database.read("rows", rows)
    assert sum(size for _, _, size in found) == len(data)
    assert max(size for _, _, size in found) <= ROW_BYTES
    assert await database.read("unsettled", unsettled) == [(blob.locator,)]
    await sink.settle()
    assert await get(store, blob) == data


@pytest_twisted.ensureDeferred
async def test_what_fits_in_a_row_goes_with_the_metadata(
    store: IBlobStore, database: Database
) -> None:
    blob = await put(store, b"x" * ROW_BYTES)
    assert blob.content is not None
    assert await database.read("rows", rows) == []


@pytest_twisted.ensureDeferred
async def test_beyond_the_limit_nothing_is_taken_and_nothing_lost(
    store: IBlobStore, database: Database
) -> None:
    kept = await put(store, b"k" * 5 * MIB)
    before = await database.read("rows", rows)
    for declared in (None, 4 * MIB):
        with pytest.raises(StorageFull):
            await put(store, b"x" * 4 * MIB, declared)
    assert await database.read("rows", rows) == before
    assert await get(store, kept) == b"k" * 5 * MIB


@pytest_twisted.ensureDeferred
async def test_deleting_makes_room(store: IBlobStore) -> None:
    for _ in range(5):
        blob = await put(store, b"x" * 6 * MIB, 6 * MIB)
        await store.delete([blob.locator])


@pytest_twisted.ensureDeferred
async def test_small_blobs_that_are_not_stored_yet_count(store: IBlobStore) -> None:
    """Their bytes are stored by the metadata, which happens between commit and settle."""
    sinks = []

    async def fill() -> None:
        while True:
            sinks.append(await store.open_sink(BlobName("b", "k", new_blob_id()), ROW_BYTES))
            await sinks[-1].write(b"x" * ROW_BYTES)
            await sinks[-1].commit()

    with pytest.raises(StorageFull):
        await fill()
    assert LIMIT // ROW_BYTES - 4 < len(sinks) <= LIMIT // ROW_BYTES
    for sink in sinks:
        await sink.abort()
    await put(store, b"x" * ROW_BYTES)


@pytest_twisted.ensureDeferred
async def test_rows_that_are_read_go_when_the_reader_does(
    store: IBlobStore, database: Database
) -> None:
    blob = await put(store, b"x" * 2 * MIB)
    first = await store.read(blob.locator, 0, 2 * MIB)
    second = await store.read(blob.locator, 0, 2 * MIB)
    await store.delete([blob.locator])
    assert await database.read("unsettled", unsettled) == [(blob.locator,)]
    first.stopProducing()
    consumer = Gathering()
    await second.startProducing(consumer)
    assert consumer.data == b"x" * 2 * MIB
    await store.stop()  # waits for what is done in the background
    assert await database.read("rows", rows) == await database.read("unsettled", unsettled) == []
    await store.start()


@pytest_twisted.ensureDeferred
async def test_many_rows_go_in_several_transactions(
    store: IBlobStore, database: Database, counts: Counts
) -> None:
    blobs = [await put(store, b"x" * (ROW_BYTES + 1)) for _ in range(7)]
    sink = await store.open_sink(BlobName("bucket", "key", new_blob_id()), None)
    await sink.write(b"y" * (ROW_BYTES + 1))
    for _ in range(60):
        await sink.write(b"z")
    blob = await sink.commit()
    await sink.settle()
    assert counts.transactions["delete_blob_rows"] == 0
    await store.delete([blob.locator, *(each.locator for each in blobs)])
    assert counts.transactions["delete_blob_rows"] == 3
    assert await database.read("rows", rows) == []
