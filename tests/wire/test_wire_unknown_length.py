"""Answers whose length is not known when they begin."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from bleepstore.values import Reply, RequestHead
from tests.wire.wire_rig import Rig


@implementer(IBodyProducer)
@define(eq=False)
class Endless:
    """A producer in the test's hand that does not say how much it will write."""

    length: Any = UNKNOWN_LENGTH
    consumer: Any = None
    is_stopped: bool = False
    done: Deferred[None] = field(factory=Deferred)

    def startProducing(self, consumer: Any) -> Deferred[None]:
        self.consumer = consumer
        return self.done

    def pauseProducing(self) -> None:
        pass

    def resumeProducing(self) -> None:
        pass

    def stopProducing(self) -> None:
        self.is_stopped = True


def asked(request: bytes) -> tuple[Rig, Endless]:
    producer = Endless()

    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(200, body=producer)

    rig = Rig(answer)
    rig.send(request)
    return rig, producer


def split(rig: Rig) -> tuple[bytes, bytes]:
    head, _, body = rig.sent.partition(b"\r\n\r\n")
    return head.lower(), body


def test_it_goes_out_in_chunks_and_the_connection_is_kept() -> None:
    rig, producer = asked(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    producer.consumer.write(b"abc")
    head, body = split(rig)
    assert b"transfer-encoding: chunked" in head
    assert b"content-length" not in head
    assert body == b"3\r\nabc\r\n"
    producer.consumer.write(b"")
    producer.consumer.write(b"x" * 20)
    producer.done.callback(None)
    assert split(rig)[1] == b"3\r\nabc\r\n14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n"
    assert rig.exchanges[0].is_complete
    assert not rig.is_closed
    rig.lose()


def test_an_empty_one_is_a_last_chunk() -> None:
    rig, producer = asked(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    producer.done.callback(None)
    assert split(rig)[1] == b"0\r\n\r\n"
    rig.lose()


def test_http_1_0_learns_the_end_from_the_connections_end() -> None:
    rig, producer = asked(b"GET / HTTP/1.0\r\n\r\n")
    producer.consumer.write(b"abc")
    producer.done.callback(None)
    head, body = split(rig)
    assert b"transfer-encoding" not in head
    assert b"content-length" not in head
    assert body == b"abc"
    assert rig.is_closed
    rig.lose()


def test_head_says_nothing_of_it() -> None:
    rig, producer = asked(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    head, body = split(rig)
    assert b"transfer-encoding" not in head
    assert b"content-length" not in head
    assert body == b""
    assert producer.is_stopped
    rig.lose()


def test_one_that_fails_midway_lacks_the_last_chunk(flush_logged_errors: Any) -> None:
    rig, producer = asked(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    producer.consumer.write(b"abc")
    producer.done.errback(Failure(OSError("disk")))
    assert rig.transport.disconnected
    assert split(rig)[1] == b"3\r\nabc\r\n"
    rig.lose()
    assert len(flush_logged_errors(OSError)) == 1
