from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from bleepstore.errors import S3Error
from bleepstore.values import Reply, RequestHead
from bleepstore.wire.deadline import Deadline
from bleepstore.wire.limits import WireLimits
from tests.wire.wire_rig import Rig, parse_answers, read_all

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_deadline_moves_both_ways_and_rings_once() -> None:
    clock = Clock()
    rings: list[float] = []
    deadline = Deadline(clock, lambda: rings.append(clock.seconds()))
    deadline.set(10)
    clock.advance(5)
    deadline.set(10)
    clock.advance(5)
    assert rings == []
    deadline.set(2)
    clock.advance(2)
    assert rings == [12]
    clock.advance(100)
    assert rings == [12]
    deadline.set(5)
    deadline.clear()
    clock.advance(10)
    deadline.set(5)
    deadline.stop()
    assert clock.getDelayedCalls() == []
    assert rings == [12]


def test_moving_a_deadline_back_does_not_touch_the_reactor() -> None:
    clock = Clock()
    deadline = Deadline(clock, lambda: None)
    deadline.set(10)
    (call,) = clock.getDelayedCalls()
    for _ in range(100):
        clock.advance(0.01)
        deadline.set(10)
    assert clock.getDelayedCalls() == [call]
    assert call.getTime() == 10


def test_a_connection_that_says_nothing_is_closed() -> None:
    rig = Rig()
    rig.clock.advance(29.9)
    assert not rig.is_closed
    rig.clock.advance(0.2)
    assert rig.is_closed
    assert rig.sent == b""


def test_a_header_block_that_trickles_is_cut_however_steadily_it_comes() -> None:
    rig = Rig()
    for byte in b"GET /" + b"k" * 25:
        rig.send(bytes([byte]))
        rig.clock.advance(1.001)
    assert rig.is_closed
    assert rig.handler.heads == []


def test_the_header_deadline_of_a_later_request_begins_with_its_first_byte() -> None:
    rig = Rig()
    rig.send(GET)
    rig.clock.advance(50)
    rig.send(b"G")
    rig.clock.advance(29)
    assert not rig.is_closed
    rig.clock.advance(1)
    assert rig.is_closed


def test_an_idle_connection_is_closed_after_its_own_time() -> None:
    rig = Rig()
    rig.send(GET)
    rig.clock.advance(59.9)
    rig.send(GET)
    rig.clock.advance(59.9)
    assert not rig.is_closed
    rig.clock.advance(0.2)
    assert rig.is_closed


def test_a_handler_may_take_its_time() -> None:
    gate: Deferred[None] = Deferred()

    async def answer(head: RequestHead, body: Any) -> Reply:
        await gate
        return Reply(200)

    rig = Rig(answer)
    rig.send(GET)
    rig.clock.advance(100_000)
    assert not rig.is_closed
    gate.callback(None)
    assert rig.statuses == [200]


async def read_or_say_why(head: RequestHead, body: Any) -> Reply:
    try:
        return Reply(200, body=await read_all(body))
    except S3Error as error:
        return Reply(error.status, body=error.code.encode())


def test_a_body_that_trickles_is_answered_with_request_timeout() -> None:
    rig = Rig(read_or_say_why)
    rig.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
    for _ in range(30):
        rig.send(b"x")
        rig.clock.advance(1)
    (answer,) = parse_answers(rig.sent)
    assert (answer.status, answer.body) == (400, b"RequestTimeout")
    assert answer.headers["connection"] == "close"
    assert rig.is_closed


def test_an_upload_that_we_pause_ourselves_is_not_cut() -> None:
    bodies: list[Any] = []

    async def answer(head: RequestHead, body: Any) -> Reply:
        bodies.append(body)
        body.pauseProducing()
        return Reply(200, body=b"%d" % len(await read_all(body)))

    rig = Rig(answer, WireLimits(body_buffer_bytes=10))
    rig.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n" + b"x" * 10)
    assert rig.transport.producerState == "paused"
    rig.clock.advance(100_000)
    assert not rig.is_closed
    bodies[0].resumeProducing()
    assert rig.transport.producerState == "producing"
    rig.send(b"x" * 5)
    assert parse_answers(rig.sent)[0].body == b"15"


def test_our_pause_survives_a_write_buffer_that_drains() -> None:
    async def answer(head: RequestHead, body: Any) -> Reply:
        await Deferred()
        raise AssertionError

    rig = Rig(answer, WireLimits(body_buffer_bytes=10))
    rig.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n" + b"x" * 10)
    rig.congest()
    rig.relieve()
    assert rig.transport.producerState == "paused"
    rig.lose()


def congested_rig() -> Rig:
    """A connection whose write buffer is full as soon as a request is answered."""

    async def answer(head: RequestHead, body: Any) -> Reply:
        rig.congest()
        return Reply(200)

    rig = Rig(answer)
    return rig


def test_a_client_that_does_not_read_its_answer_is_cut() -> None:
    rig = congested_rig()
    rig.send(GET)
    assert rig.statuses == [200]
    assert rig.exchanges == []
    rig.clock.advance(120)
    assert rig.transport.disconnected
    rig.lose()
    assert len(rig.exchanges) == 1
    assert not rig.exchanges[0].is_complete


def test_the_next_request_waits_until_the_client_has_read_the_answer() -> None:
    rig = congested_rig()
    rig.send(GET + GET)
    rig.clock.advance(119)
    assert rig.statuses == [200]
    rig.relieve()
    assert rig.statuses == [200, 200]
    rig.clock.advance(119)
    rig.relieve()
    rig.clock.advance(59)
    assert not rig.is_closed


def test_a_closing_connection_that_does_not_go_away_is_cut() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert rig.is_closed
    assert not rig.transport.disconnected
    rig.clock.advance(120)
    assert rig.transport.disconnected


def test_a_lost_connection_leaves_no_timer() -> None:
    rig = Rig()
    rig.send(GET)
    rig.lose()
    assert rig.clock.getDelayedCalls() == []
