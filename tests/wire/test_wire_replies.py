from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from bleepstore.errors import S3_ERRORS, BlobMissing, UpstreamBusy, UpstreamFailed
from bleepstore.values import Reply, RequestHead
from bleepstore.wire.reply import WrongLength
from tests.wire.wire_rig import Rig, parse_answers

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@implementer(IBodyProducer)
@define(eq=False)
class Producer:
    """A producer in the test's hand."""

    length: int
    log: list[str] = field(factory=list)
    consumer: Any = None
    done: Deferred[None] = field(factory=Deferred)

    def startProducing(self, consumer: Any) -> Deferred[None]:
        self.log.append("start")
        self.consumer = consumer
        return self.done

    def pauseProducing(self) -> None:
        self.log.append("pause")

    def resumeProducing(self) -> None:
        self.log.append("resume")

    def stopProducing(self) -> None:
        self.log.append("stop")


def started(length: int = 6, request: bytes = GET, status: int = 200) -> tuple[Rig, Producer]:
    producer = Producer(length)

    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(status, body=producer)

    rig = Rig(answer)
    rig.send(request)
    return rig, producer


def test_blocks_go_out_as_they_come_and_the_connection_is_kept() -> None:
    rig, producer = started()
    producer.consumer.write(b"abc")
    assert rig.sent.endswith(b"\r\n\r\nabc")
    producer.consumer.write(b"def")
    assert rig.exchanges == []
    producer.done.callback(None)
    assert parse_answers(rig.sent)[0].body == b"abcdef"
    assert rig.exchanges[0].bytes_sent == 6
    assert rig.exchanges[0].is_complete
    assert not rig.is_closed
    assert producer.log == ["start"]


def test_the_head_waits_for_the_first_block() -> None:
    rig, producer = started()
    assert rig.sent == b""
    producer.consumer.write(b"a")
    assert rig.sent.startswith(b"HTTP/1.1 200")
    rig.lose()


def test_an_empty_producer() -> None:
    rig, producer = started(0)
    producer.done.callback(None)
    assert parse_answers(rig.sent)[0].headers["content-length"] == "0"


def test_a_client_that_reads_slowly_pauses_the_producer() -> None:
    rig, producer = started()
    rig.congest()
    rig.relieve()
    assert producer.log == ["start", "pause", "resume"]
    rig.lose()


def test_a_client_that_leaves_stops_the_producer_once() -> None:
    rig, producer = started()
    producer.consumer.write(b"abc")
    rig.producer.stopProducing()  # what a TCP transport does first
    rig.lose()
    assert producer.log == ["start", "stop"]
    (exchange,) = rig.exchanges
    assert (exchange.status, exchange.bytes_sent, exchange.is_complete) == (200, 3, False)
    producer.consumer.write(b"def")
    assert not rig.sent.endswith(b"def")


def test_a_client_that_leaves_before_the_first_byte() -> None:
    rig, producer = started()
    rig.lose()
    assert producer.log == ["start", "stop"]
    (exchange,) = rig.exchanges
    assert (exchange.status, exchange.first_byte_ms, exchange.is_complete) == (0, None, False)


def test_a_producer_that_fails_midway_ends_the_connection_short(flush_logged_errors: Any) -> None:
    rig, producer = started()
    producer.consumer.write(b"abc")
    producer.done.errback(Failure(OSError("disk")))
    assert rig.transport.disconnected
    assert rig.sent.endswith(b"\r\n\r\nabc")
    rig.lose()
    assert not rig.exchanges[0].is_complete
    assert len(flush_logged_errors(OSError)) == 1


def test_a_producer_that_fails_behind_its_last_byte_ends_the_connection(
    flush_logged_errors: Any,
) -> None:
    rig, producer = started()
    producer.consumer.write(b"abcdef")
    producer.done.errback(Failure(OSError("disk")))
    assert rig.transport.disconnected
    rig.lose()
    assert not rig.exchanges[0].is_complete
    assert len(flush_logged_errors(OSError)) == 1


def test_a_producer_that_fails_at_once_is_a_500(flush_logged_errors: Any) -> None:
    rig, producer = started()
    producer.done.errback(Failure(OSError("disk")))
    assert rig.statuses == [500]
    assert rig.exchanges[0].facts == {"error_code": "InternalError"}
    assert not rig.is_closed
    assert len(flush_logged_errors(OSError)) == 1


@pytest.mark.parametrize(
    ("error", "code", "retry_after"),
    [
        (UpstreamFailed("cut"), "ServiceUnavailable", None),
        (UpstreamBusy("throttled", 7), "SlowDown", "7"),
        (BlobMissing("somewhere"), "InternalError", None),
    ],
)
def test_a_producer_that_fails_at_once_for_its_upstream_asks_to_try_again(
    error: Exception, code: str, retry_after: str | None
) -> None:
    rig, producer = started()
    producer.done.errback(Failure(error))
    (answer,) = parse_answers(rig.sent)
    assert answer.status == S3_ERRORS[code].status
    assert answer.headers.get("retry-after") == retry_after
    assert f"<Code>{code}</Code>".encode() in answer.body
    assert rig.exchanges[0].facts == {"error_code": code}
    assert not rig.is_closed


