from __future__ import annotations

from collections.abc import Callable

import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as FakeReactor

from bleepstore.clock import StoppedClock
from bleepstore.keeping.uploads import UploadExpirer

DAY_MS = 24 * 60 * 60 * 1000
NOW_MS = 100 * DAY_MS


class FakeUploads:
    """Upload ids with the instants at which they were initiated."""

    def __init__(self, **initiated_ms: int) -> None:
        self.initiated_ms = initiated_ms
        self.calls = 0
        self.fails = False
        self.waits: Deferred[None] | None = None

    async def expire(self, before_ms: int, limit: int) -> int:
        self.calls += 1
        if self.fails:
            raise OSError("disk on fire")
        if self.waits is not None:
            await self.waits
        old = [name for name, since in self.initiated_ms.items() if since < before_ms][:limit]
        for name in old:
            del self.initiated_ms[name]
        return len(old)


def expirer(uploads: FakeUploads, reactor: FakeReactor) -> UploadExpirer:
    clock = StoppedClock(NOW_MS)
    return UploadExpirer(uploads, clock, reactor, expiry_days=7, interval_seconds=5)  # type: ignore[arg-type]


@pytest_twisted.ensureDeferred
async def test_only_old_uploads_go() -> None:
    uploads, reactor = FakeUploads(old=NOW_MS - 8 * DAY_MS, new=NOW_MS - 6 * DAY_MS), FakeReactor()
    keeper = expirer(uploads, reactor)
    keeper.start()
    assert uploads.calls == 0
    reactor.advance(5)
    assert list(uploads.initiated_ms) == ["new"]
    await keeper.stop()


@pytest_twisted.ensureDeferred
async def test_however_many_they_are() -> None:
    uploads, reactor = FakeUploads(**{f"u{n}": 0 for n in range(250)}), FakeReactor()
    keeper = expirer(uploads, reactor)
    keeper.start()
    reactor.advance(5)
    assert not uploads.initiated_ms
    await keeper.stop()


@pytest_twisted.ensureDeferred
async def test_a_failure_costs_one_round(flush_logged_errors: Callable[..., list[object]]) -> None:
    uploads, reactor = FakeUploads(old=0), FakeReactor()
    keeper = expirer(uploads, reactor)
    keeper.start()
    uploads.fails = True
    reactor.advance(5)
    assert len(flush_logged_errors(OSError)) == 1
    uploads.fails = False
    reactor.advance(5)
    assert not uploads.initiated_ms
    await keeper.stop()


@pytest_twisted.ensureDeferred
async def test_stopping_waits_for_the_batch_under_way_and_begins_no_other() -> None:
    uploads, reactor = FakeUploads(**{f"u{n}": 0 for n in range(250)}), FakeReactor()
    uploads.waits = Deferred()
    keeper = expirer(uploads, reactor)
    keeper.start()
    reactor.advance(5)
    stopped = Deferred.fromCoroutine(keeper.stop())
    assert not stopped.called
    uploads.waits.callback(None)
    await stopped
    assert len(uploads.initiated_ms) == 150
