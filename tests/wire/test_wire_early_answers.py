from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from bleepstore.values import Reply, RequestHead
from bleepstore.wire.limits import WireLimits
from tests.wire.wire_rig import Rig, parse_answers, refuse

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
LIMITS = WireLimits(discard_bytes=1000)


def put(length: int, *lines: bytes) -> bytes:
    head = [b"PUT /k HTTP/1.1", b"Host: a", b"Content-Length: %d" % length, *lines]
    return b"\r\n".join(head) + b"\r\n\r\n"


def test_expect_is_answered_when_the_handler_reads() -> None:
    rig = Rig()
    rig.send(put(3, b"Expect: 100-Continue"))
    assert rig.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    rig.send(b"abc")
    assert rig.statuses == [100, 200]
    assert not rig.is_closed


def test_a_refused_expectation_closes_without_100_and_without_reading_on() -> None:
    rig = Rig(refuse)
    rig.send(put(len(SMUGGLED), b"Expect: 100-continue"))
    (answer,) = parse_answers(rig.sent)
    assert (answer.status, answer.body) == (403, b"no")
    assert answer.headers["connection"] == "close"
    assert rig.is_closed
    rig.send(SMUGGLED)
    assert rig.statuses == [403]
    assert len(rig.handler.heads) == 1


def test_a_refused_client_that_expects_100_with_an_empty_body_loses_its_connection() -> None:
    """aws-cli takes an answer that is not 100 for part of the next one on the connection."""
    rig = Rig(refuse)
    rig.send(put(0, b"Expect: 100-continue") + SMUGGLED)
    assert rig.statuses == [403]


def test_an_accepted_empty_body_is_invited_too() -> None:
    rig = Rig()
    rig.send(put(0, b"Expect: 100-continue"))
    assert rig.statuses == [100, 200]


@pytest.mark.parametrize("line", [b"Expect: something", b"Expect:"])
def test_other_expectations_are_ignored(line: bytes) -> None:
    rig = Rig()
    rig.send(put(3, line))
    assert rig.sent == b""
    rig.send(b"abc")
    assert rig.statuses == [200]


def test_http_1_0_gets_no_100() -> None:
    rig = Rig()
    rig.send(b"PUT /k HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert rig.sent == b""
    rig.send(b"abc")
    assert rig.statuses == [200]


def test_a_small_unread_body_is_dropped_and_the_connection_goes_on() -> None:
    rig = Rig(refuse, LIMITS)
    rig.send(put(1000) + SMUGGLED)
    assert rig.statuses == [403]
    rest = b"x" * (1000 - len(SMUGGLED))
    rig.send(rest + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [head.target for head in rig.handler.heads] == [b"/k", b"/next"]
    assert rig.statuses == [403, 403]
    assert "connection" not in parse_answers(rig.sent)[0].headers
    assert rig.exchanges[0].bytes_received == 1000


def test_a_large_unread_body_closes_the_connection() -> None:
    rig = Rig(refuse, LIMITS)
    rig.send(put(2000) + SMUGGLED)
    rig.send(SMUGGLED)
    (answer,) = parse_answers(rig.sent)
    assert answer.headers["connection"] == "close"
    assert rig.is_closed
    assert len(rig.handler.heads) == 1


def test_a_chunked_unread_body_is_dropped_up_to_the_limit() -> None:
    rig = Rig(refuse, LIMITS)
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    rig.send(b"3E8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n" + SMUGGLED)
    assert rig.statuses == [403, 403]


def test_a_chunked_unread_body_beyond_the_limit_closes_the_connection() -> None:
    rig = Rig(refuse, LIMITS)
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    rig.send(b"3E9\r\n" + b"x" * 1001)
    assert rig.is_closed
    rig.send(b"\r\n0\r\n\r\n" + SMUGGLED)
    assert rig.statuses == [403]
    assert len(rig.handler.heads) == 1
    assert len(rig.exchanges) == 1


def test_an_unread_chunked_body_that_breaks_off_malformed_closes_the_connection() -> None:
    rig = Rig(refuse, LIMITS)
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    rig.send(b"nonsense\r\n" + SMUGGLED)
    assert rig.statuses == [403]
    assert rig.is_closed
    assert len(rig.exchanges) == 1


def test_an_unread_body_that_only_trickles_is_cut_by_the_minimum_rate() -> None:
    rig = Rig(refuse, LIMITS)
    rig.send(put(1000) + b"x")
    rig.clock.advance(30)
    assert rig.is_closed
    assert rig.statuses == [403]
    assert rig.exchanges[0].is_complete


def test_an_answer_in_the_middle_of_reading() -> None:
    async def answer(head: RequestHead, body: Any) -> Reply:
        first: Deferred[bytes] = Deferred()

        class Consumer:
            def write(self, data: bytes) -> None:
                if not first.called:
                    first.callback(data)

        body.startProducing(Consumer())
        return Reply(400, body=await first)

    rig = Rig(answer, LIMITS)
    rig.send(put(9) + b"abc")
    assert parse_answers(rig.sent)[0].body == b"abc"
    rig.send(b"defghi" + put(3) + b"xyz")
    assert [reply.body for reply in parse_answers(rig.sent)] == [b"abc", b"xyz"]


def test_a_late_answer_after_the_body_was_refused_is_the_last_one() -> None:
    gate: Deferred[None] = Deferred()

    async def answer(head: RequestHead, body: Any) -> Reply:
        await gate
        return Reply(200)

    rig = Rig(answer)
    rig.send(put(1000) + b"x")
    rig.clock.advance(30)
    assert not rig.is_closed
    rig.send(b"x" * 999 + SMUGGLED)
    gate.callback(None)
    (reply,) = parse_answers(rig.sent)
    assert reply.headers["connection"] == "close"
    assert rig.is_closed
    assert len(rig.handler.heads) == 1
