"""What a check of the metadata finds, and what it can put right."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve

from bleepstore.metadata import check
from bleepstore.metadata.buckets import SetVersioning
from bleepstore.metadata.check import Corrections, Miscount, StoredBlob, Totals
from bleepstore.metadata.store import Store
from bleepstore.metadata.uploads import CreateUpload
from bleepstore.values import Blob, Versioning
from tests.metadata.samples import (
    delete,
    inline_blob,
    part_of,
    put,
    put_part,
    stored_blob,
    upload,
)


async def fill(store: Store) -> dict[str, Blob]:
    """One blob for each kind of thing that can refer to one, and one of garbage."""
    names = {"current", "older", "part", "garbage"}
    blobs = {name: stored_blob() for name in names} | {"inline": inline_blob()}
    await store.objects.put(put("b", blobs["garbage"]))
    await store.objects.delete(delete("b"))
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    await store.objects.put(put("a", blobs["older"], version_id="v1"))
    await store.objects.put(put("a", blobs["current"], blobs["inline"], version_id="v2"))
    await store.uploads.create(CreateUpload("photos", upload()))
    await store.uploads.put_part(put_part(part_of(1, blobs["part"]), blobs["part"]))
    return blobs


def damage(tmp_path: Path, sql: str, *parameters: Any) -> None:
    connection = sqlite3.connect(tmp_path / "metadata.db")
    with connection:
        connection.execute(sql, parameters)
    connection.close()


async def miscounts(store: Store) -> set[Miscount]:
    return {each async for each in store.checks.miscounts()}


@pytest_twisted.ensureDeferred
async def test_a_sound_store_has_nothing_to_find(store: Store) -> None:
    blobs = await fill(store)
    assert await miscounts(store) == set()
    assert await store.checks.strays() == {}
    assert await store.checks.totals() == Totals(
        buckets=1,
        current_versions=1,
        other_versions=1,
        uploads=1,
        parts=1,
        stored_blobs=3,
        inline_blobs=1,
        garbage=1,
    )
    assert await store.checks.unknown([blob.locator for blob in blobs.values()]) == set()
    assert await store.checks.unknown(["x", blobs["part"].locator]) == {"x"}


@pytest_twisted.ensureDeferred
async def test_blobs_of_the_backend_are_listed_in_batches(store: Store) -> None:
    blobs = await fill(store)
    expected = sorted(
        (StoredBlob(blobs[name].locator, 100_000) for name in ("current", "older", "part")),
        key=lambda blob: blob.locator,
    )
    first = await store.checks.stored_blobs("", 2)
    second = await store.checks.stored_blobs(first[-1].locator, 2)
    assert [*first, *second] == expected


@pytest.mark.parametrize("blobs_per_slice", [1, 2, 1_000])
@pytest_twisted.ensureDeferred
async def test_wrong_counts_are_found_and_corrected(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blobs_per_slice: int
) -> None:
    monkeypatch.setattr(check, "BLOBS_PER_SLICE", blobs_per_slice)
    blobs = await fill(store)
    damage(tmp_path, "UPDATE blob SET refs = 7 WHERE locator = ?", blobs["older"].locator)
    damage(tmp_path, "UPDATE blob SET refs = 2 WHERE locator = ?", blobs["part"].locator)
    damage(tmp_path, "DELETE FROM blob WHERE locator = ?", blobs["current"].locator)
    damage(tmp_path, "INSERT INTO blob (locator, size_bytes, refs) VALUES ('lost', 1, 3)")
    damage(
        tmp_path,
        "INSERT INTO blob (locator, size_bytes, refs, content) VALUES ('small', 1, 1, x'00')",
    )
    found = await miscounts(store)
    assert found == {
        Miscount(blobs["older"].locator, 7, 1),
        Miscount(blobs["part"].locator, 2, 1),
        Miscount(blobs["current"].locator, 0, 1),
        Miscount("lost", 3, 0),
        Miscount("small", 1, 0),
    }
    stale = Miscount(blobs["inline"].locator, 5, 4)
    assert await store.checks.correct(Corrections((*found, stale), 99)) == 4
    assert await miscounts(store) == {Miscount(blobs["current"].locator, 0, 1)}
    assert await store.garbage.list(100, 10) == ("lost",)


@pytest_twisted.ensureDeferred
async def test_what_is_where_it_should_not_be_is_described(store: Store, tmp_path: Path) -> None:
    await fill(store)
    await store.uploads.put_part(put_part(part_of(2)))
    await store.objects.put(put("c", version_id="v1"))
    await store.objects.delete(delete("c", marker_id="m1"))
    await store.objects.put(evolve(put("d")))
    damage(tmp_path, "DELETE FROM upload")
    damage(tmp_path, "UPDATE object SET bucket_id = 'gone' WHERE key = 'd'")
    damage(tmp_path, "UPDATE object SET version_order = 0 WHERE key = 'a'")
    damage(tmp_path, "DELETE FROM object_version WHERE version_id = 'm1'")
    damage(tmp_path, "INSERT INTO garbage (locator, since_ms) SELECT locator, 0 FROM blob LIMIT 1")
    assert await store.checks.strays() == {
        "parts without an upload": 2,
        "objects without a bucket": 1,
        "versions newer than the current one": 1,
        "keys without a current version or a delete marker on top": 1,
        "blobs that are garbage too": 1,
    }
