"""A list is set only on the version that has allowed it."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from attrs import evolve

from bleepstore.errors import S3Error
from bleepstore.metadata.objects import SetAcl
from bleepstore.metadata.store import Store
from tests.metadata.samples import BOB, put

_PUBLIC = '[["READ","group","http://acs.amazonaws.com/groups/global/AllUsers"]]'


@pytest_twisted.ensureDeferred
async def test_what_was_seen_may_be_changed_though_its_bytes_were_replaced(store: Store) -> None:
    await store.objects.put(put())
    _, seen = await store.objects.get("photos", "a")
    await store.objects.put(put(etag="e2"))
    await store.objects.set_acl(SetAcl("photos", "a", "null", _PUBLIC, seen=seen))
    assert (await store.objects.get("photos", "a"))[1].acl == _PUBLIC


@pytest.mark.parametrize("change", [{"owner": BOB}, {"acl": "[]"}], ids=["owner", "acl"])
@pytest_twisted.ensureDeferred
async def test_another_owner_or_list_stays_as_it_is(store: Store, change: dict[str, Any]) -> None:
    await store.objects.put(put())
    _, seen = await store.objects.get("photos", "a")
    replacement = put()
    await store.objects.put(evolve(replacement, version=evolve(replacement.version, **change)))
    _, before = await store.objects.get("photos", "a")
    with pytest.raises(S3Error, match="OperationAborted"):
        await store.objects.set_acl(SetAcl("photos", "a", "null", _PUBLIC, seen=seen))
    assert (await store.objects.get("photos", "a"))[1] == before
