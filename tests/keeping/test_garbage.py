from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest_twisted
from twisted.internet.task import Clock as FakeReactor

from bleepstore.clock import StoppedClock
from bleepstore.keeping.garbage import GarbageCollector


class FakeGarbage:
    """Locators with the instants at which they became garbage."""

    def __init__(self, **since_ms: int) -> None:
        self.since_ms = since_ms

    async def list(self, before_ms: int, limit: int) -> Sequence[str]:
        return [name for name, since in self.since_ms.items() if since < before_ms][:limit]

    async def forget(self, locators: Sequence[str]) -> None:
        for locator in locators:
            del self.since_ms[locator]


class FakeBlobs:
    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.fails = False

    async def delete(self, locators: Sequence[str]) -> None:
        if self.fails:
            raise OSError("disk on fire")
        self.deleted += locators


def collector(garbage: FakeGarbage, blobs: FakeBlobs, reactor: FakeReactor) -> GarbageCollector:
    return GarbageCollector(
        garbage,  # type: ignore[arg-type]
        blobs,  # type: ignore[arg-type]
        StoppedClock(100_000),
        reactor,
        grace_seconds=60,
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
