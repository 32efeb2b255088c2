from __future__ import annotations

from pathlib import Path

import pytest_twisted

from bleepstore.config.storage import LocalSection, StorageSection
from bleepstore.ids import new_blob_id
from bleepstore.storage.registry import open_backend
from bleepstore.streams.threads import Threads
from bleepstore.values import Blob, BlobName
from tests.storage.backing import means


@pytest_twisted.ensureDeferred
async def test_size_decides_where_a_blob_goes(threads: Threads, tmp_path: Path) -> None:
    async def nothing(locator: str) -> None:
        return None

    local = LocalSection(root_dir=tmp_path, inline_max_bytes=10, pack_max_bytes=20)
    section = StorageSection(local=local)
    store = open_backend(section, means(threads, tmp_path, nothing))
    await store.start()

    async def put(size: int, declared: int | None) -> Blob:
        sink = await store.open_sink(BlobName("bucket", "key", new_blob_id()), declared)
        await sink.write(b"x" * size)
        blob: Blob = await sink.commit()
        await sink.settle()
        return blob

    assert store.name == "local"
    for declared in (None, 10):
        small = await put(10, declared)
        assert (small.locator[:2], small.content) == ("i:", b"x" * 10)
    for size in (11, 20):
        middling = await put(size, size)
        assert (middling.locator[:2], middling.content, middling.size_bytes) == ("p:", None, size)
    for size, declared in [(11, None), (11, 3), (21, 21), (21, None)]:
        large = await put(size, declared)
        assert (large.locator[:2], large.content, large.size_bytes) == ("f:", None, size)
    await store.stop()


@pytest_twisted.ensureDeferred
async def test_packs_can_be_done_without(threads: Threads, tmp_path: Path) -> None:
    async def put(pack_max_bytes: int) -> Blob:
        local = LocalSection(root_dir=tmp_path, inline_max_bytes=1, pack_max_bytes=pack_max_bytes)
        store = open_backend(StorageSection(local=local), means(threads, tmp_path))
        await store.start()
        sink = await store.open_sink(BlobName("bucket", "key", new_blob_id()), 5)
        await sink.write(b"bytes")
        blob: Blob = await sink.commit()
        await sink.settle()
        for locator in (blob.locator, earlier):
            assert not locator or await store.exists(locator)  # whatever came before
        await store.stop()
        return blob

    earlier = ""
    earlier = (await put(5)).locator
    assert [earlier[:2], (await put(0)).locator[:2]] == ["p:", "f:"]
