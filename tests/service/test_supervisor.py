"""The supervisor over workers that are only pretended: who is started when, and who is told what."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import define, field
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from bleepstore.admin.shared_metrics import SharedMetrics
from bleepstore.config.sections import TlsSection
from bleepstore.errors import WorkerFailed
from bleepstore.service.backoff import Backoff
from bleepstore.service.doors import Doors
from bleepstore.service.supervisor import Supervisor
from bleepstore.service.tally import Tally
from bleepstore.service.tls import Tls

_pids = count(1)


@define(eq=False)
class FakeWorker:
    """Notes what it is told; serves and ends when the test says so."""

    metrics: SharedMetrics | None
    started_at: float
    pid: int = field(factory=lambda: next(_pids))
    serving: Deferred[None] = field(factory=Deferred)
    ended: Deferred[str] = field(factory=Deferred)
    orders: list[Any] = field(factory=list)

    def reload(self) -> None:
        self.orders.append("reload")

    def retire(self) -> None:
        self.orders.append("retire")

    def stop(self, seconds: float) -> None:
        self.orders.append(("stop", seconds))

    def kill(self) -> None:
        self.orders.append("kill")

    def end(self) -> None:
        if not self.serving.called:
            self.serving.errback(ConnectionResetError())
        self.ended.callback("exited with code 1")


@define
class FakeStore:
    steps: list[str] = field(factory=list)

    async def start(self) -> None:
        self.steps.append("start")

    async def recover(self) -> None:
        self.steps.append("recover")

    async def stop(self) -> None:
        self.steps.append("stop")


@define
class Stage:
    """A supervisor and those whom it has started."""

    clock: Clock = field(factory=Clock)
    store: FakeStore = field(factory=FakeStore)
    tally: Tally = field(factory=lambda: Tally(True))
    started: list[FakeWorker] = field(factory=list)
    supervisor: Supervisor = field(init=False)
    starting: Deferred[None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        tls = Tls(TlsSection())
        start: Any = self._start_worker
        self.supervisor = Supervisor(self.clock, self.store, tls, self.tally, start)
        self.starting = ensureDeferred(self.supervisor.start([(), ()]))

    def _start_worker(self, doors: Doors, metrics: SharedMetrics | None) -> FakeWorker:
        self.started.append(FakeWorker(metrics, self.clock.seconds()))
        return self.started[-1]

    def serve(self) -> list[FakeWorker]:
        """All that have been started serve."""
        for worker in list(self.started):
            if not worker.serving.called:
                worker.serving.callback(None)
        return list(self.started)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.tally.stop()


@pytest_twisted.ensureDeferred
async def test_it_serves_when_all_workers_do(stage: Stage) -> None:
    first, second = stage.started
    first.serving.callback(None)
    assert not stage.starting.called
    second.serving.callback(None)
    await stage.starting
    assert stage.store.steps == ["start"]


@pytest_twisted.ensureDeferred
async def test_a_worker_that_cannot_start_ends_the_start(stage: Stage) -> None:
    first, second = stage.started
    first.end()
    with pytest.raises(WorkerFailed):
        await stage.starting
    assert len(stage.started) == 2  # nobody tries again
    stopped = ensureDeferred(stage.supervisor.stop(0))
    assert second.orders == [("stop", 0)]
    second.end()
    await stopped
    assert stage.store.steps[-1] == "stop"


def test_a_worker_that_ends_is_replaced_ever_more_slowly(stage: Stage) -> None:
    stage.serve()
    with capturedLogs() as logs:
        stage.started[-1].end()
    assert f"worker {stage.started[1].pid} exited with code 1" in formatEvent(logs[-1])
    assert stage.store.steps == ["start", "recover"]
    for delay in (0, 0.5, 1, 2):
        before = len(stage.started)
        if delay:
            stage.clock.advance(delay - 0.1)
            assert len(stage.started) == before
        stage.clock.advance(0.1)
        assert len(stage.started) == before + 1
        stage.serve()[-1].end()


def test_a_successor_counts_where_the_former_worker_did(stage: Stage) -> None:
    former = stage.serve()[1]
    former.end()
    stage.clock.advance(0)
    successor = stage.started[-1]
    assert successor is not former
    assert successor.metrics == former.metrics != stage.started[0].metrics


def test_workers_are_replaced_one_by_one(stage: Stage) -> None:
    first, second = stage.serve()
    stage.supervisor.restart()
    assert (first.orders, len(stage.started)) == ([], 3)
    stage.serve()
    assert (first.orders, second.orders, len(stage.started)) == (["retire"], [], 4)
    stage.serve()
    assert second.orders == ["retire"]
    assert len({worker.metrics for worker in stage.started}) == 4  # all count at the same time
    first.end()
    stage.clock.advance(100)
    assert len(stage.started) == 4  # nobody follows those who were replaced


def test_workers_stay_if_a_successor_fails(stage: Stage) -> None:
    first, second = stage.serve()
    stage.supervisor.restart()
    stage.started[-1].end()
    stage.clock.advance(100)
    assert len(stage.started) == 3
    assert first.orders == second.orders == []
    stage.supervisor.restart()  # may be tried again
    assert len(stage.started) == 4


def test_a_worker_that_ends_while_its_successor_starts_is_replaced_by_it(stage: Stage) -> None:
    first, _ = stage.serve()
    stage.supervisor.restart()
    first.end()
    stage.started[-1].serving.callback(None)
    started = len(stage.started)
    stage.clock.advance(100)
    assert len(stage.started) == started


def test_a_second_replacement_waits_for_nobody(stage: Stage) -> None:
    stage.serve()
    stage.supervisor.restart()
    stage.supervisor.restart()
    assert len(stage.started) == 3


def test_reload_is_for_all(stage: Stage) -> None:
    workers = stage.serve()
    stage.supervisor.reload()
    assert [worker.orders for worker in workers] == [["reload"], ["reload"]]


@pytest_twisted.ensureDeferred
async def test_the_store_stops_after_the_last_worker(stage: Stage) -> None:
    first, second = stage.serve()
    stopped = ensureDeferred(stage.supervisor.stop(3))
    assert first.orders == second.orders == [("stop", 3)]
    first.end()
    assert not stopped.called
    second.end()
    await stopped
    assert stage.store.steps == ["start", "recover", "recover", "stop"]
    assert stage.clock.getDelayedCalls() == []


@pytest_twisted.ensureDeferred
async def test_workers_that_do_not_end_are_killed(stage: Stage) -> None:
    first, second = stage.serve()
    stopped = ensureDeferred(stage.supervisor.stop(3))
    first.end()
    stage.clock.advance(12)
    assert "kill" not in second.orders
    stage.clock.advance(1)
    assert (first.orders, second.orders) == ([("stop", 3)], [("stop", 3), "kill"])
    second.end()
    await stopped


@pytest_twisted.ensureDeferred
async def test_nobody_follows_while_it_stops(stage: Stage) -> None:
    first, second = stage.serve()
    first.end()
    stopped = ensureDeferred(stage.supervisor.stop(3))
    second.end()
    await stopped
    stage.clock.advance(100)
    assert len(stage.started) == 2


def test_a_good_life_makes_up_for_the_past() -> None:
    backoff = Backoff()
    assert [backoff.next(1) for _ in range(3)] == [0, 0.5, 1]
    assert [backoff.next(60), backoff.next(1)] == [0, 0.5]
    assert max(backoff.next(1) for _ in range(100)) == 30


def test_the_tally_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    tally = Tally(True)
    tally.start()
    tally.worker_restarted()
    place = tally.enter()
    assert place is not None
    assert place.folder.parent == tmp_path
    assert b"bleepstore_workers_restarted_total 1.0" in place.render()
    tally.stop()
    assert list(tmp_path.iterdir()) == []


def test_without_metrics_nobody_counts() -> None:
    tally = Tally(False)
    tally.start()
    assert tally.enter() is None
    tally.leave(None)
    tally.worker_restarted()
    tally.stop()
