from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from bleepstore.values import Reply, RequestHead
from tests.wire.wire_rig import Rig, parse_answers

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def gated() -> tuple[Rig, Deferred[None]]:
    gate: Deferred[None] = Deferred()

    async def answer(head: RequestHead, body: Any) -> Reply:
        await gate
        return Reply(200)

    return Rig(answer), gate


def stop(rig: Rig) -> list[None]:
    stopped: list[None] = []
    rig.site.traffic.stop().addCallback(stopped.append)
    return stopped


def test_with_nobody_there_the_stop_is_over_at_once() -> None:
    rig = Rig()
    rig.lose()
    assert stop(rig) == [None]


def test_idle_connections_are_closed_at_once() -> None:
    rig = Rig()
    rig.send(GET)
    stopped = stop(rig)
    assert rig.is_closed
    assert stopped == []
    rig.lose()
    assert stopped == [None]


def test_winding_down_an_idle_client_may_ask_once_more() -> None:
    rig = Rig()
    rig.send(GET)
    gone: list[None] = []
    rig.site.traffic.wind_down().addCallback(gone.append)
    assert not rig.is_closed
    rig.send(GET)
    *_, answer = parse_answers(rig.sent)
    assert answer.headers["connection"] == "close"
    assert rig.is_closed
    assert gone == []
    rig.lose()
    assert gone == [None]


def test_half_a_head_does_not_hold_up_the_stop() -> None:
    rig = Rig()
    rig.send(GET[:-2])
    stop(rig)
    assert rig.is_closed


def test_a_request_in_flight_is_answered_and_its_connection_closed() -> None:
    rig, gate = gated()
    rig.send(GET + GET)
    assert rig.site.traffic.requests_in_flight == 1
    stopped = stop(rig)
    assert not rig.is_closed
    gate.callback(None)
    (answer,) = parse_answers(rig.sent)
    assert answer.headers["connection"] == "close"
    assert rig.site.traffic.requests_in_flight == 0
    assert rig.is_closed
    rig.lose()
    assert stopped == [None]
    assert len(rig.handler.heads) == 1


def test_an_answer_that_had_begun_ends_and_then_the_connection_closes() -> None:
    rig, _ = gated()

    async def answer(head: RequestHead, body: Any) -> Reply:
        rig.congest()
        return Reply(200)

    rig.handler.answer = answer
    rig.send(GET)
    stop(rig)
    assert not rig.is_closed
    rig.relieve()
    assert rig.statuses == [200]
    assert rig.is_closed


def test_a_connection_that_is_accepted_late_gets_one_answer() -> None:
    rig = Rig()
    rig.lose()
    stop(rig)
    rig.connect()
    rig.send(GET + GET)
    (answer,) = parse_answers(rig.sent)
    assert answer.headers["connection"] == "close"
    assert rig.is_closed


def test_abort_cuts_what_is_left() -> None:
    rig, _ = gated()
    rig.send(GET)
    stopped = stop(rig)
    rig.site.traffic.abort()
    assert rig.transport.disconnected
    rig.lose()
    assert stopped == [None]
    assert [exchange.is_complete for exchange in rig.exchanges] == [False]
    assert rig.site.traffic.requests_in_flight == 0
