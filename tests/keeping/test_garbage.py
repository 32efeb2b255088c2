from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import pytest_twisted
from twisted.internet.task import Clock as FakeReactor

from bleepstore.clock import StoppedClock
from bleepstore.keeping.garbage import GarbageCollector
from bleepstore.metadata.blobs import Postponement


class FakeGarbage:
    """Locators with the instants at which they became garbage."""

    def __init__(self, **since_ms: int) -> None:
        self.since_ms = since_ms

    async def list(self, before_ms: int, limit: int) -> Sequence[str]:
        return [name for name, since in self.since_ms.items() if since < before_ms][:limit]

    async def postpone(self, postponement: Postponement) -> None:
        for locator in postponement.locators:
            self.since_ms[locator] = postponement.since_ms

    async def forget(self, locators: Sequence[str]) -> None:
        for locator in locators:
            del self.since_ms[locator]


class FakeBlobs:
    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.being_read: tuple[str, ...] = ()
        self.fails = False

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        if self.fails:
            raise OSError("disk on fire")
        self.deleted += [each for each in locators if each not in self.being_read]
        return [each for each in locators if each in self.being_read]


def collector(
    garbage: FakeGarbage, blobs: FakeBlobs, reactor: FakeReactor, grace_seconds: float = 60
) -> GarbageCollector:
    return GarbageCollector(
        garbage,  # type: ignore[arg-type]
        blobs,  # type: ignore[arg-type]
        StoppedClock(100_000),
        reactor,
        grace_seconds=grace_seconds,
        interval_seconds=5,
    )


@pytest_twisted.ensureDeferred
async def test_only_what_has_been_garbage_for_long_enough_is_deleted() -> None:
    garbage, blobs, reactor = FakeGarbage(old=10_000, fresh=90_000), FakeBlobs(), FakeReactor()
    keeper = collector(garbage, blobs, reactor)
    keeper.start()
    assert blobs.deleted == []
    reactor.advance(5)
    assert blobs.deleted == ["old"]
    assert garbage.since_ms == {"fresh": 90_000}
    await keeper.stop()


@pytest_twisted.ensureDeferred
async def test_what_could_not_be_deleted_is_tried_again(
    flush_logged_errors: Callable[..., list[object]],
) -> None:
    garbage, blobs, reactor = FakeGarbage(old=10_000), FakeBlobs(), FakeReactor()
    keeper = collector(garbage, blobs, reactor)
    keeper.start()
    blobs.fails = True
    reactor.advance(5)
    assert garbage.since_ms == {"old": 10_000}
    assert len(flush_logged_errors(OSError)) == 1
    blobs.fails = False
    reactor.advance(5)
    assert blobs.deleted == ["old"]
    await keeper.stop()


@pytest.mark.parametrize("grace_seconds", [0, 60])
@pytest_twisted.ensureDeferred
async def test_what_is_being_read_waits_behind_the_others(grace_seconds: int) -> None:
    names = {f"blob{number}": number for number in range(1200)}
    garbage, blobs, reactor = FakeGarbage(**names), FakeBlobs(), FakeReactor()
    blobs.being_read = ("blob3", "blob1100")
    keeper = collector(garbage, blobs, reactor, grace_seconds)
    keeper.start()
    reactor.advance(5)
    assert len(blobs.deleted) == 1198
    assert garbage.since_ms == {"blob3": 100_000, "blob1100": 100_000}
    await keeper.stop()


@pytest_twisted.ensureDeferred
async def test_a_round_ends_when_all_that_is_left_is_being_read() -> None:
    garbage, blobs, reactor = FakeGarbage(old=10_000), FakeBlobs(), FakeReactor()
    blobs.being_read = ("old",)
    keeper = collector(garbage, blobs, reactor, grace_seconds=-60)  # due again at once
    keeper.start()
    reactor.advance(5)
    assert (blobs.deleted, garbage.since_ms) == ([], {"old": 100_000})
    blobs.being_read = ()
    reactor.advance(5)
    assert (blobs.deleted, garbage.since_ms) == (["old"], {})
    await keeper.stop()
