from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface.verify import verifyObject

from bleepstore.errors import ClientGone, S3Error
from bleepstore.interfaces import IRequestBody
from bleepstore.wire.body import RequestBody
from bleepstore.wire.limits import WireLimits
from tests.wire.wire_rig import Collector

LIMITS = WireLimits(body_buffer_bytes=100, discard_bytes=50, body_stall_seconds=10)


@define
class Valve:
    is_held: bool = False
    log: list[str] = field(factory=list)

    def hold(self) -> None:
        self.is_held = True
        self.log.append("hold")

    def release(self) -> None:
        self.is_held = False
        self.log.append("release")

    def wanted(self, length: int | None) -> None:
        """It reads as much at once as it likes."""

    def invite(self) -> None:
        self.log.append("invite")


class Bench:
    def __init__(self, length: int | None = 1000, is_awaited: bool = False) -> None:
        self.valve = Valve()
        self.clock = Clock()
        self.refusals = 0
        self.body = RequestBody(self.valve, self.clock, LIMITS, length, is_awaited, self._refused)
        self.body.watch()
        self.consumer = Collector()
        self.results: list[Any] = []

    def _refused(self) -> None:
        self.refusals += 1

    def start(self) -> Deferred[None]:
        done = self.body.startProducing(self.consumer)  # type: ignore[arg-type]
        done.addBoth(self.results.append)
        return done

    @property
    def error(self) -> Any:
        (failure,) = self.results
        return failure.value


def test_it_keeps_its_promise() -> None:
    body = Bench().body
    assert verifyObject(IRequestBody, body)
    assert verifyObject(IBodyProducer, body)


def test_lengths() -> None:
    assert Bench(7).body.length == 7
    assert Bench(0).body.length == 0
    assert Bench(None).body.length is UNKNOWN_LENGTH


def test_an_empty_body_is_over_at_once() -> None:
    bench = Bench(0)
    bench.start()
    assert bench.results == [None]
    assert bench.consumer.data == b""


def test_what_came_before_the_start_is_delivered_first() -> None:
    bench = Bench(6)
    bench.body.feed(b"abc")
    bench.start()
    assert bench.consumer.data == b"abc"
    bench.body.feed(b"def")
    assert bench.results == []
    bench.body.end()
    assert bench.consumer.data == b"abcdef"
    assert bench.results == [None]


def test_a_body_that_is_complete_before_the_start() -> None:
    bench = Bench(3)
    bench.body.feed(b"abc")
    bench.body.end()
    bench.start()
    assert bench.consumer.data == b"abc"
    assert bench.results == [None]


def test_nobody_reads_so_reading_stops_at_the_watermark() -> None:
    bench = Bench()
    bench.body.feed(b"x" * 99)
    assert not bench.valve.is_held
    bench.body.feed(b"x")
    assert bench.valve.is_held
    bench.start()
    assert not bench.valve.is_held


def test_a_connection_that_reads_on_by_itself_is_held_again() -> None:
    bench = Bench()
    bench.body.feed(b"x" * 100)
    bench.body.feed(b"x")
    assert bench.valve.log == ["hold", "hold"]


def test_pause_and_resume_reach_the_socket() -> None:
    bench = Bench()
    bench.start()
    bench.body.pauseProducing()
    bench.body.feed(b"x" * 150)
    assert bench.valve.is_held
    assert bench.consumer.data == b""
    bench.body.resumeProducing()
    assert not bench.valve.is_held
    assert len(bench.consumer.data) == 150


class PausingConsumer(Collector):
    body: RequestBody

    def write(self, data: bytes) -> None:
        super().write(data)
        self.body.pauseProducing()


def test_a_consumer_that_pauses_inside_write_gets_one_block_at_a_time() -> None:
    bench = Bench()
    bench.consumer = consumer = PausingConsumer()
    consumer.body = bench.body
    bench.body.feed(b"a")
    bench.body.feed(b"b")
    bench.start()
    assert consumer.blocks == [b"a"]
    bench.body.end()
    assert bench.results == []
    bench.body.resumeProducing()
    assert consumer.blocks == [b"a", b"b"]
    assert bench.results == [None]


class ResumingConsumer(Collector):
    body: RequestBody

    def write(self, data: bytes) -> None:
        super().write(data)
        self.body.pauseProducing()
        self.body.resumeProducing()


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=20))
def test_order_and_content_survive_a_consumer_that_resumes_inside_write(
    blocks: list[bytes],
) -> None:
    bench = Bench(None)
    bench.consumer = consumer = ResumingConsumer()
    consumer.body = bench.body
    for block in blocks[::2]:
        bench.body.feed(block)
    bench.start()
    for block in blocks[1::2]:
        bench.body.feed(block)
    bench.body.end()
    assert consumer.blocks == blocks[::2] + blocks[1::2]
    assert bench.results == [None]
    assert not bench.valve.is_held


def test_the_client_is_asked_to_continue_only_by_the_start() -> None:
    bench = Bench(is_awaited=True)
    assert bench.valve.log == []
    bench.start()
    assert bench.valve.log == ["invite"]
    assert not bench.body.is_awaited


