"""The totals, held against rows that are counted, after everything that makes rows come and go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest_twisted

from bleepstore.metadata.buckets import CreateBucket, SetVersioning
from bleepstore.metadata.store import Store
from bleepstore.metadata.totals import Totals
from bleepstore.values import Versioning
from tests.metadata.samples import bucket, delete, inline_blob, put, stored_blob


@pytest_twisted.ensureDeferred
async def test_an_empty_store_has_one_bucket_and_nothing_else(store: Store) -> None:
    assert await store.inventory.totals() == Totals(1, 0, 0, 0)


@pytest_twisted.ensureDeferred
async def test_totals_follow_what_comes_and_goes(store: Store) -> None:
    await store.objects.put(put("a", inline_blob(b"12345")))
    await store.objects.put(put("b", stored_blob(100_000)))
    assert await store.inventory.totals() == Totals(1, 2, 100_005, 0)
    await store.objects.put(put("a", stored_blob(1)))  # in the place of another
    assert await store.inventory.totals() == Totals(1, 2, 100_001, 0)
    await store.objects.delete(delete("b"))
    assert await store.inventory.totals() == Totals(1, 1, 1, 1)
    await store.garbage.forget(await store.garbage.list(10**15, 10))
    await store.buckets.create(CreateBucket(bucket("music")))
    assert await store.inventory.totals() == Totals(2, 1, 1, 0)
    await store.buckets.delete("music")
    assert await store.inventory.totals() == Totals(1, 1, 1, 0)


@pytest_twisted.ensureDeferred
async def test_older_versions_are_bytes_but_no_objects(store: Store, tmp_path: Path) -> None:
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    for _ in range(3):
        await store.objects.put(put("a", stored_blob(10)))
    await store.objects.put(put("b", inline_blob()))
    await store.objects.delete(delete("b"))
    assert await store.inventory.totals() == Totals(1, 1, 37, 0)
    with closing(sqlite3.connect(tmp_path / "metadata.db")) as database:
        (counted,) = database.execute("SELECT count(*), sum(size_bytes) FROM blob").fetchall()
    assert counted == (4, 37)
