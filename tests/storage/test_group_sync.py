from __future__ import annotations

from threading import Event

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, gatherResults
from twisted.internet.task import deferLater

from bleepstore.storage.group_sync import GroupSync
from bleepstore.streams.threads import Threads


class FakeDisk:
    """Syncs when it is told to."""

    def __init__(self) -> None:
        self.syncs = 0
        self.begun = Event()
        self.may_end = Event()
        self.problem: OSError | None = None

    def sync(self) -> None:
        self.syncs += 1
        self.begun.set()
        assert self.may_end.wait(30)
        if self.problem is not None:
            raise self.problem

    async def has_begun(self) -> None:
        while not self.begun.is_set():
            await deferLater(reactor, 0.001)


@pytest_twisted.ensureDeferred
async def test_who_comes_while_a_sync_runs_shares_the_next(threads: Threads) -> None:
    disk = FakeDisk()
    group = GroupSync(threads, disk.sync)
    first = group.run()
    await disk.has_begun()
    others = [group.run() for _ in range(10)]
    disk.may_end.set()
    await first
    await gatherResults(others)
    assert disk.syncs == 2
    await group.run()
    assert disk.syncs == 3


@pytest_twisted.ensureDeferred
async def test_a_failed_sync_fails_all_that_come_after_it(threads: Threads) -> None:
    disk = FakeDisk()
    disk.problem = OSError(5, "Input/output error")
    group = GroupSync(threads, disk.sync)
    first = group.run()
    await disk.has_begun()
    waiting = group.run()
    assert not group.is_broken
    disk.may_end.set()
    for each in (first, waiting):
        with pytest.raises(OSError, match="Input/output"):
            await each
    assert group.is_broken
    disk.problem = None
    with pytest.raises(OSError, match="Input/output"):
        await group.run()
    assert disk.syncs == 1


@pytest_twisted.ensureDeferred
async def test_who_leaves_does_not_end_the_sync_of_the_others(threads: Threads) -> None:
    disk = FakeDisk()
    group = GroupSync(threads, disk.sync)
    leaving, staying = group.run(), group.run()
    leaving.cancel()
    with pytest.raises(CancelledError):
        await leaving
    disk.may_end.set()
    await staying
    assert not group.is_broken