def test_the_end_of_the_connection_is_client_gone() -> None:
    bench = Bench()
    bench.start()
    bench.body.feed(b"abc")
    bench.body.fail(ClientGone())
    assert isinstance(bench.error, ClientGone)
    assert bench.clock.getDelayedCalls() == []


@pytest_twisted.ensureDeferred
async def test_the_end_of_the_connection_before_the_start() -> None:
    bench = Bench()
    bench.body.feed(b"abc")
    bench.body.fail(ClientGone())
    with pytest.raises(ClientGone):
        await bench.body.startProducing(bench.consumer)  # type: ignore[arg-type]
    assert bench.consumer.data == b""


def test_bytes_that_were_still_waiting_are_dropped_when_the_client_goes() -> None:
    bench = Bench(3)
    bench.start()
    bench.body.pauseProducing()
    bench.body.feed(b"abc")
    bench.body.end()
    bench.body.fail(ClientGone())
    bench.body.resumeProducing()
    assert bench.consumer.data == b""
    assert isinstance(bench.error, ClientGone)


def test_cancelling_stops_the_delivery() -> None:
    bench = Bench()
    done = bench.start()
    done.cancel()
    assert isinstance(bench.error, CancelledError)
    bench.body.feed(b"x" * 100)
    assert bench.consumer.data == b""
    assert bench.valve.is_held


def test_a_stopped_body_gives_nothing_more_and_its_deferred_stays_silent() -> None:
    bench = Bench()
    bench.start()
    bench.body.stopProducing()
    bench.body.feed(b"abc")
    bench.body.end()
    assert bench.consumer.data == b""
    assert bench.results == []


class BrokenConsumer(Collector):
    def write(self, data: bytes) -> None:
        raise S3Error("BadDigest")


def test_a_consumer_that_raises_fails_the_delivery_and_not_the_connection() -> None:
    bench = Bench()
    bench.consumer = BrokenConsumer()
    bench.start()
    bench.body.feed(b"abc")
    assert bench.error.code == "BadDigest"
    assert not bench.body.has_failed
    bench.body.feed(b"abc")
    bench.body.end()


def test_discarding_is_bounded() -> None:
    bench = Bench(None)
    bench.body.discard()
    bench.body.feed(b"x" * 50)
    assert bench.refusals == 0
    bench.body.feed(b"x")
    assert bench.refusals == 1
    bench.body.feed(b"x" * 500)
    assert bench.refusals == 1


def test_what_waits_is_dropped_when_the_body_is_discarded() -> None:
    bench = Bench()
    bench.body.feed(b"x" * 100)
    assert bench.valve.is_held
    bench.body.discard()
    assert not bench.valve.is_held


@pytest.mark.parametrize(
    ("length", "is_awaited", "fed", "settled"),
    [(50, False, 0, True), (51, False, 0, False), (150, False, 100, True), (None, False, 0, True),
     (10, True, 0, False), (0, False, 0, True), (0, True, 0, False)],
)  # fmt: skip
def test_when_the_connection_can_go_on(
    length: int | None, is_awaited: bool, fed: int, settled: bool
) -> None:
    bench = Bench(length, is_awaited)
    bench.body.feed(b"x" * fed)
    assert bench.body.is_settled is settled


# --- the minimum rate: 1,024 bytes a second over 10 seconds --------------------------------------


def test_a_body_that_is_too_slow_is_refused() -> None:
    bench = Bench(10**6)
    bench.start()
    bench.body.feed(b"x" * 10239)
    bench.clock.advance(10)
    assert bench.error.code == "RequestTimeout"
    assert bench.refusals == 1


def test_a_body_that_is_just_fast_enough_is_not() -> None:
    bench = Bench(10**6)
    bench.start()
    for _ in range(5):
        bench.body.feed(b"x" * 10240)
        bench.clock.advance(10)
    assert bench.results == []
    bench.clock.advance(10)
    assert bench.error.code == "RequestTimeout"


def test_time_in_which_we_hold_the_client_back_does_not_count() -> None:
    bench = Bench(10**6)
    bench.body.feed(b"x" * 100)
    assert bench.valve.is_held
    bench.clock.advance(10_000)
    bench.start()
    assert bench.results == []
    bench.clock.advance(9.9)
    assert bench.results == []
    bench.clock.advance(0.1)
    assert bench.error.code == "RequestTimeout"


def test_time_in_which_the_client_waits_for_100_continue_does_not_count() -> None:
    bench = Bench(is_awaited=True)
    bench.clock.advance(10_000)
    assert bench.refusals == 0
    bench.start()
    bench.clock.advance(10)
    assert bench.error.code == "RequestTimeout"


def test_a_refused_body_that_nobody_reads_yet_fails_when_started() -> None:
    bench = Bench()
    bench.clock.advance(10)
    assert bench.refusals == 1
    bench.start()
    assert bench.error.code == "RequestTimeout"


def test_a_complete_body_leaves_no_timer() -> None:
    bench = Bench(3)
    bench.body.feed(b"abc")
    bench.body.end()
    assert bench.clock.getDelayedCalls() == []
