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

    section = StorageSection(local=LocalSection(root_dir=tmp_path, inline_max_bytes=10))
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
    for declared in (None, 11, 3):
        large = await put(11, declared)
        assert (large.locator[:2], large.content, large.size_bytes) == ("f:", None, 11)
    await store.stop()
