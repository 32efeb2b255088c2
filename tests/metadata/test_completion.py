"""What becomes of an upload's parts: the object, and every reason to refuse it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from awscrt import checksums as crt

from bleepstore.errors import S3Error
from bleepstore.metadata.buckets import SetVersioning
from bleepstore.metadata.store import Store
from bleepstore.metadata.uploads import AbortUpload, CompleteUpload, CreateUpload
from bleepstore.values import (
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    Part,
    PartBoundary,
    Versioning,
)
from tests.metadata.samples import (
    complete,
    delete,
    part_of,
    put,
    put_part,
    stored_blob,
    upload,
)

CONTENTS = {number: bytes([number]) * (number + 3) for number in (1, 2, 4)}


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def crc64(data: bytes) -> Checksum:
    value = base64.b64encode(crt.crc64nvme(data).to_bytes(8, "big")).decode()
    return Checksum(ChecksumAlgorithm.CRC64NVME, value)


def sha256(data: bytes) -> Checksum:
    value = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return Checksum(ChecksumAlgorithm.SHA256, value)


async def error_of(attempt: Awaitable[Any]) -> S3Error:
    with pytest.raises(S3Error) as caught:
        await attempt
    return caught.value


async def begin(store: Store, **changes: Any) -> None:
    await store.uploads.create(CreateUpload("photos", evolve(upload(), **changes)))


async def add(store: Store, part: Part) -> Part:
    """Upload a part with new bytes, and say how it is stored."""
    blob = stored_blob(part.size_bytes)
    segments = part_of(part.number, blob).segments
    await store.uploads.put_part(put_part(evolve(part, segments=segments), blob))
    return evolve(part, segments=segments)


async def add_contents(store: Store, *makers: Any) -> list[Part]:
    """Upload :data:`CONTENTS`, each part with the checksums that the makers give."""
    return [
        await add(
            store,
            Part(
                number,
                len(data),
                md5(data),
                2_000,
                checksums=tuple(make(data) for make in makers),
            ),
        )
        for number, data in CONTENTS.items()
    ]


@pytest_twisted.ensureDeferred
async def test_the_object_is_made_of_the_parts_in_their_order(store: Store) -> None:
    await begin(
        store,
        storage_class="GLACIER",
        headers={"content-type": "x/y"},
        user_metadata={"colour": "red"},
        tags=(("k", "v"),),
        acl="{}",
    )
    parts = await add_contents(store)
    completed = await store.uploads.complete(complete(*parts, at_ms=8_000))
    digests = b"".join(hashlib.md5(data).digest() for data in CONTENTS.values())
    etag = f"{md5(digests)}-3"
    assert (completed.version_id, completed.etag, completed.checksums) == (None, etag, ())
    _, version = await store.objects.get("photos", "a")
    assert version.segments == tuple(part.segments[0] for part in parts)
    assert version.parts == tuple(PartBoundary(each.number, each.size_bytes) for each in parts)
    assert version.size_bytes == sum(map(len, CONTENTS.values()))
    assert (version.etag, version.last_modified_ms, version.owner) == (etag, 8_000, upload().owner)
    assert (version.storage_class, version.acl) == ("GLACIER", "{}")
    assert (version.headers, version.user_metadata) == (
        {"content-type": "x/y"},
        {"colour": "red"},
    )
    assert version.tags == (("k", "v"),)
    assert (await error_of(store.uploads.get("photos", "a", "u1"))).code == "NoSuchUpload"


@pytest_twisted.ensureDeferred
async def test_parts_left_out_become_garbage(store: Store) -> None:
    await begin(store)
    first, second, fourth = await add_contents(store)
    await store.uploads.complete(complete(first, fourth, at_ms=8_000))
    assert await store.garbage.list(8_001, 10) == (second.segments[0].locator,)
    assert [part.number for part in (await store.objects.get("photos", "a"))[1].parts] == [1, 4]
    await store.objects.delete(delete("a"))
    everything = {part.segments[0].locator for part in (first, second, fourth)}
    assert set(await store.garbage.list(10**15, 10)) == everything


@pytest_twisted.ensureDeferred
async def test_completing_twice_answers_the_same(store: Store) -> None:
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    await begin(store)
    parts = await add_contents(store, crc64)
    first = await store.uploads.complete(evolve(complete(*parts), if_none_match=True))
    again = await store.uploads.complete(evolve(complete(*parts), if_none_match=True))
    assert again == first
    assert first.version_id is not None
    assert first.checksums == (crc64(b"".join(CONTENTS.values())),)
    _, version = await store.objects.get("photos", "a")
    assert (version.version_id, version.checksums) == (first.version_id, first.checksums)
    abort = AbortUpload("photos", "a", "u1", 1)
    assert (await error_of(store.uploads.abort(abort))).code == "NoSuchUpload"
    late = part_of(5)
    assert (await error_of(store.uploads.put_part(put_part(late)))).code == "NoSuchUpload"


@pytest_twisted.ensureDeferred
async def test_wrong_lists_of_parts(store: Store) -> None:
    await begin(store)
    first, second, fourth = await add_contents(store, crc64)

    async def refusal(*parts: Part, **changes: Any) -> S3Error:
        return await error_of(store.uploads.complete(evolve(complete(*parts), **changes)))

    assert (await refusal()).code == "MalformedXML"
    assert (await refusal(second, first)).code == "InvalidPartOrder"
    assert (await refusal(first, first)).code == "InvalidPartOrder"
    missing = await refusal(first, second, part_of(3, etag="77"))
    assert (missing.code, missing.elements) == (
        "InvalidPart",
        {"UploadId": "u1", "PartNumber": "3", "ETag": "77"},
    )
    assert (await refusal(first, evolve(second, etag=first.etag))).code == "InvalidPart"
    other_checksum = evolve(second, checksums=(crc64(b"other"),))
    assert (await refusal(first, other_checksum)).code == "InvalidPart"
    unknown_checksum = evolve(second, checksums=(sha256(CONTENTS[2]),))
    assert (await refusal(first, unknown_checksum)).code == "InvalidPart"
    small = await refusal(first, second, fourth, min_part_size=5)
    assert (small.code, small.elements) == (
        "EntityTooSmall",
        {
            "ProposedSize": "4",
            "MinSizeAllowed": "5",
            "PartNumber": "1",
            "ETag": first.etag,
        },
    )
    assert (await refusal(first, expected_size=5)).code == "InvalidRequest"
    # After all of that the upload is as it was.
    completed = evolve(complete(fourth), min_part_size=100, expected_size=7)
    await store.uploads.complete(completed)
    assert (await store.objects.get("photos", "a"))[1].size_bytes == 7


@pytest_twisted.ensureDeferred
async def test_the_smallest_part_has_five_mebibytes_unless_said_otherwise(store: Store) -> None:
    await begin(store)
    enough, short = 5 * 1024 * 1024, 5 * 1024 * 1024 - 1
    sizes = {1: enough, 2: short, 3: 1}
    parts = [await add(store, evolve(part_of(n), size_bytes=size)) for n, size in sizes.items()]
    strict = CompleteUpload("photos", "a", "u1", complete(*parts).parts, "v", 9)
    error = await error_of(store.uploads.complete(strict))
    assert (error.code, error.elements["PartNumber"]) == ("EntityTooSmall", "2")
    await store.uploads.complete(evolve(strict, parts=(strict.parts[0], strict.parts[2])))


@pytest_twisted.ensureDeferred
async def test_a_composite_checksum_is_made_of_those_of_the_parts(store: Store) -> None:
    await begin(
        store,
        checksum_algorithm=ChecksumAlgorithm.SHA256,
        checksum_type=ChecksumType.COMPOSITE,
    )
    parts = await add_contents(store, sha256)
    digests = b"".join(hashlib.sha256(data).digest() for data in CONTENTS.values())
    composite = base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-3"
    expected = Checksum(ChecksumAlgorithm.SHA256, composite, ChecksumType.COMPOSITE)

    without = complete(*(evolve(part, checksums=()) for part in parts))
    error = await error_of(store.uploads.complete(without))
    assert error.code == "InvalidRequest"
    assert "sha256" in error.message
    assert "part 1" in error.message
    wrong = evolve(complete(*parts), expected_checksum=evolve(expected, value="AAAA-3"))
    assert (await error_of(store.uploads.complete(wrong))).code == "BadDigest"
    right = evolve(complete(*parts), expected_checksum=expected)
    assert (await store.uploads.complete(right)).checksums == (expected,)
    boundaries = (await store.objects.get("photos", "a"))[1].parts
    assert [each.checksums for each in boundaries] == [part.checksums for part in parts]


@pytest_twisted.ensureDeferred
async def test_an_expected_checksum_must_be_possible_and_right(store: Store) -> None:
    await begin(store)
    parts = await add_contents(store, crc64)
    whole = b"".join(CONTENTS.values())
    for impossible in (sha256(whole), crc64(whole + b"x")):
        wrong = evolve(complete(*parts), expected_checksum=impossible)
        assert (await error_of(store.uploads.complete(wrong))).code == "BadDigest"
    right = evolve(complete(*parts), expected_checksum=crc64(whole), expected_size=len(whole))
    assert (await store.uploads.complete(right)).checksums == (crc64(whole),)


@pytest_twisted.ensureDeferred
async def test_a_part_without_the_checksum_leaves_the_object_without_one(store: Store) -> None:
    await begin(store, checksum_algorithm=ChecksumAlgorithm.CRC64NVME)
    parts = [*(await add_contents(store, crc64)), await add(store, part_of(9))]
    assert (await store.uploads.complete(complete(*parts))).checksums == ()


@pytest_twisted.ensureDeferred
async def test_conditions_are_decided_at_the_completion(store: Store) -> None:
    await begin(store)
    part = await add(store, part_of(1))
    missing = await error_of(store.uploads.complete(evolve(complete(part), if_match="e1")))
    assert missing.code == "NoSuchKey"
    await store.objects.put(put(etag="e1"))
    exists = await error_of(store.uploads.complete(evolve(complete(part), if_none_match=True)))
    assert (exists.code, exists.elements) == (
        "PreconditionFailed",
        {"Condition": "If-None-Match"},
    )
    other = await error_of(store.uploads.complete(evolve(complete(part), if_match="e2")))
    assert other.code == "PreconditionFailed"
    await store.uploads.complete(evolve(complete(part), if_match="e1"))
