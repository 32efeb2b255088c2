"""Garbage that somebody holds is not there for those who delete it."""

from __future__ import annotations

import pytest_twisted

from bleepstore.metadata.blobs import Hold, Postponement
from bleepstore.metadata.store import Store
from bleepstore.values import Blob
from tests.metadata.samples import delete, put, stored_blob


@pytest_twisted.ensureDeferred
async def test_garbage_is_held_until_all_let_go(store: Store) -> None:
    blob = stored_blob()
    await store.objects.put(put("a", blob))
    await store.objects.delete(delete("a", at_ms=6_000))
    await store.garbage.hold(Hold("one", 9_000, now_ms=7_000))
    await store.garbage.hold(Hold("two", 9_000, now_ms=7_000))
    assert await store.garbage.list(8_000, 10) == ()
    await store.garbage.release("one")
    assert await store.garbage.list(8_000, 10) == ()
    await store.garbage.release("two")
    assert await store.garbage.list(8_000, 10) == (blob.locator,)


@pytest_twisted.ensureDeferred
async def test_a_hold_that_nobody_renews_ends(store: Store) -> None:
    blob = stored_blob()
    await store.objects.put(put("a", blob))
    await store.objects.delete(delete("a", at_ms=6_000))
    await store.garbage.hold(Hold("one", 9_000, now_ms=7_000))
    assert await store.garbage.list(9_000, 10) == (blob.locator,)
    await store.garbage.hold(Hold("one", 11_000, now_ms=9_000))
    assert await store.garbage.list(10_000, 10) == ()


@pytest_twisted.ensureDeferred
async def test_what_is_postponed_comes_after_the_others(store: Store) -> None:
    names = ("a", "b", "c")
    for name in names:
        await store.objects.put(put(name, Blob(name, 1)))
        await store.objects.delete(delete(name))
    assert await store.garbage.list(10_000, 10) == names
    await store.garbage.postpone(Postponement(("a", "never there"), 9_000))
    assert await store.garbage.list(9_000, 10) == ("b", "c")
    assert await store.garbage.list(10_000, 10) == ("b", "c", "a")
    assert await store.inventory.wrong() == ()
