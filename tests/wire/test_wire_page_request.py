"""Requests that Klein routes, from their end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from bleepstore.values import Reply, RequestHead
from tests.wire.wire_rig import Rig, echo, parse_answers

GET = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"


def page_rig(page: Any) -> Rig:
    return Rig(echo, pages={"/page": page})


def test_a_client_that_leaves_cancels_the_page() -> None:
    endings: list[type[BaseException]] = []

    async def page(head: RequestHead) -> Reply:
        try:
            await Deferred()
        except BaseException as error:
            endings.append(type(error))
            raise
        raise AssertionError

    rig = page_rig(page)
    rig.send(GET)
    rig.lose()
    assert endings == [CancelledError]
    assert [exchange.is_complete for exchange in rig.exchanges] == [False]
    assert rig.site.traffic.requests_in_flight == 0


def test_a_page_that_fails_is_a_500_and_the_connection_goes_on(flush_logged_errors: Any) -> None:
    async def page(head: RequestHead) -> Reply:
        raise RuntimeError("the secret cause")

    rig = page_rig(page)
    rig.send(GET + GET)
    assert rig.statuses == [500, 500]
    assert b"secret" not in rig.sent
    assert len(flush_logged_errors(RuntimeError)) == 2


def test_the_next_request_waits_for_the_page() -> None:
    gate: Deferred[None] = Deferred()

    async def page(head: RequestHead) -> Reply:
        await gate
        return Reply(200, body=head.method.encode())

    rig = page_rig(page)
    rig.send(GET + b"GET /k HTTP/1.1\r\nHost: a\r\n\r\n")
    assert rig.sent == b""
    gate.callback(None)
    assert [answer.body for answer in parse_answers(rig.sent)] == [b"GET", b"GET /k "]


def test_a_page_for_any_method_that_is_claimed() -> None:
    async def page(head: RequestHead) -> Reply:
        return Reply(200, body=head.method.encode())

    rig = page_rig(page)
    rig.send(GET.replace(b"GET", b"BREW"))
    assert [answer.body for answer in parse_answers(rig.sent)] == [b"BREW"]
