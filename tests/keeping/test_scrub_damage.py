"""A database with damaged pages: a scrub says where, and looks at everything else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor

from bleepstore.keeping.scrub import Scrub
from bleepstore.keeping.scrub_state import ScrubState, StateFile
from bleepstore.metadata.buckets import CreateBucket
from bleepstore.metadata.store import Store, open_store
from bleepstore.storage.files import FileStore
from bleepstore.streams.threads import Threads
from tests.keeping.unwatched import Unwatched
from tests.metadata.damage import damage_page_with
from tests.metadata.samples import bucket, put
from tests.streams.pool import threads

__all__ = ["threads"]

_EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
_MOST_ON_A_PAGE = 60


async def fill(path: Path, keys: Sequence[str]) -> None:
    metadata = await open_metadata(path)
    await metadata.buckets.create(CreateBucket(bucket()))
    for key in keys:
        await metadata.objects.put(put(key, etag=_EMPTY))
    await metadata.database.stop()


async def open_metadata(path: Path) -> Store:
    metadata = open_store(path, reactor, "relaxed")
    await metadata.database.start()
    return metadata


async def scrub(path: Path, threads: Threads) -> ScrubState:
    metadata = await open_metadata(path)
    blobs = FileStore(path.with_name("objects"), threads, is_durable=False)
    state_file = StateFile(path.with_name("state"))
    try:
        return await Scrub(metadata.survey, blobs, threads, reactor, state_file).run(Unwatched())
    finally:
        await metadata.database.stop()


@pytest.mark.parametrize("beginning", ["key-", "2026/schlüssel/", "ключ "])
@pytest_twisted.ensureDeferred
async def test_what_is_not_on_a_damaged_page_is_looked_at(
    tmp_path: Path, threads: Threads, beginning: str
) -> None:
    path = tmp_path / "metadata.db"
    keys = [f"{beginning}{number:03}" for number in range(400)]
    await fill(path, keys)
    hurt = keys[200]
    damage_page_with(path, hurt.encode())
    state = await scrub(path, threads)
    (gap,) = state.gaps
    assert (gap.bucket, gap.kind) == ("photos", "object")
    lost = [key for key in keys if gap.after < key < gap.before]
    assert hurt in lost
    assert len(lost) < _MOST_ON_A_PAGE
    assert state.checked == len(keys) - len(lost)
    assert (state.damaged, state.doubtful) == ([], [])


@pytest.mark.parametrize("all_hurt", [(0,), (399,), (0, 200), (200, 300), (200, 399)])
@pytest_twisted.ensureDeferred
async def test_pages_at_both_ends_and_several_pages_are_no_different(
    tmp_path: Path, threads: Threads, all_hurt: tuple[int, ...]
) -> None:
    path = tmp_path / "metadata.db"
    keys = [f"key-{number:03}" for number in range(400)]
    await fill(path, keys)
    for hurt in all_hurt:
        damage_page_with(path, keys[hurt].encode())
    state = await scrub(path, threads)
    for gap, hurt in zip(state.gaps, all_hurt, strict=True):
        assert gap.after < keys[hurt]
        assert keys[hurt] < gap.before or (hurt, gap.before) == (399, "")
    assert len(keys) - len(all_hurt) * _MOST_ON_A_PAGE < state.checked < len(keys)
