"""Multipart uploads: their life, their listings, their end."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet.defer import DeferredList, ensureDeferred

from bleepstore.errors import BlobMissing, S3Error
from bleepstore.metadata import uploads_expiry
from bleepstore.metadata.buckets import CreateBucket
from bleepstore.metadata.store import Store
from bleepstore.metadata.uploads import AbortUpload, CreateUpload, ListUploads, PutPart
from bleepstore.values import (
    ChecksumAlgorithm,
    ChecksumType,
    Owner,
    Segment,
    Upload,
)
from tests.metadata.samples import (
    ANN,
    BOB,
    bucket,
    complete,
    inline_blob,
    part_of,
    put,
    put_part,
    stored_blob,
    upload,
)


async def error_of(attempt: Awaitable[Any]) -> S3Error:
    with pytest.raises(S3Error) as caught:
        await attempt
    return caught.value


async def begin(store: Store, upload_id: str = "u1", key: str = "a", **changes: Any) -> Upload:
    begun = evolve(upload(upload_id, key), **changes)
    await store.uploads.create(CreateUpload("photos", begun))
    return begun


async def garbage(store: Store) -> set[str]:
    return set(await store.garbage.list(10**15, 1000))


@pytest_twisted.ensureDeferred
async def test_an_upload_comes_back_as_it_was_begun(store: Store) -> None:
    begun = await begin(
        store,
        initiator=Owner(BOB.id),
        initiated_ms=77,
        storage_class="STANDARD_IA",
        headers={"content-type": "text/plain"},
        user_metadata={"colour": "grün"},
        tags=(("b", "1"), ("a", "")),
        acl="{}",
        checksum_algorithm=ChecksumAlgorithm.SHA256,
        checksum_type=ChecksumType.COMPOSITE,
    )
    assert await store.uploads.get("photos", "a", "u1") == begun
    assert begun.owner == ANN


@pytest_twisted.ensureDeferred
async def test_an_upload_is_known_by_bucket_key_and_id_together(store: Store) -> None:
    await begin(store)
    await store.buckets.create(CreateBucket(bucket("other")))
    for place in (("photos", "b", "u1"), ("photos", "a", "u2"), ("other", "a", "u1")):
        assert (await error_of(store.uploads.get(*place))).code == "NoSuchUpload"
        assert (await error_of(store.uploads.list_parts(*place, 0, 10))).code == "NoSuchUpload"
        stray = PutPart(*place, part_of(1))
        assert (await error_of(store.uploads.put_part(stray))).code == "NoSuchUpload"
        abort = AbortUpload(*place, 1)
        assert (await error_of(store.uploads.abort(abort))).code == "NoSuchUpload"
        elsewhere = evolve(complete(part_of(1)), bucket=place[0], key=place[1], upload_id=place[2])
        assert (await error_of(store.uploads.complete(elsewhere))).code == "NoSuchUpload"
    assert (await error_of(store.uploads.get("nope", "a", "u1"))).code == "NoSuchBucket"
    assert (await error_of(store.uploads.list_uploads("nope", ListUploads()))).code == (
        "NoSuchBucket"
    )


@pytest_twisted.ensureDeferred
async def test_parts_are_listed_in_pages(store: Store) -> None:
    begun = await begin(store)
    parts = [part_of(number) for number in (3, 1, 10_000)]
    for part in parts:
        await store.uploads.put_part(put_part(part))
    ordered = [parts[1], parts[0], parts[2]]

    async def page(marker: int, limit: int) -> tuple[list[int], bool]:
        found, listed, is_truncated = await store.uploads.list_parts(
            "photos", "a", "u1", marker, limit
        )
        assert found == begun
        return [part.number for part in listed], is_truncated

    assert await page(0, 10) == ([1, 3, 10_000], False)
    assert await page(0, 2) == ([1, 3], True)
    assert await page(3, 1) == ([10_000], False)
    assert await page(10_000, 1) == ([], False)
    assert await page(0, 0) == ([], False)
    _, listed, _ = await store.uploads.list_parts("photos", "a", "u1", 0, 10)
    assert list(listed) == ordered


@pytest_twisted.ensureDeferred
async def test_a_part_gives_way_to_the_next_of_its_number(store: Store) -> None:
    await begin(store)
    first, second = stored_blob(10), stored_blob(20)
    await store.uploads.put_part(put_part(part_of(1, first, etag="01"), first))
    await store.uploads.put_part(put_part(part_of(1, second, etag="02"), second))
    _, parts, _ = await store.uploads.list_parts("photos", "a", "u1", 0, 10)
    assert [(part.etag, part.size_bytes) for part in parts] == [("02", 20)]
    assert await garbage(store) == {first.locator}
    await store.uploads.complete(complete(part_of(1, second, etag="02")))
    assert (await store.objects.get("photos", "a"))[1].size_bytes == 20


@pytest_twisted.ensureDeferred
async def test_a_part_may_share_the_bytes_of_an_object(store: Store) -> None:
    await begin(store)
    blob = stored_blob(100)
    await store.objects.put(put("source", blob))
    shared = evolve(part_of(1), size_bytes=50, segments=(Segment(blob.locator, 25, 50),))
    await store.uploads.put_part(put_part(shared))
    await store.objects.put(put("source"))
    assert await garbage(store) == set()
    lost = evolve(part_of(2), segments=(Segment("gone", 0, 1),))
    with pytest.raises(BlobMissing):
        await store.uploads.put_part(put_part(lost))
    await store.uploads.abort(AbortUpload("photos", "a", "u1", 9))
    assert await garbage(store) == {blob.locator}


@pytest_twisted.ensureDeferred
async def test_an_aborted_upload_leaves_nothing(store: Store) -> None:
    await begin(store)
    stored, small = stored_blob(), inline_blob(b"small")
    await store.uploads.put_part(put_part(part_of(1, stored), stored))
    await store.uploads.put_part(put_part(part_of(2, small), small))
    await store.uploads.abort(AbortUpload("photos", "a", "u1", 9))
    assert await store.garbage.list(10, 10) == (stored.locator,)
    assert await store.blobs.read_content(small.locator) is None
    assert (await error_of(store.uploads.get("photos", "a", "u1"))).code == "NoSuchUpload"
    late = stored_blob()
    error = await error_of(store.uploads.put_part(put_part(part_of(1, late), late)))
    assert (error.code, error.elements) == ("NoSuchUpload", {"UploadId": "u1"})
    assert await store.blobs.referenced([late.locator]) == set()


@pytest_twisted.ensureDeferred
async def test_of_parts_and_ends_at_the_same_time_nothing_is_lost_or_mixed(store: Store) -> None:
    """Whatever order they take, each part put is in the object, garbage, or refused."""
    await begin(store)
    base = stored_blob(1)
    await store.uploads.put_part(put_part(part_of(1, base), base))
    blobs = [stored_blob(1) for _ in range(40)]
    attempts: list[Any] = []
    for number, blob in enumerate(blobs, 2):
        attempts.append(store.uploads.put_part(put_part(part_of(number, blob), blob)))
        if number % 10 == 0:
            attempts.append(store.uploads.complete(complete(part_of(1, base))))
            attempts.append(store.uploads.abort(AbortUpload("photos", "a", "u1", 9)))
    results: Any = await DeferredList(
        [ensureDeferred(attempt) for attempt in attempts], consumeErrors=True
    )
    refused = [failure.value for ok, failure in results if not ok]
    assert refused
    assert {error.code for error in refused} == {"NoSuchUpload"}
    locators = [base.locator, *(blob.locator for blob in blobs)]
    referenced = await store.blobs.referenced(locators)
    assert not referenced & await garbage(store)
    _, version = await store.objects.get("photos", "a")
    assert referenced == {segment.locator for segment in version.segments} == {base.locator}


@pytest_twisted.ensureDeferred
async def test_expiry_takes_old_uploads_and_those_of_gone_buckets(store: Store) -> None:
    blobs = {name: stored_blob() for name in ("old", "young", "orphan")}
    await begin(store, "old", initiated_ms=1_000)
    await begin(store, "young", initiated_ms=9_000)
    await store.buckets.create(CreateBucket(bucket("doomed")))
    orphan = evolve(upload("orphan"), initiated_ms=9_000)
    await store.uploads.create(CreateUpload("doomed", orphan))
    for upload_id, blob in blobs.items():
        place = "doomed" if upload_id == "orphan" else "photos"
        command = evolve(put_part(part_of(1, blob), blob), upload_id=upload_id, bucket=place)
        await store.uploads.put_part(command)
    assert await store.uploads.expire(1_000, 10) == 0
    await store.buckets.delete("doomed")
    assert await store.uploads.expire(5_000, 1) == 1
    assert await store.uploads.expire(5_000, 1) == 1
    assert await store.uploads.expire(5_000, 1) == 0
    assert await garbage(store) == {blobs["old"].locator, blobs["orphan"].locator}
    assert (await store.uploads.get("photos", "a", "young")).initiated_ms == 9_000


@pytest_twisted.ensureDeferred
async def test_expiry_takes_several_uploads_at_once_and_old_completions(store: Store) -> None:
    for number in range(3):
        await begin(store, f"u{number}", initiated_ms=number)
        await store.uploads.put_part(evolve(put_part(part_of(1)), upload_id=f"u{number}"))
    finished = evolve(complete(part_of(1)), upload_id="u0", now_ms=100)
    await store.uploads.complete(finished)
    assert await store.uploads.expire(50, 10) == 2
    await store.uploads.complete(finished)  # is remembered still
    assert await store.uploads.expire(101, 10) == 1
    assert (await error_of(store.uploads.complete(finished))).code == "NoSuchUpload"


@pytest_twisted.ensureDeferred
async def test_expiry_takes_few_uploads_at_once_where_they_have_many_parts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_expiry, "MAX_PARTS_AT_ONCE", 3)
    for number, parts in enumerate((5, 2, 1, 1)):
        await begin(store, f"u{number}", initiated_ms=number)
        for part in range(1, parts + 1):
            await store.uploads.put_part(put_part(part_of(part), upload_id=f"u{number}"))
    assert [await store.uploads.expire(100, 10) for _ in range(3)] == [1, 2, 1]
    assert await store.uploads.expire(100, 10) == 0


class TestListing:
    @staticmethod
    async def page(store: Store, **query: Any) -> tuple[list[Any], Any]:
        listing = await store.uploads.list_uploads("photos", ListUploads(**query))
        shown: list[Any] = [each.upload_id for each in listing.uploads]
        return [*shown, *listing.common_prefixes], listing

    @staticmethod
    async def walk(store: Store, **query: Any) -> list[Any]:
        """All pages, one after the other, as a client follows their markers."""
        shown: list[Any] = []
        key_marker, upload_id_marker = "", ""
        while True:
            query |= {"key_marker": key_marker, "upload_id_marker": upload_id_marker}
            entries, listing = await TestListing.page(store, **query)
            shown += entries
            if not listing.is_truncated:
                return shown
            assert len(entries) == query["max_uploads"]
            key_marker = listing.next_key_marker
            upload_id_marker = listing.next_upload_id_marker

    @staticmethod
    async def fill(store: Store) -> None:
        for upload_id, key in (
            ("4", "b"),
            ("2", "a/1"),
            ("1", "b"),
            ("3", "a/2"),
            ("5", "c/1"),
            ("6", "a"),
        ):
            await begin(store, upload_id, key)

    @pytest_twisted.ensureDeferred
    async def test_order_is_by_key_and_then_by_id(self, store: Store) -> None:
        await self.fill(store)
        everything, listing = await self.page(store)
        assert everything == ["6", "2", "3", "1", "4", "5"]
        assert (listing.is_truncated, listing.next_key_marker) == (False, "")
        assert listing.uploads[0] == upload("6", "a")
        assert (await self.page(store, prefix="a/"))[0] == ["2", "3"]

    @pytest_twisted.ensureDeferred
    async def test_pages_join_without_gaps_or_repeats(self, store: Store) -> None:
        await self.fill(store)
        for size in (1, 2, 3, 6):
            assert await self.walk(store, max_uploads=size) == ["6", "2", "3", "1", "4", "5"]
            rolled_up = await self.walk(store, max_uploads=size, delimiter="/")
            assert sorted(rolled_up) == sorted(["6", "a/", "1", "4", "c/"])
        assert (await self.page(store, max_uploads=0))[0] == []

    @pytest_twisted.ensureDeferred
    async def test_markers(self, store: Store) -> None:
        await self.fill(store)
        assert (await self.page(store, key_marker="b"))[0] == ["5"]
        assert (await self.page(store, key_marker="b", upload_id_marker="1"))[0] == ["4", "5"]
        assert (await self.page(store, key_marker="b", upload_id_marker="0"))[0] == [
            "1",
            "4",
            "5",
        ]
        assert (await self.page(store, upload_id_marker="4"))[0] == ["6", "2", "3", "1", "4", "5"]
        assert (await self.page(store, key_marker="a/", delimiter="/"))[0] == ["1", "4", "c/"]
        assert (await self.page(store, key_marker="z"))[0] == []
