"""Buckets: making, finding, listing, deleting, versioning."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve

from bleepstore.errors import S3Error
from bleepstore.metadata.buckets import (
    CreateBucket,
    SetBucketAcl,
    SetBucketTags,
    SetOwnership,
    SetVersioning,
)
from bleepstore.metadata.store import Store
from bleepstore.values import Owner, Ownership, Versioning
from tests.metadata.samples import BOB, bucket, delete, put


async def code_of(attempt: Awaitable[Any]) -> str:
    with pytest.raises(S3Error) as caught:
        await attempt
    return caught.value.code


@pytest_twisted.ensureDeferred
async def test_a_bucket_is_found_as_it_was_made(store: Store) -> None:
    assert await store.buckets.get("photos") == bucket()


@pytest_twisted.ensureDeferred
async def test_a_name_belongs_to_one_bucket(store: Store) -> None:
    again = CreateBucket(evolve(bucket(), id="another id"))
    assert await code_of(store.buckets.create(again)) == "BucketAlreadyOwnedByYou"
    stranger = CreateBucket(evolve(bucket(owner=BOB), id="another id"))
    assert await code_of(store.buckets.create(stranger)) == "BucketAlreadyExists"
    assert await store.buckets.get("photos") == bucket()


@pytest_twisted.ensureDeferred
async def test_what_does_not_exist_has_its_name_in_the_error(store: Store) -> None:
    for attempt in (store.buckets.get("nope"), store.buckets.delete("nope")):
        with pytest.raises(S3Error) as caught:
            await attempt
        assert (caught.value.code, caught.value.elements) == (
            "NoSuchBucket",
            {"BucketName": "nope"},
        )


@pytest_twisted.ensureDeferred
async def test_an_empty_bucket_can_go_and_come_back(store: Store) -> None:
    await store.objects.put(put())
    assert await code_of(store.buckets.delete("photos")) == "BucketNotEmpty"
    await store.objects.delete(delete())
    await store.buckets.delete("photos")
    assert await code_of(store.buckets.get("photos")) == "NoSuchBucket"
    await store.buckets.create(CreateBucket(evolve(bucket(), id="new")))
    assert (await store.buckets.get("photos")).id == "new"


@pytest_twisted.ensureDeferred
async def test_a_delete_marker_keeps_a_bucket_from_going(store: Store) -> None:
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    await store.objects.delete(delete(marker_id="m"))
    assert await code_of(store.buckets.delete("photos")) == "BucketNotEmpty"
    await store.objects.delete(delete(version_id="m"))
    await store.buckets.delete("photos")


@pytest_twisted.ensureDeferred
async def test_list_pages_by_name_within_one_account(store: Store) -> None:
    for name in ("b-1", "b-3", "b-2", "a-1"):
        await store.buckets.create(CreateBucket(bucket(name, BOB)))

    async def names(prefix: str, after: str, limit: int) -> tuple[list[str], bool]:
        page = await store.buckets.list(BOB.id, prefix, after, limit)
        return [each.name for each in page.buckets], page.is_truncated

    assert await names("", "", 10) == (["a-1", "b-1", "b-2", "b-3"], False)
    assert await names("b-", "", 2) == (["b-1", "b-2"], True)
    assert await names("b-", "b-2", 2) == (["b-3"], False)
    assert await names("", "", 4) == (["a-1", "b-1", "b-2", "b-3"], False)
    assert await names("c", "", 4) == ([], False)


@pytest_twisted.ensureDeferred
async def test_an_owner_without_an_account_has_no_name(store: Store) -> None:
    await store.buckets.create(CreateBucket(bucket("b-1", BOB)))
    assert (await store.buckets.get("b-1")).owner == Owner(BOB.id, "")


@pytest_twisted.ensureDeferred
async def test_versioning_is_kept(store: Store) -> None:
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.SUSPENDED))
    assert (await store.buckets.get("photos")).versioning is Versioning.SUSPENDED
    missing = SetVersioning("nope", Versioning.ENABLED)
    assert await code_of(store.buckets.set_versioning(missing)) == "NoSuchBucket"


@pytest_twisted.ensureDeferred
async def test_a_bucket_may_be_made_with_its_settings(store: Store) -> None:
    made = evolve(
        bucket("set"), acl="{}", ownership=Ownership.OBJECT_WRITER, tags=(("b", "1"), ("a", ""))
    )
    await store.buckets.create(CreateBucket(made))
    assert await store.buckets.get("set") == made
    assert (await store.buckets.list(made.owner.id, "set", "", 1)).buckets == (made,)


@pytest_twisted.ensureDeferred
async def test_settings_are_replaced_and_taken_away(store: Store) -> None:
    buckets = store.buckets
    await buckets.set_acl(SetBucketAcl("photos", '{"grants": []}'))
    await buckets.set_ownership(SetOwnership("photos", Ownership.BUCKET_OWNER_ENFORCED))
    await buckets.set_tags(SetBucketTags("photos", (("ü", "\x00\n"), ("a", "b"))))
    assert await buckets.get("photos") == evolve(
        bucket(),
        acl='{"grants": []}',
        ownership=Ownership.BUCKET_OWNER_ENFORCED,
        tags=(("ü", "\x00\n"), ("a", "b")),
    )
    await buckets.set_acl(SetBucketAcl("photos", ""))
    await buckets.set_ownership(SetOwnership("photos", None))
    await buckets.set_tags(SetBucketTags("photos", ()))
    assert await buckets.get("photos") == bucket()


@pytest_twisted.ensureDeferred
async def test_nothing_is_set_about_a_bucket_that_is_not_there(store: Store) -> None:
    buckets = store.buckets
    assert await code_of(buckets.set_acl(SetBucketAcl("nope", ""))) == "NoSuchBucket"
    assert await code_of(buckets.set_ownership(SetOwnership("nope", None))) == "NoSuchBucket"
    assert await code_of(buckets.set_tags(SetBucketTags("nope", ()))) == "NoSuchBucket"
