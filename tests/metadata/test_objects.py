"""Objects through the front door: conditions, errors, contents; versions in a few examples.

What random sequences of changes lead to is compared with a model in test_object_model.py.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet.defer import DeferredList, ensureDeferred

from bleepstore.errors import BlobMissing, S3Error
from bleepstore.metadata.buckets import SetVersioning
from bleepstore.metadata.objects import ListObjects, PutObject
from bleepstore.metadata.store import Store
from bleepstore.values import (
    Blob,
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    ObjectVersion,
    PartBoundary,
    Segment,
    Versioning,
)
from tests.metadata.samples import ANN, delete, inline_blob, put, stored_blob


async def error_of(attempt: Awaitable[Any]) -> S3Error:
    with pytest.raises(S3Error) as caught:
        await attempt
    return caught.value


async def set_versioning(store: Store, state: Versioning) -> None:
    await store.buckets.set_versioning(SetVersioning("photos", state))


@pytest_twisted.ensureDeferred
async def test_a_version_comes_back_as_it_was_put(store: Store) -> None:
    blobs = (stored_blob(10), stored_blob(20))
    crc = Checksum(ChecksumAlgorithm.CRC32C, "abcd==-2", ChecksumType.COMPOSITE)
    version = ObjectVersion(
        key="dir/ü\n\U0001f600",
        version_id="ignored where versioning is off",
        last_modified_ms=12_345,
        owner=ANN,
        size_bytes=25,
        etag="0123-2",
        storage_class="STANDARD_IA",
        headers={"content-type": "text/plain", "cache-control": "no-store"},
        user_metadata={"colour": "grün"},
        segments=(Segment(blobs[0].locator, 0, 10), Segment(blobs[1].locator, 5, 15)),
        parts=(PartBoundary(1, 10, (crc,)), PartBoundary(2, 15)),
        checksums=(crc, Checksum(ChecksumAlgorithm.SHA256, "xyz=")),
        tags=(("b", "1"), ("a", "")),
        acl='{"grants": []}',
    )
    await store.objects.put(PutObject("photos", version, blobs))
    bucket, found = await store.objects.get("photos", version.key)
    assert found == evolve(version, version_id="null")
    assert bucket == await store.buckets.get("photos")
    _, page = await store.objects.list_objects("photos", ListObjects())
    assert page.objects[0].checksums == (("crc32c", "COMPOSITE"), ("sha256", "FULL_OBJECT"))
    assert page.objects[0].owner == ANN


@pytest_twisted.ensureDeferred
async def test_a_small_content_comes_along_when_asked_for(store: Store) -> None:
    blob = inline_blob(b"0123456789")
    await store.objects.put(put("a", blob))
    assert (await store.objects.get("photos", "a"))[1].content is None
    assert (await store.objects.get("photos", "a", with_content=True))[1].content == b"0123456789"
    middle = evolve(put("b").version, segments=(Segment(blob.locator, 2, 3),), size_bytes=3)
    await store.objects.put(PutObject("photos", middle))
    assert (await store.objects.get("photos", "b", with_content=True))[1].content == b"234"
    assert await store.blobs.read_content(blob.locator) == b"0123456789"


@pytest_twisted.ensureDeferred
async def test_bytes_of_a_backend_or_of_several_blobs_do_not_come_along(store: Store) -> None:
    await store.objects.put(put("a", stored_blob()))
    await store.objects.put(put("b", inline_blob(), inline_blob()))
    await store.objects.put(put("c"))
    for key in ("a", "b", "c"):
        assert (await store.objects.get("photos", key, with_content=True))[1].content is None


@pytest_twisted.ensureDeferred
async def test_an_empty_object_may_have_an_empty_blob(store: Store) -> None:
    await store.objects.put(put("a", inline_blob(b"")))
    assert (await store.objects.get("photos", "a", with_content=True))[1].content == b""


@pytest_twisted.ensureDeferred
async def test_what_is_not_there_has_its_own_error(store: Store) -> None:
    objects = store.objects
    missing = await error_of(objects.get("photos", "a"))
    assert (missing.code, missing.elements) == ("NoSuchKey", {"Key": "a"})
    missing = await error_of(objects.get("photos", "a", "v1"))
    assert (missing.code, missing.elements) == ("NoSuchVersion", {"Key": "a", "VersionId": "v1"})
    for attempt in (
        objects.get("nope", "a"),
        objects.put(evolve(put(), bucket="nope")),
        objects.delete(evolve(delete(), bucket="nope")),
        objects.list_objects("nope", ListObjects()),
    ):
        assert (await error_of(attempt)).code == "NoSuchBucket"


@pytest_twisted.ensureDeferred
async def test_if_none_match_wants_no_object(store: Store) -> None:
    await store.objects.put(put(etag="e1", if_none_match=True))
    error = await error_of(store.objects.put(put(etag="e2", if_none_match=True)))
    assert (error.code, error.elements) == ("PreconditionFailed", {"Condition": "If-None-Match"})
    assert (await store.objects.get("photos", "a"))[1].etag == "e1"


@pytest_twisted.ensureDeferred
async def test_if_match_wants_this_object(store: Store) -> None:
    objects = store.objects
    assert (await error_of(objects.put(put(if_match="e1")))).code == "NoSuchKey"
    await objects.put(put(etag="e1"))
    assert (await error_of(objects.put(put(etag="e2", if_match="e9")))).code == "PreconditionFailed"
    await objects.put(put(etag="e2", if_match="e1"))
    assert (await error_of(objects.delete(delete(if_match="e1")))).code == "PreconditionFailed"
    await objects.put(put(etag="e3", if_match="*"))
    await objects.delete(delete(if_match="e3"))
    assert (await error_of(objects.delete(delete(if_match="*")))).code == "NoSuchKey"


@pytest_twisted.ensureDeferred
async def test_a_delete_marker_counts_as_no_object_in_conditions(store: Store) -> None:
    await set_versioning(store, Versioning.ENABLED)
    await store.objects.put(put(etag="e1"))
    await store.objects.delete(delete())
    assert (await error_of(store.objects.put(put(if_match="e1")))).code == "NoSuchKey"
    await store.objects.put(put(if_none_match=True))


@pytest_twisted.ensureDeferred
async def test_of_many_conditional_creators_exactly_one_wins(store: Store) -> None:
    attempts = [
        ensureDeferred(store.objects.put(put("lock", etag=f"e{n}", if_none_match=True)))
        for n in range(100)
    ]
    results: list[Any] = await DeferredList(attempts, consumeErrors=True)
    won = [f"e{number}" for number, (ok, _) in enumerate(results) if ok]
    assert [(await store.objects.get("photos", "lock"))[1].etag] == won
    lost = [failure.value.code for ok, failure in results if not ok]
    assert lost == ["PreconditionFailed"] * 99


@pytest_twisted.ensureDeferred
async def test_version_ids_shown_depend_on_the_state_of_the_bucket(store: Store) -> None:
    assert (await store.objects.put(put(version_id="v0"))).version_id is None
    await set_versioning(store, Versioning.ENABLED)
    assert (await store.objects.put(put(version_id="v1"))).version_id == "v1"
    await set_versioning(store, Versioning.SUSPENDED)
    assert (await store.objects.put(put(version_id="v2"))).version_id == "null"
    assert (await store.objects.get("photos", "a", "v1"))[1].is_latest is False
    assert (await error_of(store.objects.get("photos", "a", "v2"))).code == "NoSuchVersion"


@pytest_twisted.ensureDeferred
async def test_a_delete_marker_is_answered_as_a_version(store: Store) -> None:
    await set_versioning(store, Versioning.ENABLED)
    await store.objects.put(put(version_id="v1"))
    result = await store.objects.delete(delete(marker_id="m1"))
    assert (result.version_id, result.is_delete_marker) == ("m1", True)
    for version_id in (None, "m1"):
        _, marker = await store.objects.get("photos", "a", version_id)
        assert (marker.is_delete_marker, marker.is_latest, marker.version_id) == (True, True, "m1")
    removed = await store.objects.delete(delete(version_id="m1"))
    assert (removed.version_id, removed.is_delete_marker) == ("m1", True)
    assert (await store.objects.get("photos", "a"))[1].version_id == "v1"


@pytest_twisted.ensureDeferred
async def test_the_null_version_is_replaced_wherever_it_is(store: Store) -> None:
    blob = stored_blob()
    await store.objects.put(put("a", blob, etag="null one"))
    await set_versioning(store, Versioning.ENABLED)
    await store.objects.put(put(version_id="v1"))
    await store.objects.delete(delete(marker_id="m1"))
    await set_versioning(store, Versioning.SUSPENDED)
    await store.objects.put(put(etag="null two"))
    _, null = await store.objects.get("photos", "a", "null")
    assert (null.etag, null.is_latest) == ("null two", True)
    assert await store.garbage.list(10**15, 10) == (blob.locator,)


@pytest_twisted.ensureDeferred
async def test_time_goes_forward_for_a_key_whatever_the_clock_says(store: Store) -> None:
    await set_versioning(store, Versioning.ENABLED)
    first = await store.objects.put(put(at_ms=5_000))
    second = await store.objects.put(put(at_ms=4_000, version_id="v2"))
    await store.objects.delete(delete(at_ms=3_000, marker_id="m"))
    third = await store.objects.put(put(at_ms=5_001))
    assert [each.last_modified_ms for each in (first, second, third)] == [5_000, 5_001, 5_003]
    assert (await store.objects.get("photos", "a", "v2"))[1].last_modified_ms == 5_001
    assert (await store.objects.get("photos", "a", "m"))[1].last_modified_ms == 5_002


@pytest_twisted.ensureDeferred
async def test_a_copy_needs_its_blob_to_be_there_still(store: Store) -> None:
    kept, lost = stored_blob(), stored_blob()
    await store.objects.put(put("a", kept))
    segments = tuple(Segment(blob.locator, 0, 1) for blob in (kept, lost))
    copy = PutObject("photos", evolve(put("b").version, segments=segments))
    with pytest.raises(BlobMissing) as caught:
        await store.objects.put(copy)
    assert caught.value.locator == lost.locator
    await store.objects.delete(delete("a"))
    assert await store.garbage.list(10**15, 10) == (kept.locator,)  # the failed copy counts not


@pytest_twisted.ensureDeferred
async def test_a_copy_onto_itself_keeps_its_bytes(store: Store) -> None:
    blob = inline_blob(b"precious")
    await store.objects.put(put("a", blob))
    _, version = await store.objects.get("photos", "a")
    await store.objects.put(PutObject("photos", evolve(version, etag="e2")))
    assert (await store.objects.get("photos", "a", with_content=True))[1].content == b"precious"


@pytest_twisted.ensureDeferred
async def test_garbage_is_told_by_age_and_forgotten(store: Store) -> None:
    blobs = [stored_blob() for _ in range(3)]
    for number, blob in enumerate(blobs):
        await store.objects.put(put(f"k{number}", blob))
        await store.objects.delete(delete(f"k{number}", at_ms=1_000 * number))
    locators = tuple(blob.locator for blob in blobs)
    assert await store.garbage.list(2_000, 10) == locators[:2]
    assert await store.garbage.list(5_000, 1) == locators[:1]
    await store.garbage.forget([locators[0], "unknown"])
    assert await store.garbage.list(5_000, 10) == locators[1:]


@pytest_twisted.ensureDeferred
async def test_referenced_tells_what_versions_refer_to(store: Store) -> None:
    small, large, gone = inline_blob(), stored_blob(), stored_blob()
    await store.objects.put(put("a", small, large))
    await store.objects.put(put("b", gone))
    await store.objects.delete(delete("b"))
    asked = [small.locator, large.locator, gone.locator, "unknown"]
    assert await store.blobs.referenced(asked) == {small.locator, large.locator}
    assert await store.blobs.read_content(large.locator) is None


@pytest_twisted.ensureDeferred
async def test_ten_thousand_segments_are_counted_and_released_at_once(store: Store) -> None:
    blobs = [Blob(f"blob {number}", 1) for number in range(10_000)]
    await store.objects.put(put("a", *blobs))
    assert len((await store.objects.get("photos", "a"))[1].segments) == 10_000
    await store.objects.delete(delete("a"))
    assert len(await store.garbage.list(10**15, 20_000)) == 10_000
