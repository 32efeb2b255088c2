"""Natural names: what stands upstream is what the metadata say, whatever happens in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve

from bleepstore.errors import BlobMissing, UpstreamFailed
from bleepstore.keeping.reconciling import Reconciler
from bleepstore.metadata.showing import Claim, Name, NoTask, Task
from bleepstore.values import Segment, Versioning
from tests.keeping.gateway_house import AN_HOUR_MS, BUCKET, House, Killed, Mortal

Scenario = Callable[[House], Awaitable[dict[str, bytes]]]


@pytest_twisted.async_yield_fixture
async def versioned() -> AsyncIterator[House]:
    opened = House()
    await opened.start(Versioning.ENABLED)
    yield opened
    await opened.stop()


@pytest_twisted.ensureDeferred
async def test_an_object_stands_under_its_own_name_with_its_headers(house: House) -> None:
    await house.put("a/b", b"content", content_type="text/plain")
    await house.assert_true({"a/b": b"content"})
    assert house.upstream.objects["photos/a/b"].appearance.headers == {"content-type": "text/plain"}
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_an_overwritten_object_shows_the_new_bytes(house: House) -> None:
    await house.put("a", b"old")
    await house.put("a", b"new")
    await house.assert_true({"a": b"new"})
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_a_deleted_object_stands_nowhere(house: House) -> None:
    await house.put("a", b"content")
    await house.delete("a")
    await house.assert_true({})
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_empty_objects_are_shown_and_replaced_like_others(house: House) -> None:
    await house.put("a", b"")
    await house.assert_true({"a": b""})
    await house.put("a", b"more")
    await house.assert_true({"a": b"more"})
    await house.put("a", b"", content_type="text/x-empty")
    await house.assert_true({"a": b""})
    await house.delete("a")
    await house.assert_true({})
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_older_versions_can_be_read_after_an_overwrite(versioned: House) -> None:
    first = await versioned.put("a", b"first")
    second = await versioned.put("a", b"second")
    await versioned.put("a", b"third")
    assert await versioned.read("a", first) == b"first"
    assert await versioned.read("a", second) == b"second"
    await versioned.assert_true({"a": b"third"})
    await versioned.assert_nothing_private_but(b"first", b"second")


@pytest_twisted.ensureDeferred
async def test_the_older_version_comes_back_when_the_newest_is_deleted(versioned: House) -> None:
    first = await versioned.put("a", b"first")
    second = await versioned.put("a", b"second")
    await versioned.delete("a", second)
    await versioned.assert_true({"a": b"first"})
    assert (await versioned.version("a")).version_id == first
    await versioned.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_a_delete_marker_hides_and_its_removal_shows_again(versioned: House) -> None:
    first = await versioned.put("a", b"first")
    await versioned.delete("a")
    assert versioned.upstream.natural() == {}
    assert await versioned.read("a", first) == b"first"
    marker = await versioned.version("a")
    assert marker.is_delete_marker
    await versioned.delete("a", marker.version_id)
    await versioned.assert_true({"a": b"first"})
    await versioned.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_suspended_versioning_keeps_only_what_it_should() -> None:
    house = House()
    await house.start(Versioning.SUSPENDED)
    await house.put("a", b"first")
    await house.put("a", b"second")
    await house.assert_true({"a": b"second"})
    await house.delete("a")
    await house.assert_true({})
    await house.assert_nothing_private_but()
    await house.stop()


@pytest_twisted.ensureDeferred
async def test_a_copy_outlives_its_source(house: House) -> None:
    await house.put("a", b"source")
    await house.copy("a", "b", is_settled=False)
    await house.put("a", b"another")
    assert await house.read("b") == b"source"
    await house.rounds().show_due()
    await house.assert_true({"a": b"another", "b": b"source"})
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_a_copy_onto_itself_changes_the_headers_upstream(house: House) -> None:
    await house.put("a", b"content", content_type="text/plain")
    await house.copy("a", "a", content_type="image/png")
    await house.assert_true({"a": b"content"})
    assert house.upstream.objects["photos/a"].appearance.headers == {"content-type": "image/png"}
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_an_object_made_of_stretches_of_itself_keeps_its_bytes(house: House) -> None:
    """As CompleteMultipartUpload makes it of parts that were copied from what it replaces."""
    await house.put("a", b"0123456789")
    _, found = await house.store.objects.get(BUCKET, "a")
    (whole,) = found.segments
    cut = (Segment(whole.locator, 5, 5), Segment(whole.locator, 0, 5))
    await _put_segments(house, cut)
    await house.showing.settle(BUCKET, ["a"])
    await house.assert_true({"a": b"5678901234"})
    await house.assert_nothing_private_but()


async def _put_segments(house: House, segments: tuple[Segment, ...]) -> None:
    from bleepstore.metadata.objects import PutObject

    _, found = await house.store.objects.get(BUCKET, "a")
    await house.store.objects.put(PutObject(BUCKET, evolve(found, segments=segments)))


@pytest_twisted.ensureDeferred
async def test_a_name_that_cannot_be_upstream_costs_nothing_but_the_name(house: House) -> None:
    house.upstream.unfit.add("photos/a")
    await house.put("a", b"content")
    await house.assert_true({"a": b"content"})
    await house.put("a", b"other")
    await house.assert_true({"a": b"other"})
    await house.assert_nothing_private_but(b"other")


@pytest_twisted.ensureDeferred
async def test_the_names_of_a_bucket_that_is_gone_go_too(house: House) -> None:
    await house.put("a", b"content")
    await house.delete("a", is_settled=False)
    await house.store.buckets.delete(BUCKET)
    await house.rounds().show_due()
    assert house.upstream.natural() == {}


# --- processes that die


async def _overwrite(house: House) -> dict[str, bytes]:
    await house.put("a", b"old")
    await house.put("a", b"new", is_settled=False)
    return {"a": b"new"}


async def _overwrite_what_is_referred_to(house: House) -> dict[str, bytes]:
    await house.put("a", b"old")
    await house.copy("a", "b", is_settled=False)
    await house.put("a", b"new", is_settled=False)
    return {"a": b"new", "b": b"old"}


async def _replace_headers(house: House) -> dict[str, bytes]:
    await house.put("a", b"content")
    await house.copy("a", "a", is_settled=False, content_type="text/css")
    return {"a": b"content"}


async def _delete(house: House) -> dict[str, bytes]:
    await house.put("a", b"old")
    await house.delete("a", is_settled=False)
    return {}


async def _make_empty(house: House) -> dict[str, bytes]:
    await house.put("a", b"old")
    await house.put("a", b"", is_settled=False)
    return {"a": b""}


SCENARIOS = (_overwrite, _overwrite_what_is_referred_to, _replace_headers, _delete, _make_empty)


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest_twisted.ensureDeferred
async def test_whoever_comes_after_a_process_that_died_finishes_its_work(
    scenario: Scenario, is_done: bool, flush_logged_errors: Any
) -> None:
    calls, is_alive = 1, False
    while not is_alive:
        house = House()
        await house.start()
        objects = await scenario(house)
        is_alive = await _live_for(house, calls, is_done=is_done)
        for key, content in objects.items():
            assert await house.read(key) == content
        house.clock.instant_ms += 61_000
        await house.rounds().show_due()
        await house.assert_true(objects)
        await house.assert_nothing_private_but()
        await house.stop()
        calls += 1
    assert calls > 4
    flush_logged_errors(Killed)


async def _live_for(house: House, calls: int, *, is_done: bool) -> bool:
    """Reconcile all names in a process that dies at some call; answers whether it got through."""
    life = [calls]
    names: Any = Mortal(house.store.names, life, is_done=is_done)
    natural: Any = Mortal(house.blobs, life, is_done=is_done)
    from twisted.internet import reactor

    reconciler = Reconciler(names, natural, house.clock, reactor, 60)
    for name in await house.store.names.due(house.clock.now_ms(), 10):
        await reconciler.reconcile(name)
    return life[0] > 0


# --- several at once


@pytest_twisted.ensureDeferred
async def test_only_one_process_at_a_time_has_a_name(house: House) -> None:
    await house.put("a", b"content", is_settled=False)
    name, now_ms = Name(BUCKET, "a"), house.clock.now_ms()
    names = house.store.names
    ours = Claim(name, "one", now_ms, now_ms + 1000)
    assert isinstance(await names.claim(ours), Task)
    assert await names.claim(evolve(ours, holder="two")) is NoTask.HELD
    assert await names.due(now_ms, 10) == ()
    later = Claim(name, "two", now_ms + 1000, now_ms + 2000)
    assert isinstance(await names.claim(later), Task)
    assert not await names.renew(ours)
    assert await names.renew(later)


@pytest_twisted.ensureDeferred
async def test_what_another_process_holds_is_waited_for_but_not_for_ever(house: House) -> None:
    await house.put("a", b"content", is_settled=False)
    now_ms = house.clock.now_ms()
    await house.store.names.claim(Claim(Name(BUCKET, "a"), "other", now_ms, now_ms + 60_000))
    hasty = house.new_showing(timeout_seconds=0.01)
    await hasty.settle(BUCKET, ["a"])
    assert house.upstream.natural() == {}
    house.clock.instant_ms += 60_000
    await house.showing.settle(BUCKET, ["a"])
    await hasty.stop()
    await house.assert_true({"a": b"content"})


class Interrupted:
    """A backend during whose next call something else happens."""

    def __init__(self, inner: Any, name: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._inner = inner
        self._name = name
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name != self._name:
            return method

        async def call(*arguments: Any) -> Any:
            result = await method(*arguments)
            meanwhile, self._meanwhile = self._meanwhile, None
            if meanwhile is not None:
                await meanwhile()
            return result

        return call


@pytest.mark.parametrize("change", ["put", "delete", "headers"])
@pytest_twisted.ensureDeferred
async def test_what_changes_while_it_is_shown_is_shown_in_the_end(
    house: House, change: str
) -> None:
    async def meanwhile() -> None:
        if change == "put":
            await house.put("a", b"newer", is_settled=False)
        elif change == "delete":
            await house.delete("a", is_settled=False)
        else:
            await house.copy("a", "a", is_settled=False, content_type="text/css")

    showing = house.new_showing(natural=Interrupted(house.blobs, "show", meanwhile))
    await house.put("a", b"new", is_settled=False)
    await showing.settle(BUCKET, ["a"])
    ends = {"put": {"a": b"newer"}, "delete": {}, "headers": {"a": b"new"}}
    await house.assert_true(ends[change])
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_a_version_that_is_no_longer_current_keeps_its_own_bytes(versioned: House) -> None:
    async def meanwhile() -> None:
        await versioned.put("a", b"second", is_settled=False)

    showing = versioned.new_showing(natural=Interrupted(versioned.blobs, "show", meanwhile))
    first = await versioned.put("a", b"first", is_settled=False)
    await showing.settle(BUCKET, ["a"])
    assert await versioned.read("a", first) == b"first"
    await versioned.assert_true({"a": b"second"})
    await versioned.assert_nothing_private_but(b"first")


@pytest_twisted.ensureDeferred
async def test_an_upstream_that_fails_is_tried_again_later(house: House) -> None:
    class Failing:
        def __getattr__(self, name: str) -> Any:
            async def fail(*arguments: Any) -> None:
                raise UpstreamFailed("out of order")

            return fail

    showing = house.new_showing(natural=Failing())
    await house.put("a", b"content", is_settled=False)
    await showing.settle(BUCKET, ["a"])
    assert await house.read("a") == b"content"
    assert await house.store.names.due(house.clock.now_ms(), 10) == ()
    house.clock.instant_ms += 5_000
    assert await house.rounds().show_due() == 1
    await house.assert_true({"a": b"content"})


# --- what others do upstream


@pytest_twisted.ensureDeferred
async def test_an_object_that_was_replaced_upstream_is_taken_over(house: House) -> None:
    await house.put("a", b"ours", content_type="text/plain")
    house.upstream.place("photos/a", b"theirs!")
    with pytest.raises(BlobMissing):
        await house.showing.check(await house.version("a"))
    assert await house.showing.look_again(BUCKET, "a", None)
    version = await house.version("a")
    assert (version.size_bytes, version.headers) == (7, {})
    assert version.tags == (("tagged", "yes"),)
    await house.assert_true({"a": b"theirs!"})
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_an_object_that_was_deleted_upstream_is_gone(house: House) -> None:
    await house.put("a", b"ours")
    del house.upstream.objects["photos/a"]
    assert await house.showing.look_again(BUCKET, "a", None)
    with pytest.raises(Exception, match="NoSuchKey"):
        await house.version("a")
    await house.assert_true({})


@pytest_twisted.ensureDeferred
async def test_where_versions_are_kept_a_deletion_upstream_is_a_marker(versioned: House) -> None:
    first = await versioned.put("a", b"first")
    second = await versioned.put("a", b"second")
    del versioned.upstream.objects["photos/a"]
    assert await versioned.showing.look_again(BUCKET, "a", None)
    assert (await versioned.version("a")).is_delete_marker
    assert await versioned.read("a", first) == b"first"
    with pytest.raises(Exception, match="NoSuchVersion"):
        await versioned.version("a", second)
    await versioned.assert_true({})


@pytest_twisted.ensureDeferred
async def test_where_versions_are_kept_a_change_upstream_is_a_new_version(versioned: House) -> None:
    first = await versioned.put("a", b"first")
    second = await versioned.put("a", b"second")
    versioned.upstream.place("photos/a", b"theirs")
    assert await versioned.showing.look_again(BUCKET, "a", None)
    assert await versioned.read("a", first) == b"first"
    with pytest.raises(Exception, match="NoSuchVersion"):
        await versioned.version("a", second)
    await versioned.assert_true({"a": b"theirs"})


@pytest_twisted.ensureDeferred
async def test_an_older_version_that_was_lost_upstream_is_gone(
    versioned: House, flush_logged_errors: Any
) -> None:
    first = await versioned.put("a", b"first")
    versioned.upstream.place("photos/a", b"theirs")
    await versioned.put("a", b"second")
    assert await versioned.showing.look_again(BUCKET, "a", first)
    with pytest.raises(Exception, match="NoSuchVersion"):
        await versioned.version("a", first)
    await versioned.rounds().show_due()
    await versioned.assert_true({"a": b"second"})


@pytest_twisted.ensureDeferred
async def test_a_copy_that_lost_its_source_upstream_before_it_was_shown_is_gone(
    house: House,
) -> None:
    await house.put("a", b"ours")
    await house.copy("a", "b", is_settled=False)
    house.upstream.place("photos/a", b"theirs")
    assert await house.showing.look_again(BUCKET, "b", None)
    with pytest.raises(Exception, match="NoSuchKey"):
        await house.version("b")
    assert await house.showing.look_again(BUCKET, "a", None)
    await house.rounds().show_due()
    await house.assert_true({"a": b"theirs"})


@pytest_twisted.ensureDeferred
async def test_a_copy_that_lost_its_source_leaves_what_it_would_have_replaced(
    house: House,
) -> None:
    await house.put("a", b"ours")
    await house.put("b", b"precious", content_type="text/plain")
    await house.copy("a", "b", is_settled=False)
    house.upstream.place("photos/a", b"theirs")
    assert await house.showing.look_again(BUCKET, "b", None)
    await house.rounds().show_due()
    assert (await house.version("b")).headers == {"content-type": "text/plain"}
    assert await house.showing.look_again(BUCKET, "a", None)
    await house.assert_true({"a": b"theirs", "b": b"precious"})
    await house.assert_nothing_private_but()


@pytest_twisted.ensureDeferred
async def test_a_copy_that_lost_its_source_leaves_the_version_below_it(versioned: House) -> None:
    await versioned.put("a", b"ours")
    first = await versioned.put("b", b"precious")
    await versioned.copy("a", "b", is_settled=False)
    versioned.upstream.place("photos/a", b"theirs")
    assert await versioned.showing.look_again(BUCKET, "b", None)
    await versioned.rounds().show_due()
    assert (await versioned.version("b")).version_id == first
    assert await versioned.showing.look_again(BUCKET, "a", None)
    await versioned.assert_true({"a": b"theirs", "b": b"precious"})


@pytest_twisted.ensureDeferred
async def test_metadata_of_a_backup_find_what_was_shown_since(house: House) -> None:
    """Their private blobs are gone, as after every upload."""
    await house.put("shown", b"old")
    for key in ("a", "gone"):
        await house.put(key, b"on its way", is_settled=False)
        (segment,) = (await house.version(key)).segments
        house.blobs._naming._sizes.forget(segment.locator)
        await house.blobs.delete([segment.locator])
    for key in ("a", "shown"):
        house.upstream.place(f"photos/{key}", b"newer")
    assert await house.showing.look_again(BUCKET, "a", None)
    assert await house.store.names.is_pending(Name(BUCKET, "a"))  # an upstream may be late
    house.clock.instant_ms += AN_HOUR_MS
    for key in ("a", "shown", "gone"):
        assert await house.showing.look_again(BUCKET, key, None)
    assert await house.read("a") == await house.read("shown") == b"newer"
    with pytest.raises(BlobMissing):  # for fsck to find: nothing says that somebody has deleted it
        await house.read("gone")
    await house.delete("gone")
    await house.assert_true({"a": b"newer", "shown": b"newer"})


@pytest_twisted.ensureDeferred
async def test_what_was_changed_upstream_before_its_headers_were_is_taken_over(
    house: House,
) -> None:
    await house.put("a", b"ours")
    house.upstream.place("photos/a", b"theirs")
    await house.copy("a", "a", content_type="text/css")
    assert await house.showing.look_again(BUCKET, "a", None)
    await house.assert_true({"a": b"theirs"})


@pytest_twisted.ensureDeferred
async def test_our_own_changes_are_not_taken_for_those_of_others(house: House) -> None:
    """A reader who has looked up the version before finds bytes missing that we have replaced."""
    await house.put("a", b"old")
    await house.put("a", b"new", is_settled=False)
    assert await house.showing.look_again(BUCKET, "a", None)
    await house.assert_true({"a": b"new"})
    assert (await house.version("a")).tags == (("tagged", "yes"),)


@pytest_twisted.ensureDeferred
async def test_an_empty_object_that_was_replaced_upstream_is_noticed(house: House) -> None:
    await house.put("a", b"")
    house.upstream.place("photos/a", b"no longer")
    with pytest.raises(BlobMissing):
        await house.showing.check(await house.version("a"))
    assert await house.showing.look_again(BUCKET, "a", None)
    await house.assert_true({"a": b"no longer"})
