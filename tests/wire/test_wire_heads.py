"""Request lines, and what no head may hide behind."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from bleepstore.values import Reply, RequestHead
from bleepstore.wire.limits import WireLimits
from tests.wire.wire_rig import Rig, parse_answers

NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "method", ["BREW", "get", "CONNECT", "PRI", "SOURCE", "M-SEARCH", "TRACE", "A" * 100, "X!~"]
)
def test_every_method_reaches_the_handler(method: str) -> None:
    rig = Rig()
    rig.send(method.encode() + b" /k HTTP/1.1\r\nHost: a\r\n\r\n" + NEXT)
    assert [head.method for head in rig.handler.heads] == [method, "GET"]
    assert rig.statuses == [200, 200]


def test_some_bytes_that_should_have_been_escaped_arrive_as_sent() -> None:
    rig = Rig()
    rig.send(b'GET /b/"<>{}\x7f\x80\xb0 HTTP/1.1\r\nHost: a\r\n\r\n')
    assert [head.target for head in rig.handler.heads] == [b'/b/"<>{}\x7f\x80\xb0']


def test_an_upgrade_is_ignored_and_what_follows_is_a_request() -> None:
    rig = Rig()
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\n" + upgrade + b"\r\n" + NEXT)
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n" + upgrade + b"\r\nabc" + NEXT)
    assert [answer.body for answer in parse_answers(rig.sent)] == [
        b"GET /k ",
        b"GET /next ",
        b"PUT /k abc",
        b"GET /next ",
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"GET /\r\n",
        b"GET / HTTP/0.9\r\n",
        b"GET / HTTP/2.0\r\n",
        b"GET / HTTP/1.10\r\n",
        b"GET / http/1.1\r\n",
        b"GET / RTSP/1.0\r\n",
        b"GET / HTTP/1.1 \r\n",
        b" GET / HTTP/1.1\r\n",
        b"GET\t/ HTTP/1.1\r\n",
        b"GET /a b HTTP/1.1\r\n",
        b"G(T / HTTP/1.1\r\n",
        b"GET /\xb1 HTTP/1.1\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\n\r\n",
    ],
)
def test_a_line_that_is_no_request_is_refused_without_waiting_for_more(line: bytes) -> None:
    rig = Rig()
    rig.send(line)
    assert rig.statuses == [400]
    assert rig.is_closed


def test_a_folded_line_hides_no_request() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n Content-Length: 33\r\n\r\n" + NEXT)
    assert rig.statuses == [400]
    assert rig.handler.heads == []


def test_an_empty_line_behind_a_body_is_left_out() -> None:
    rig = Rig()
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n")
    assert not rig.is_closed
    rig.send(NEXT)
    assert rig.statuses == [200, 200]


def test_what_is_refused_is_reported_with_its_request_line() -> None:
    rig = Rig(limits=WireLimits(header_bytes=100))
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100)
    (exchange,) = rig.exchanges
    assert (exchange.head.method, exchange.head.target) == ("GET", b"/k")
    assert exchange.facts == {"error_code": "RequestHeaderSectionTooLarge"}


def test_a_client_that_sends_ahead_is_held_back_until_it_is_answered() -> None:
    gates: list[Deferred[None]] = []

    async def answer(head: RequestHead, body: Any) -> Reply:
        gates.append(Deferred())
        await gates[-1]
        return Reply(200)

    rig = Rig(answer)
    rig.send(NEXT)
    rig.send(NEXT * 100)
    assert rig.transport.producerState == "producing"
    rig.send(NEXT * 1000)
    assert rig.transport.producerState == "paused"
    assert len(rig.handler.heads) == 1
    gates[0].callback(None)
    assert len(rig.handler.heads) == 2
    assert rig.transport.producerState == "paused"
    for number in range(1, 1101):
        gates[number].callback(None)
    assert rig.statuses == [200] * 1101
    assert rig.transport.producerState == "producing"


def test_a_connection_that_waits_for_its_client_keeps_no_bytes() -> None:
    rig = Rig()
    rig.send(NEXT + b"PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
    assert rig.channel._inbox._bytes == b""
