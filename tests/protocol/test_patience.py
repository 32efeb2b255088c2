from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.web.iweb import UNKNOWN_LENGTH

from bleepstore.documents.xml import document
from bleepstore.protocol.patience import PATIENCE_SECONDS, soon_or_begin
from bleepstore.values import Reply

DOCUMENT = document("Result", [])


class Consumer:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


class Waiting:
    """Somebody who waits for a reply, and a clock to wait by."""

    def __init__(self) -> None:
        self.is_cancelled = False
        self.coming: Deferred[Reply] = Deferred(self._cancelled)
        self.clock = Clock()
        self.waiter = soon_or_begin(self.coming, self.clock)
        self.replies: list[Any] = []
        self.waiter.addBoth(self.replies.append)

    def _cancelled(self, _: object) -> None:
        self.is_cancelled = True


def begun() -> tuple[Waiting, Any, Consumer]:
    waiting, consumer = Waiting(), Consumer()
    waiting.clock.advance(PATIENCE_SECONDS)
    (reply,) = waiting.replies
    return waiting, reply, consumer


def test_a_reply_that_comes_soon_is_the_reply() -> None:
    waiting = Waiting()
    waiting.clock.advance(PATIENCE_SECONDS / 2)
    reply = Reply(409, (), DOCUMENT)
    waiting.coming.callback(reply)
    assert waiting.replies == [reply]
    assert not waiting.clock.getDelayedCalls()


def test_a_late_one_ends_an_answer_that_has_begun() -> None:
    waiting, reply, consumer = begun()
    assert reply.status == 200
    assert reply.body.length is UNKNOWN_LENGTH
    done = reply.body.startProducing(consumer)
    waiting.clock.pump([PATIENCE_SECONDS] * 3)
    waiting.coming.callback(Reply(500, (), DOCUMENT))
    assert done.called
    declaration, _, rest = consumer.data.partition(b"\n")
    assert declaration == b'<?xml version="1.0" encoding="UTF-8"?>'
    assert rest == b"   " + DOCUMENT.partition(b"\n")[2]
    assert not waiting.clock.getDelayedCalls()


def test_one_that_came_between_the_beginning_and_the_first_byte() -> None:
    waiting, reply, consumer = begun()
    waiting.coming.callback(Reply(200, (), DOCUMENT))
    assert reply.body.startProducing(consumer).called
    assert consumer.data == DOCUMENT
    assert not waiting.clock.getDelayedCalls()


@pytest.mark.parametrize("is_started", [True, False])
def test_a_client_that_leaves_a_begun_answer_cancels_the_work(is_started: bool) -> None:
    waiting, reply, consumer = begun()
    if is_started:
        reply.body.startProducing(consumer)
    reply.body.stopProducing()
    assert waiting.is_cancelled
    assert not waiting.clock.getDelayedCalls()


def test_a_client_that_leaves_before_cancels_the_work() -> None:
    waiting = Waiting()
    waiting.waiter.cancel()
    assert waiting.is_cancelled
    (failure,) = waiting.replies
    assert failure.check(CancelledError)
    assert not waiting.clock.getDelayedCalls()


def test_work_that_ends_long_after_its_cancellation_disturbs_nobody() -> None:
    clock = Clock()
    inner: Deferred[Reply] = Deferred()

    async def stubborn() -> Reply:
        try:
            return await inner
        except CancelledError:
            await late
            raise

    late: Deferred[None] = Deferred()
    failures: list[Any] = []
    waiter = soon_or_begin(Deferred.fromCoroutine(stubborn()), clock)
    waiter.addErrback(failures.append)
    waiter.cancel()
    assert failures[0].check(CancelledError)
    clock.advance(PATIENCE_SECONDS * 2)
    late.callback(None)
    assert not clock.getDelayedCalls()