def test_a_producer_that_gives_less_than_it_said_ends_the_connection_short(
    flush_logged_errors: Any,
) -> None:
    rig, producer = started()
    producer.consumer.write(b"abc")
    producer.done.callback(None)
    assert rig.transport.disconnected
    rig.lose()
    assert not rig.exchanges[0].is_complete
    assert [each.value.missing for each in flush_logged_errors(WrongLength)] == [3]


def test_a_producer_that_gives_more_than_it_said_cannot_spoil_the_next_answer(
    flush_logged_errors: Any,
) -> None:
    rig, producer = started()
    producer.consumer.write(b"abc")
    producer.consumer.write(b"defg")
    assert rig.transport.disconnected
    assert rig.sent.endswith(b"\r\n\r\nabc")
    assert producer.log == ["start", "stop"]
    rig.lose()
    assert [each.value.missing for each in flush_logged_errors(WrongLength)] == [-1]


def test_a_producer_that_raises_when_started(flush_logged_errors: Any) -> None:
    class Broken(Producer):
        def startProducing(self, consumer: Any) -> Deferred[None]:
            raise OSError("disk")

    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(200, body=Broken(3))

    rig = Rig(answer)
    rig.send(GET)
    assert rig.statuses == [500]
    assert len(flush_logged_errors(OSError)) == 1


@pytest.mark.parametrize(
    ("method", "status"), [(b"HEAD", 200), (b"GET", 304), (b"GET", 204), (b"HEAD", 404)]
)
def test_a_producer_that_is_not_wanted_is_released_unstarted(method: bytes, status: int) -> None:
    rig, producer = started(5, GET.replace(b"GET", method), status)
    (answer,) = parse_answers(rig.sent, head=True)
    assert answer.headers.get("content-length") == ("5" if method == b"HEAD" else None)
    assert producer.log == ["stop"]
    assert len(rig.exchanges) == 1


def test_a_producer_whose_reply_has_bad_headers_is_released(flush_logged_errors: Any) -> None:
    producer = Producer(5)

    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(200, (("X", "a\r\nb"),), producer)

    rig = Rig(answer)
    rig.send(GET)
    assert rig.statuses == [500]
    assert producer.log == ["stop"]
    assert len(flush_logged_errors(ValueError)) == 1


def test_the_next_answer_waits_for_the_end_of_this_one() -> None:
    rig, producer = started(3, GET + b"HEAD" + GET[3:])
    producer.consumer.write(b"abc")
    assert len(rig.handler.heads) == 1
    producer.done.callback(None)
    assert [head.method for head in rig.handler.heads] == ["GET", "HEAD"]


# --- clients that leave ------------------------------------------------------------------------


def test_a_client_that_leaves_cancels_the_handler() -> None:
    endings: list[type[BaseException]] = []

    async def answer(head: RequestHead, body: Any) -> Reply:
        try:
            await Deferred()
        except BaseException as error:
            endings.append(type(error))
            raise
        raise AssertionError

    rig = Rig(answer)
    rig.send(GET)
    rig.lose()
    assert endings == [CancelledError]
    (exchange,) = rig.exchanges
    assert (exchange.status, exchange.is_complete) == (0, False)
    assert rig.site.traffic.requests_in_flight == 0


def test_a_handler_that_reads_a_body_is_told_only_once_that_the_client_left() -> None:
    endings: list[type[BaseException]] = []
    cleaning: Deferred[None] = Deferred()
    cleaned: list[bool] = []

    async def answer(head: RequestHead, body: Any) -> Reply:
        class Consumer:
            def write(self, data: bytes) -> None:
                pass

        try:
            await body.startProducing(Consumer())
        except BaseException as error:
            endings.append(type(error))
            await cleaning
            cleaned.append(True)
            raise
        raise AssertionError

    rig = Rig(answer)
    rig.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    rig.lose()
    assert len(endings) == 1
    cleaning.callback(None)
    assert cleaned == [True]
    assert rig.exchanges[0].bytes_received == 3


def test_a_handler_that_answers_after_all_is_ignored_and_its_producer_released() -> None:
    producer = Producer(3)

    async def answer(head: RequestHead, body: Any) -> Reply:
        with suppress(CancelledError):
            await Deferred()
        return Reply(200, body=producer)

    rig = Rig(answer)
    rig.send(GET)
    rig.lose()
    assert producer.log == ["stop"]
    assert rig.sent == b""
    assert len(rig.exchanges) == 1
