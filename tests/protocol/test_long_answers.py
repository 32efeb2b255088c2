"""A long operation from the request's bytes to the answer's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from bleepstore.documents.xml import document
from bleepstore.errors import S3Error
from bleepstore.protocol import dispatch
from bleepstore.protocol.address import Addressing
from bleepstore.protocol.dispatch import Dispatcher
from bleepstore.protocol.operation import Level, Operation
from bleepstore.protocol.patience import PATIENCE_SECONDS
from bleepstore.s3.later import Later
from bleepstore.values import Reply
from tests.wire.wire_rig import Rig

REQUEST = b"POST /bucket/key?uploadId=u HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
DOCUMENT = document("Result", ["<A>1</A>"])

Begin = Callable[[], tuple[Rig, Deferred[Reply]]]


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Sends a request whose operation takes as long as the test likes."""
    work: Deferred[Reply] = Deferred()

    async def handler(_: Any) -> Later:
        async def reply() -> Reply:
            return await work

        return Later(reply())

    operation = Operation("Long", "POST", Level.OBJECT, "s3:PutObject", handler=handler)

    class Anybody:
        access_key = "AKIA"

    class Known:
        principal = Anybody()

        def __init__(self, address: Any) -> None:
            self.address = address

    async def identify(_: Any, head: Any, body: Any, address: Any, operation: Any) -> Any:
        return Known(address)

    async def authorized(*_: Any) -> None:
        return None

    monkeypatch.setattr(dispatch, "match", lambda *_: operation)
    monkeypatch.setattr(Dispatcher, "_identify", identify)
    monkeypatch.setattr(Dispatcher, "_authorized", authorized)

    def started() -> tuple[Rig, Deferred[Reply]]:
        rig = Rig()
        rig.handler.answer = Dispatcher(
            Addressing(()),
            None,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            SimpleNamespace(region="us-east-1"),  # type: ignore[arg-type]
            rig.clock,
        ).handle
        rig.send(REQUEST)
        return rig, work

    return started


def test_a_late_success(begin: Begin) -> None:
    rig, work = begin()
    rig.clock.advance(PATIENCE_SECONDS / 2)
    assert rig.sent == b""
    rig.clock.advance(PATIENCE_SECONDS / 2)
    assert rig.sent.startswith(b"HTTP/1.1 200 ")
    assert rig.sent.endswith(b'\r\n\r\n27\r\n<?xml version="1.0" encoding="UTF-8"?>\n\r\n')
    rig.clock.advance(PATIENCE_SECONDS)
    assert rig.sent.endswith(b"1\r\n \r\n")
    work.callback(Reply(200, (), DOCUMENT))
    assert DOCUMENT.partition(b"\n")[2] in rig.sent
    assert rig.sent.endswith(b"\r\n0\r\n\r\n")
    assert rig.exchanges[0].is_complete
    assert "error_code" not in rig.exchanges[0].facts
    assert not rig.is_closed
    rig.lose()


def test_a_late_error_is_in_the_body_and_in_the_log(begin: Begin) -> None:
    rig, work = begin()
    rig.clock.advance(PATIENCE_SECONDS)
    work.errback(S3Error("InvalidPart"))
    assert rig.sent.startswith(b"HTTP/1.1 200 ")
    assert b"<Error><Code>InvalidPart</Code>" in rig.sent
    assert rig.exchanges[0].facts["error_code"] == "InvalidPart"
    rig.lose()


def test_an_early_error_has_its_own_status(begin: Begin) -> None:
    rig, work = begin()
    work.errback(S3Error("NoSuchUpload"))
    assert rig.statuses == [404]
    rig.lose()


def test_a_client_that_leaves_cancels_the_work(begin: Begin) -> None:
    rig, work = begin()
    rig.clock.advance(PATIENCE_SECONDS)
    rig.lose()
    work.addErrback(lambda failure: failure.trap(CancelledError))
    assert work.called
    assert not rig.exchanges[0].is_complete
