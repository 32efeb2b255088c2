"""Copies by reference: their bytes, and sources that change under way."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from attrs import evolve

from bleepstore.errors import S3Error, SourceChanged
from bleepstore.metadata.buckets import CreateBucket, SetVersioning
from bleepstore.metadata.objects import CopyObject, SetTags
from bleepstore.metadata.store import Store
from bleepstore.values import ObjectVersion, Versioning
from tests.metadata.samples import bucket, delete, inline_blob, put, stored_blob


async def seen(store: Store, version_id: str | None = None) -> ObjectVersion:
    return (await store.objects.get("photos", "a", version_id))[1]


def copy_of(source: ObjectVersion, key: str = "b", **changes: Any) -> CopyObject:
    """A copy within the bucket, of the current version."""
    target = evolve(source, key=key, version_id="target", last_modified_ms=9_000)
    return evolve(CopyObject("photos", None, source, "photos", target), **changes)


async def content(store: Store, bucket_name: str, key: str) -> bytes | None:
    return (await store.objects.get(bucket_name, key, with_content=True))[1].content


@pytest_twisted.ensureDeferred
async def test_a_copy_outlives_its_source(store: Store) -> None:
    await store.buckets.create(CreateBucket(bucket("other")))
    await store.objects.put(put("a", inline_blob(b"precious")))
    result = await store.objects.copy(copy_of(await seen(store), bucket="other"))
    assert (result.version_id, result.last_modified_ms) == (None, 9_000)
    await store.objects.delete(delete("a"))
    assert await content(store, "other", "b") == b"precious"


@pytest_twisted.ensureDeferred
async def test_the_bytes_of_a_backend_are_garbage_when_the_last_copy_goes(store: Store) -> None:
    blob = stored_blob()
    await store.objects.put(put("a", blob))
    await store.objects.copy(copy_of(await seen(store)))
    await store.objects.delete(delete("a"))
    assert await store.garbage.list(10**15, 10) == ()
    await store.objects.delete(delete("b"))
    assert await store.garbage.list(10**15, 10) == (blob.locator,)


@pytest_twisted.ensureDeferred
async def test_a_copy_onto_itself_keeps_its_bytes(store: Store) -> None:
    await store.objects.put(put("a", inline_blob(b"precious")))
    source = await seen(store)
    await store.objects.copy(copy_of(source, "a"))
    after = await seen(store)
    assert (after.segments, after.last_modified_ms) == (source.segments, 9_000)
    assert await content(store, "photos", "a") == b"precious"


@pytest_twisted.ensureDeferred
async def test_an_older_version_can_be_restored(store: Store) -> None:
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    for version_id in ("v1", "v2"):
        await store.objects.put(put("a", inline_blob(version_id.encode()), version_id=version_id))
    await store.objects.delete(delete("a"))
    for version_id in ("v1", "v2"):
        source = await seen(store, version_id)
        command = copy_of(source, "a", source_version_id=version_id)
        restored = evolve(command.version, version_id=f"{version_id} again")
        result = await store.objects.copy(evolve(command, version=restored))
        assert result.version_id == f"{version_id} again"
        assert await content(store, "photos", "a") == version_id.encode()


@pytest_twisted.ensureDeferred
async def test_a_source_that_changed_is_not_copied(store: Store) -> None:
    """Otherwise a copy onto itself would undo the write that came in between."""
    objects = store.objects
    blob = stored_blob()
    await objects.put(put("a", blob, etag="e1"))
    stale = copy_of(await seen(store), "a")

    async def is_refused(command: CopyObject) -> None:
        with pytest.raises(SourceChanged):
            await objects.copy(command)

    await objects.set_tags(SetTags("photos", "a", None, (("k", "v"),)))
    await is_refused(stale)
    tagged = copy_of(await seen(store), "a")
    await objects.put(put("a", stored_blob(), etag="e1"))  # the same content, uploaded again
    await is_refused(tagged)
    overwritten = copy_of(await seen(store), "a")
    await objects.delete(delete("a"))
    await is_refused(overwritten)
    await objects.put(put("a", stored_blob(), etag="e1", at_ms=overwritten.source.last_modified_ms))
    await is_refused(overwritten)  # it looks the same, and has other bytes


@pytest_twisted.ensureDeferred
async def test_a_version_must_be_there_to_be_copied(store: Store) -> None:
    objects = store.objects
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    await objects.put(put("a", stored_blob(), version_id="v1"))
    by_id = copy_of(await seen(store), source_version_id="v1")
    as_current = copy_of(await seen(store))
    await objects.put(put("a", version_id="v2"))
    await objects.copy(by_id)  # v1 is older now, and still what it was
    with pytest.raises(SourceChanged):
        await objects.copy(as_current)
    await objects.delete(delete("a", "v1"))
    with pytest.raises(SourceChanged):
        await objects.copy(by_id)


@pytest_twisted.ensureDeferred
async def test_conditions_are_about_the_target(store: Store) -> None:
    objects = store.objects
    await objects.put(put("a", etag="e1"))
    command = copy_of(await seen(store), if_none_match=True)
    await objects.copy(command)
    with pytest.raises(S3Error, match="PreconditionFailed"):
        await objects.copy(command)
    await objects.copy(copy_of(await seen(store), if_match="e1"))
    for missing in ({"bucket": "nope"}, {"source_bucket": "nope"}):
        with pytest.raises(S3Error, match="NoSuchBucket"):
            await objects.copy(copy_of(await seen(store), **missing))
