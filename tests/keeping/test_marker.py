"""Metadata and the place of their bytes upstream belong together, and know each other by a marker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_twisted

from bleepstore.errors import ConfigError, S3Error, UpstreamFailed
from bleepstore.interfaces import ITransaction
from bleepstore.storage.remote.names import Names
from bleepstore.storage.remote.store import RemoteStore
from tests.keeping.gateway_house import BUCKET, House
from tests.keeping.upstream_in_memory import MARKER, UpstreamInMemory


@pytest_twisted.async_yield_fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.start()
    yield house
    await house.stop()


def at(house: House, upstream: UpstreamInMemory) -> RemoteStore:
    """A store with a house's metadata that was pointed somewhere."""
    return RemoteStore(upstream, Names(""), house.blobs._arrivals, house.store.database)


def _forget(txn: ITransaction, _: None) -> None:
    txn.execute("DELETE FROM gateway")


@pytest_twisted.ensureDeferred
async def test_the_first_start_marks_the_place(house: House) -> None:
    marker = house.upstream.objects[MARKER]
    assert len(marker.content.strip()) == 32
    await house.put("a", b"content")
    await at(house, house.upstream).start()
    assert house.upstream.objects[MARKER] == marker


@pytest_twisted.ensureDeferred
async def test_metadata_do_not_start_at_a_place_that_is_empty(house: House) -> None:
    await house.put("a", b"content")
    store_id = house.upstream.objects[MARKER].content.decode().strip()
    wrong = UpstreamInMemory()
    with pytest.raises(ConfigError) as caught:
        await at(house, wrong).start()
    assert caught.value.key_path == "storage.memory"
    assert f"put that object there, with {store_id} in it" in str(caught.value)
    assert wrong.objects == {}


@pytest_twisted.ensureDeferred
async def test_metadata_without_objects_take_any_place(house: House) -> None:
    other = UpstreamInMemory()
    await at(house, other).start()
    assert other.objects[MARKER].content == house.upstream.objects[MARKER].content


@pytest_twisted.ensureDeferred
async def test_a_place_has_one_store(house: House) -> None:
    another = House(upstream=house.upstream)
    with pytest.raises(ConfigError, match="choose another prefix, or delete that object"):
        await another.start()
    await another._threads.stop()
    await another.store.database.stop()


@pytest_twisted.ensureDeferred
async def test_metadata_with_objects_do_not_start_at_the_place_of_others(house: House) -> None:
    await house.put("a", b"content")
    other = UpstreamInMemory()
    other.place(MARKER, b"somebody else\n")
    with pytest.raises(ConfigError, match="this is the one of somebody else"):
        await at(house, other).start()


@pytest_twisted.ensureDeferred
async def test_metadata_from_before_there_were_markers_are_known_by_their_bytes(
    house: House,
) -> None:
    await house.put("a", b"content")
    del house.upstream.objects[MARKER]
    await house.store.database.write("forget", _forget, None)
    wrong = UpstreamInMemory()
    with pytest.raises(ConfigError, match="of which none are there"):
        await at(house, wrong).start()
    assert wrong.objects == {}
    await at(house, house.upstream).start()
    assert MARKER in house.upstream.objects


@pytest_twisted.ensureDeferred
async def test_deletions_are_not_believed_where_the_marker_is_gone(house: House) -> None:
    await house.put("a", b"content")
    kept = dict(house.upstream.objects)
    house.upstream.objects.clear()
    with pytest.raises(UpstreamFailed, match="does not count as deleted"):
        await house.showing.look_again(BUCKET, "a", None)
    assert (await house.version("a")).size_bytes == 7
    house.upstream.objects[MARKER] = kept[MARKER]
    await house.showing.look_again(BUCKET, "a", None)
    with pytest.raises(S3Error, match="NoSuchKey"):
        await house.version("a")
