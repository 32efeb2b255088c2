"""Objects that stood upstream before the gateway did."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted
from attrs import asdict

from bleepstore.errors import UpstreamFailed
from bleepstore.keeping.adopting import Adopter, Summary
from bleepstore.metadata.objects import ListObjects
from bleepstore.values import Appearance
from tests.keeping.gateway_house import BUCKET, House, md5
from tests.keeping.unwatched import Unwatched
from tests.metadata.samples import ANN, BOB


def adopter(house: House, natural: Any = None, owner: Any = None) -> Adopter:
    natural = natural or house.blobs
    return Adopter(house.store.adoptions, natural, house.clock, BUCKET, owner)


async def adopt(house: House, *, owner: Any = None, is_resumed: bool = False) -> Summary:
    return await adopter(house, owner=owner).run(Unwatched(), is_resumed=is_resumed)


@pytest_twisted.ensureDeferred
async def test_what_stands_upstream_becomes_objects(house: House) -> None:
    look = Appearance({"content-type": "image/png"}, {"who": "ann"})
    house.upstream.place("photos/2026/a.png", b"picture", look)
    house.upstream.place("photos/empty", b"")
    house.upstream.place("other/b", b"not ours")
    assert asdict(await adopt(house)) == {"adopted": 2, "changed": 0, "known": 0, "skipped": {}}
    version = await house.version("2026/a.png")
    assert (version.headers, version.user_metadata) == (look.headers, look.user_metadata)
    assert (version.etag, version.owner.id) == (md5(b"picture"), ANN.id)
    there = house.upstream.objects["photos/2026/a.png"]
    assert version.last_modified_ms == there.last_modified_ms
    del house.upstream.objects["other/b"]
    await house.assert_true({"2026/a.png": b"picture", "empty": b""})


@pytest_twisted.ensureDeferred
async def test_adopting_again_changes_nothing(house: House) -> None:
    house.upstream.place("photos/a", b"theirs")
    await house.put("b", b"ours")
    await adopt(house)
    before = await house.version("a"), await house.version("b")
    assert (await adopt(house)).known == 2
    assert (await house.version("a"), await house.version("b")) == before


@pytest_twisted.ensureDeferred
async def test_what_others_have_replaced_is_taken_over(house: House) -> None:
    await house.put("a", b"ours")
    house.upstream.place("photos/a", b"theirs")
    assert (await adopt(house)).changed == 1
    await house.assert_true({"a": b"theirs"})


@pytest_twisted.ensureDeferred
async def test_objects_belong_to_whom_the_operator_names(house: House) -> None:
    house.upstream.place("photos/a", b"theirs")
    await adopt(house, owner=BOB)
    assert (await house.version("a")).owner.id == BOB.id


@pytest_twisted.ensureDeferred
async def test_names_that_are_no_keys_are_counted_and_left_out(house: House) -> None:
    house.upstream.place("photos/" + "k" * 1025, b"too long")
    house.upstream.place("photos/a", b"fine")
    summary = await adopt(house)
    assert summary.adopted == 1
    assert summary.skipped == {"a key that S3 cannot have (KeyTooLongError)": 1}


@pytest_twisted.ensureDeferred
async def test_what_a_client_is_writing_is_left_to_it(house: House) -> None:
    await house.put("a", b"ours", is_settled=False)
    house.upstream.place("photos/a", b"half way")
    assert (await adopt(house)).skipped == {"being written by a client": 1}
    assert await house.read("a") == b"ours"


class Overwriting:
    """A backend during whose first look a client writes."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._is_first = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house.blobs, name)

    async def look(self, bucket: str, key: str) -> Any:
        found = await self._house.blobs.look(bucket, key)
        if self._is_first:
            self._is_first = False
            await self._house.put(key, b"ours")
        return found


@pytest_twisted.ensureDeferred
async def test_what_a_client_wrote_meanwhile_stays(house: House) -> None:
    house.upstream.place("photos/a", b"theirs")
    summary = await adopter(house, Overwriting(house)).run(Unwatched())
    assert summary.skipped == {"being written by a client": 1}
    await house.assert_true({"a": b"ours"})


class Failing:
    """A backend that lists so many objects, and fails then."""

    def __init__(self, house: House, limit: int) -> None:
        self._house = house
        self._limit = limit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house.blobs, name)

    async def walk(self, bucket: str, after_key: str) -> AsyncIterator[Any]:
        count = 0
        async for shown in self._house.blobs.walk(bucket, after_key):
            count += 1
            if count > self._limit:
                raise UpstreamFailed("out of order")
            yield shown


@pytest_twisted.ensureDeferred
async def test_an_adoption_that_was_interrupted_goes_on_where_it_was(house: House) -> None:
    for number in range(1200):
        house.upstream.place(f"photos/{number:04}", b"%d" % number)
    with pytest.raises(UpstreamFailed):
        await adopter(house, Failing(house, 1100)).run(Unwatched())
    _, page = await house.store.objects.list_objects(BUCKET, ListObjects(max_keys=2000))
    assert len(page.objects) == 1000
    summary = await adopt(house, is_resumed=True)
    assert (summary.adopted, summary.known) == (200, 0)
    assert (await adopt(house, is_resumed=True)).known == 1200
    assert await house.read("1199") == b"1199"
