"""Listings of all versions: order, marks of the latest, markers, common prefixes."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted

from bleepstore.errors import S3Error
from bleepstore.metadata.buckets import SetVersioning
from bleepstore.metadata.objects import ListVersions
from bleepstore.metadata.store import Store
from bleepstore.values import Owner, Versioning, VersionListing
from tests.metadata.samples import ANN, delete, put, stored_blob

EVERYTHING = ["a:a2*", "a:a1", "b:bm*", "b:b1", "c/x:x1*", "c/y:ym*", "d:d3*", "d:d2", "d:null"]
ROLLED_UP = ["a:a2*", "a:a1", "b:bm*", "b:b1", "c/", "d:d3*", "d:d2", "d:null"]


async def fill(store: Store) -> None:
    await store.objects.put(put("d"))
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    for key, version_id in (("a", "a1"), ("a", "a2"), ("b", "b1"), ("c/x", "x1")):
        await store.objects.put(put(key, version_id=version_id))
    for key, version_id in (("d", "d2"), ("d", "d3")):
        await store.objects.put(put(key, version_id=version_id))
    for key, marker_id in (("b", "bm"), ("c/y", "ym")):
        await store.objects.delete(delete(key, marker_id=marker_id))


async def page(store: Store, **query: Any) -> tuple[list[str], VersionListing]:
    """What a page shows, in order; a star marks the latest version of a key."""
    _, listing = await store.objects.list_versions("photos", ListVersions(**query))
    shown = [
        (each.key, f"{each.key}:{each.version_id}{'*' if each.is_latest else ''}")
        for each in listing.versions
    ]
    prefixes = [(prefix, prefix) for prefix in listing.common_prefixes]
    ordered = sorted([*shown, *prefixes], key=lambda entry: entry[0])  # stable within a key
    return [text for _, text in ordered], listing


async def walk(store: Store, **query: Any) -> list[str]:
    """All pages, one after the other, as a client follows their markers."""
    shown: list[str] = []
    markers = {"key_marker": "", "version_id_marker": ""}
    while True:
        entries, listing = await page(store, **query, **markers)
        shown += entries
        if not listing.is_truncated:
            return shown
        assert len(entries) == query["max_keys"]
        markers = {
            "key_marker": listing.next_key_marker,
            "version_id_marker": listing.next_version_id_marker,
        }


@pytest_twisted.ensureDeferred
async def test_versions_and_markers_come_by_key_and_the_newest_first(store: Store) -> None:
    await fill(store)
    everything, listing = await page(store)
    assert everything == EVERYTHING
    assert (listing.is_truncated, listing.next_key_marker) == (False, "")
    markers = [each.version_id for each in listing.versions if each.is_delete_marker]
    assert markers == ["bm", "ym"]


@pytest_twisted.ensureDeferred
async def test_a_version_shows_what_a_listing_has_of_it(store: Store) -> None:
    await store.objects.put(put("a", stored_blob(123), etag="e7", at_ms=77))
    (version,) = (await page(store))[1].versions
    assert (version.size_bytes, version.etag, version.last_modified_ms) == (123, "e7", 77)
    assert (version.storage_class, version.owner) == ("STANDARD", Owner(ANN.id, "Ann"))


@pytest_twisted.ensureDeferred
async def test_pages_join_without_gaps_or_repeats(store: Store) -> None:
    await fill(store)
    for size in (1, 2, 3, 4, 9):
        assert await walk(store, max_keys=size) == EVERYTHING
        assert await walk(store, max_keys=size, delimiter="/") == ROLLED_UP
        assert await walk(store, max_keys=size, prefix="c/") == ["c/x:x1*", "c/y:ym*"]
        assert await walk(store, max_keys=size, prefix="d", delimiter="/") == EVERYTHING[-3:]
    assert await page(store, max_keys=0) == ([], VersionListing())


@pytest_twisted.ensureDeferred
async def test_markers(store: Store) -> None:
    await fill(store)
    assert (await page(store, key_marker="a"))[0] == EVERYTHING[2:]
    assert (await page(store, key_marker="a", version_id_marker="a2"))[0] == EVERYTHING[1:]
    assert (await page(store, key_marker="b", version_id_marker="bm"))[0] == EVERYTHING[3:]
    assert (await page(store, key_marker="d", version_id_marker="null"))[0] == []
    assert (await page(store, version_id_marker="a2"))[0] == EVERYTHING
    assert (await page(store, key_marker="c/", delimiter="/"))[0] == EVERYTHING[-3:]
    assert (await page(store, key_marker="c/", delimiter="/", version_id_marker="x"))[0] == (
        EVERYTHING[-3:]
    )
    assert (await page(store, key_marker="c", prefix="c/"))[0] == ["c/x:x1*", "c/y:ym*"]
    assert (await page(store, key_marker="z"))[0] == []


@pytest_twisted.ensureDeferred
async def test_a_marker_whose_version_is_gone_repeats_rather_than_skips(store: Store) -> None:
    await fill(store)
    await store.objects.delete(delete("d", "d3"))
    shown, _ = await page(store, key_marker="d", version_id_marker="d3")
    assert shown == ["d:d2*", "d:null"]


@pytest_twisted.ensureDeferred
async def test_a_bucket_must_be_there(store: Store) -> None:
    with pytest.raises(S3Error, match="NoSuchBucket"):
        await store.objects.list_versions("nope", ListVersions())
