"""Tags and access control lists of object versions."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve

from bleepstore.errors import S3Error
from bleepstore.metadata.buckets import SetVersioning
from bleepstore.metadata.objects import SetAcl, SetTags
from bleepstore.metadata.store import Store
from bleepstore.values import Versioning
from tests.metadata.samples import delete, put

TAGS = (("b", "1"), ("a", ""))


async def error_of(attempt: Awaitable[Any]) -> S3Error:
    with pytest.raises(S3Error) as caught:
        await attempt
    return caught.value


@pytest_twisted.ensureDeferred
async def test_nothing_else_changes_when_something_is_set(store: Store) -> None:
    await store.objects.put(put())
    _, before = await store.objects.get("photos", "a")
    assert await store.objects.set_tags(SetTags("photos", "a", None, TAGS)) is None
    assert await store.objects.set_acl(SetAcl("photos", "a", None, "{}")) is None
    assert (await store.objects.get("photos", "a"))[1] == evolve(before, tags=TAGS, acl="{}")
    await store.objects.set_tags(SetTags("photos", "a", None, ()))
    await store.objects.set_acl(SetAcl("photos", "a", "null", ""))
    assert (await store.objects.get("photos", "a"))[1] == before


@pytest_twisted.ensureDeferred
async def test_each_version_has_its_own_settings(store: Store) -> None:
    objects = store.objects
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    for version_id in ("v1", "v2"):
        await objects.put(put(version_id=version_id))
    assert await objects.set_tags(SetTags("photos", "a", "v1", TAGS)) == "v1"
    assert await objects.set_acl(SetAcl("photos", "a", None, "{}")) == "v2"
    _, older = await objects.get("photos", "a", "v1")
    _, newer = await objects.get("photos", "a", "v2")
    assert (older.tags, older.acl) == (TAGS, "")
    assert (newer.tags, newer.acl) == ((), "{}")
    assert await objects.set_tags(SetTags("photos", "a", "v2", TAGS)) == "v2"
    assert (await objects.get("photos", "a"))[1].tags == TAGS


@pytest_twisted.ensureDeferred
async def test_what_is_not_there_or_a_marker_takes_no_settings(store: Store) -> None:
    objects = store.objects
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    missing = await error_of(objects.set_tags(SetTags("photos", "a", None, TAGS)))
    assert (missing.code, missing.elements) == ("NoSuchKey", {"Key": "a"})
    await objects.put(put(version_id="v1"))
    await objects.delete(delete(marker_id="m1"))
    behind_marker = await error_of(objects.set_acl(SetAcl("photos", "a", None, "{}")))
    assert behind_marker.code == "NoSuchKey"
    marker = await error_of(objects.set_acl(SetAcl("photos", "a", "m1", "{}")))
    assert (marker.code, marker.headers) == ("MethodNotAllowed", (("allow", "DELETE"),))
    unknown = await error_of(objects.set_tags(SetTags("photos", "a", "v9", TAGS)))
    assert (unknown.code, unknown.elements) == ("NoSuchVersion", {"Key": "a", "VersionId": "v9"})
    nowhere = await error_of(objects.set_tags(SetTags("nope", "a", None, TAGS)))
    assert nowhere.code == "NoSuchBucket"
