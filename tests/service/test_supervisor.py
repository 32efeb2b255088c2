"""The supervisor over workers that are only pretended: who is started when, and who is told what."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import define, field
from prometheus_client import values
from twisted.internet.defer import Deferred, ensureDeferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from bleepstore.admin.checkup import Check
from bleepstore.admin.metrics import Metrics
from bleepstore.admin.shared_metrics import SharedMetrics
from bleepstore.config.server import TlsSection
from bleepstore.errors import StoreInUse, WorkerFailed
from bleepstore.service.backoff import Backoff
from bleepstore.service.doors import Doors
from bleepstore.service.listeners import Door, bind_many
from bleepstore.service.supervisor import Supervisor
from bleepstore.service.tally import Tally
from bleepstore.service.tls import Pem, Tls

_pids = count(1)


@define(eq=False)
class FakeWorker:
    """Notes what it is told; serves and ends when the test says so.

    Attributes:
        metrics: where it counts; there once it has a place.
    """

    pid: int = field(factory=lambda: next(_pids))
    metrics: SharedMetrics | None = None
    doors: Doors = ()
    serving: Deferred[None] | None = None
    ended: Deferred[str] = field(factory=Deferred)
    orders: list[Any] = field(factory=list)

    def serve(self, doors: Doors, metrics: SharedMetrics | None, pem: Pem | None) -> Deferred[None]:
        assert self.serving is None
        self.doors = doors
        self.metrics = metrics
        self.serving = fail(ConnectionResetError()) if self.ended.called else Deferred()
        return self.serving

    def reload(self, pem: Pem | None) -> None:
        self.orders.append("reload")

    def retire(self) -> None:
        self.orders.append("retire")

    def stop(self, seconds: float) -> None:
        self.orders.append(("stop", seconds))

    def kill(self) -> None:
        self.orders.append("kill")

    def begin(self) -> None:
        """It serves, unless it has no place, or serves already."""
        if self.serving is not None and not self.serving.called:
            for door in self.doors:
                door.socket.listen(100)
            self.serving.callback(None)

    def end(self) -> None:
        if self.serving is not None and not self.serving.called:
            self.serving.errback(ConnectionResetError())
        self.ended.callback("exited with code 1")


@define
class FakeStore:
    opening: Deferred[None] = field(factory=lambda: succeed(None))
    steps: list[str] = field(factory=list)
    checks: Mapping[str, Check] = field(factory=dict)
    office: None = None

    async def start(self) -> None:
        self.steps.append("start")
        await self.opening

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
    doors: list[Doors] = field(factory=lambda: [(), ()])
    started: list[FakeWorker] = field(factory=list)
    supervisor: Supervisor = field(init=False)
    starting: Deferred[None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        tls = Tls(TlsSection())
        start: Any = self._start_worker
        self.supervisor = Supervisor(self.clock, self._open, tls, self.tally, start)
        self.starting = ensureDeferred(self.supervisor.start(self.doors))

    def _open(self, metrics: Metrics | None, checks: Mapping[str, Check]) -> FakeStore:
        self.store.checks = checks
        return self.store

    def _start_worker(self) -> FakeWorker:
        self.started.append(FakeWorker())
        return self.started[-1]

    def serve(self) -> tuple[FakeWorker, ...]:
        """All that have a place serve; answer those that live."""
        for worker in list(self.started):
            worker.begin()
        return tuple(each for each in self.started if each.serving and not each.ended.called)

    @property
    def understudy(self) -> FakeWorker:
        """The one who waits."""
        (waiting,) = (each for each in self.started if not each.serving and not each.ended.called)
        return waiting


@pytest.fixture(autouse=True)
def value_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics change it."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.tally.stop()


@pytest_twisted.ensureDeferred
async def test_it_serves_when_all_workers_do(stage: Stage) -> None:
    first, second = stage.started
    first.begin()
    assert not stage.starting.called
    second.begin()
    await stage.starting
    assert stage.store.steps == ["start"]


@pytest_twisted.ensureDeferred
async def test_workers_load_while_the_store_is_opened() -> None:
    stage = Stage(store=FakeStore(Deferred()))
    first, second = stage.started
    assert (first.serving, second.serving) == (None, None)
    stage.store.opening.callback(None)
    assert stage.serve() == (first, second)
    await stage.starting
    stage.tally.stop()


@pytest_twisted.ensureDeferred
async def test_a_worker_that_ends_while_the_store_is_opened_ends_the_start() -> None:
    stage = Stage(store=FakeStore(Deferred()))
    first, second = stage.started
    with capturedLogs() as logs:
        second.end()
    assert f"worker {second.pid}, which was to serve, exited" in formatEvent(logs[-1])
    stage.store.opening.callback(None)
    with pytest.raises(WorkerFailed):
        await stage.starting
    assert first.serving is None
    stopped = ensureDeferred(stage.supervisor.stop(0))
    first.end()
    await stopped
    assert len(stage.started) == 2


@pytest_twisted.ensureDeferred
async def test_a_worker_that_ends_before_the_others_serve_is_followed(stage: Stage) -> None:
    first, second = stage.started
    first.begin()
    first.end()
    stage.clock.advance(0)
    third = stage.started[-1]
    assert third.serving is not None
    second.begin()
    await stage.starting
    assert stage.serve() == (second, third)
    assert stage.understudy is stage.started[-1]


@pytest_twisted.ensureDeferred
async def test_workers_do_not_load_to_the_end_for_a_store_that_cannot_be_opened() -> None:
    stage = Stage(store=FakeStore(fail(StoreInUse("another daemon uses it"))))
    with pytest.raises(StoreInUse):
        await stage.starting
    stopped = ensureDeferred(stage.supervisor.stop(0))
    for worker in stage.started:
        assert worker.orders == ["kill"]
        worker.end()
    await stopped


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


def test_who_waits_follows_a_worker_that_ends(stage: Stage) -> None:
    first, second = stage.serve()
    waiting = stage.understudy
    with capturedLogs() as logs:
        second.end()
    assert f"worker {second.pid} exited with code 1" in formatEvent(logs[-1])
    assert stage.store.steps == ["start", "recover"]
    stage.clock.advance(0)
    assert waiting.serving is not None
    assert len(stage.started) == 3  # nobody loads while clients wait for one who has
    assert stage.serve() == (first, waiting)
    assert stage.understudy is stage.started[3]


def test_two_that_end_at_once_are_both_followed(stage: Stage) -> None:
    for worker in stage.serve():
        worker.end()
    stage.clock.advance(0)
    assert len(stage.serve()) == 2
    assert stage.understudy is stage.started[-1]


def test_a_place_that_loses_one_after_another_is_filled_ever_more_slowly(stage: Stage) -> None:
    stage.serve()[1].end()
    for delay in (0, 0.5, 1, 2):
        if delay:
            stage.clock.advance(delay - 0.1)
            assert len(stage.serve()) == 1
        stage.clock.advance(0.1)
        serving = stage.serve()
        assert len(serving) == 2
        serving[-1].end()


def test_clients_go_elsewhere_while_a_place_is_empty_for_long() -> None:
    doors: list[Doors] = [(Door(each),) for (each,) in bind_many("127.0.0.1", 0, 2)]
    address = doors[0][0].socket.getsockname()
    stage = Stage(tally=Tally(False), doors=doors)
    first, second = stage.serve()
    second.end()
    stage.clock.advance(0)
    _, second = stage.serve()
    assert min(_arrivals(address, [first, second])) > 0
    second.end()  # and will be followed a little later
    assert _arrivals(address, [first]) == [20]
    stage.clock.advance(0.5)
    assert min(_arrivals(address, [*stage.serve()])) > 0
    ended = ensureDeferred(stage.supervisor.stop(0))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    for worker in stage.started:
        if not worker.ended.called:
            worker.end()
    assert ended.called


def _arrivals(address: Any, workers: list[FakeWorker]) -> list[int]:
    """How many of 20 who connect arrive at each worker."""
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(address))
        return [sum(1 for _ in _accept_all(each.doors[0].socket)) for each in workers]


def _accept_all(listening: socket.socket) -> Iterator[None]:
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            yield


def test_one_who_waits_and_ends_is_followed_too(stage: Stage) -> None:
    stage.serve()
    for delay in (0, 0.5, 1):
        waiting = stage.understudy
        waiting.end()
        stage.clock.advance(delay)
        assert stage.understudy is not waiting
    assert len(stage.serve()) == 2
    assert stage.store.steps == ["start"]  # it has left nothing behind


def test_a_successor_counts_where_the_former_worker_did(stage: Stage) -> None:
    first, former = stage.serve()
    former.end()
    stage.clock.advance(0)
    _, successor = stage.serve()
    assert successor is not former
    assert successor.metrics == former.metrics != first.metrics


def test_workers_are_replaced_one_by_one_by_such_as_load_the_program_anew(stage: Stage) -> None:
    first, second = stage.serve()
    waiting = stage.understudy
    stage.supervisor.restart()
    assert (waiting.orders, first.orders, len(stage.started)) == ([], [], 4)
    stage.serve()
    assert waiting.orders == [("stop", 0)]
    assert (first.orders, second.orders, len(stage.started)) == (["retire"], [], 5)
    stage.serve()
    assert second.orders == ["retire"]
    assert (
        len({each.metrics for each in stage.started if each.metrics}) == 4
    )  # all at the same time
    assert len(stage.started) == 6  # somebody waits again
    waiting.end()
    first.end()
    stage.clock.advance(100)
    assert len(stage.started) == 6  # nobody follows those who were replaced


def test_workers_stay_if_a_successor_fails(stage: Stage) -> None:
    first, second = stage.serve()
    waiting = stage.understudy
    stage.supervisor.restart()
    stage.started[-1].end()
    assert first.orders == second.orders == waiting.orders == []
    assert stage.serve() == (first, second)
    assert stage.understudy is waiting
    count = len(stage.started)
    stage.supervisor.restart()  # may be tried again
    assert len(stage.started) == count + 1


def test_a_worker_that_ends_while_its_successor_starts_is_replaced_by_it(stage: Stage) -> None:
    first, _ = stage.serve()
    stage.supervisor.restart()
    first.end()
    stage.serve()
    stage.serve()
    started = len(stage.started)
    stage.clock.advance(100)
    assert len(stage.started) == started


def test_a_second_replacement_waits_for_nobody(stage: Stage) -> None:
    stage.serve()
    stage.supervisor.restart()
    started = len(stage.started)
    stage.supervisor.restart()
    assert len(stage.started) == started


def test_reload_is_for_all(stage: Stage) -> None:
    stage.serve()
    stage.supervisor.reload()
    assert [worker.orders for worker in stage.started] == [["reload"]] * 3


@pytest_twisted.ensureDeferred
async def test_it_is_ready_while_somebody_serves(stage: Stage) -> None:
    first, second = stage.serve()
    check = stage.store.checks["workers"]
    await check()
    first.end()
    await check()
    second.end()
    with pytest.raises(WorkerFailed):
        await check()
    stage.clock.advance(0)
    stage.serve()
    await check()


@pytest_twisted.ensureDeferred
async def test_the_store_stops_after_the_last_worker(stage: Stage) -> None:
    first, second = stage.serve()
    waiting = stage.understudy
    stopped = ensureDeferred(stage.supervisor.stop(3))
    assert first.orders == second.orders == [("stop", 3)]
    waiting.end()
    first.end()
    assert not stopped.called
    second.end()
    await stopped
    assert stage.store.steps == ["start", "recover", "recover", "stop"]
    assert stage.clock.getDelayedCalls() == []


@pytest_twisted.ensureDeferred
async def test_workers_that_do_not_end_are_killed(stage: Stage) -> None:
    first, second = stage.serve()
    waiting = stage.understudy
    stopped = ensureDeferred(stage.supervisor.stop(3))
    first.end()
    waiting.end()
    stage.clock.advance(12)
    assert "kill" not in second.orders
    stage.clock.advance(1)
    assert (first.orders, second.orders) == ([("stop", 3)], [("stop", 3), "kill"])
    second.end()
    await stopped


@pytest_twisted.ensureDeferred
async def test_nobody_follows_while_it_stops(stage: Stage) -> None:
    first, second = stage.serve()
    waiting = stage.understudy
    first.end()
    stopped = ensureDeferred(stage.supervisor.stop(3))
    second.end()
    waiting.end()
    await stopped
    stage.clock.advance(100)
    assert len(stage.started) == 3


def test_a_good_life_makes_up_for_the_past() -> None:
    backoff = Backoff()
    assert [backoff.next(1) for _ in range(3)] == [0, 0.5, 1]
    assert [backoff.next(60), backoff.next(1)] == [0, 0.5]
    assert max(backoff.next(1) for _ in range(100)) == 30


def test_the_tally_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    tally = Tally(True)
    metrics = tally.start()
    assert metrics is not None
    metrics.workers_restarted.inc()
    assert b"bleepstore_workers_restarted_total 1.0" in metrics.render()
    place = tally.enter()
    assert place is not None
    assert place.folder.parent == tmp_path
    tally.stop()
    assert list(tmp_path.iterdir()) == []


def test_without_metrics_nobody_counts() -> None:
    tally = Tally(False)
    assert tally.start() is None
    assert tally.enter() is None
    tally.leave(None)
    tally.stop()
