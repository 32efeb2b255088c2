"""What only a real socket shows: backpressure, half-closed connections, resets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted
from attrs import define, field
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from bleepstore.errors import S3Error
from bleepstore.values import Reply, RequestHead
from bleepstore.wire.limits import WireLimits
from tests.streams.gathering import Gathering
from tests.wire.wire_rig import Client, LiveSite, echo, parse_answers, read_all, refuse

MIB = 1024 * 1024
SITES: list[LiveSite] = []
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest_twisted.async_yield_fixture(autouse=True)
async def _stop_sites() -> AsyncIterator[None]:
    yield
    while SITES:
        await SITES.pop().stop()


def site(answer: Any = echo, **limits: Any) -> LiveSite:
    SITES.append(LiveSite(answer, WireLimits(**limits)))
    return SITES[-1]


def put(length: int, *lines: bytes) -> bytes:
    head = [b"PUT /k HTTP/1.1", b"Host: a", b"Content-Length: %d" % length, *lines]
    return b"\r\n".join(head) + b"\r\n\r\n"


def answered(count: int) -> Any:
    def condition(received: bytearray) -> bool:
        try:
            return len(parse_answers(received)) >= count
        except AssertionError:
            return False

    return condition


async def soon(condition: Any) -> None:
    """Wait until the condition holds."""
    any_reactor: Any = reactor
    for _ in range(1000):
        if condition():
            return
        await deferLater(any_reactor, 0.01)
    raise AssertionError("waited in vain")


@pytest_twisted.ensureDeferred
async def test_an_upload_to_a_slow_handler_keeps_the_buffer_bounded() -> None:
    peaks: list[int] = []

    class Slow:
        """Lets one block in per turn of the reactor."""

        size = 0
        body: Any = None

        def write(self, data: bytes) -> None:
            any_reactor: Any = reactor
            self.size += len(data)
            peaks.append(self.body._buffered)
            self.body.pauseProducing()
            any_reactor.callLater(0.001, self.body.resumeProducing)

    async def answer(head: RequestHead, body: Any) -> Reply:
        consumer = Slow()
        consumer.body = body
        await body.startProducing(consumer)
        return Reply(200, body=b"%d" % consumer.size)

    live = site(answer)
    client = await live.client()
    client.write(put(8 * MIB) + b"x" * (8 * MIB))
    received = await client.until(answered(1))
    assert parse_answers(received)[0].body == b"%d" % (8 * MIB)
    assert max(peaks) <= (256 + 256) * 1024
    assert live.exchanges[0].bytes_received == 8 * MIB
    client.write(GET)
    await client.until(answered(2))
    await client.close()


@pytest_twisted.ensureDeferred
async def test_large_bodies_are_read_by_large_pieces() -> None:
    while_read: list[int] = []

    async def answer(head: RequestHead, body: Any) -> Reply:
        if head.headers["content-length"] != "300000":
            reading = body.startProducing(Gathering())
            while_read.append(live.channels[0].transport.bufferSize)
            await reading
        else:  # nobody wants it
            while_read.append(live.channels[0].transport.bufferSize)
        return Reply(200)

    live = site(answer)
    client = await live.client()
    usual = 64 * 1024
    for count, length in enumerate([3, MIB, 300_000, 3], start=1):
        client.write(put(length) + b"x" * length)
        await client.until(answered(count))
        (channel,) = live.channels
        assert channel.transport.bufferSize == usual  # what Twisted lets wait of an answer, too
    assert while_read == [usual, MIB, usual, usual]
    await client.close()


@implementer(IBodyProducer)
@define(eq=False, slots=False)
class Flood:
    """Produces zeros whenever it may."""

    length: int
    log: list[str] = field(factory=list)
    left: int = 0
    is_paused: bool = False

    def startProducing(self, consumer: Any) -> Deferred[None]:
        self.left = self.length
        self.consumer = consumer
        self.done: Deferred[None] = Deferred()
        any_reactor: Any = reactor
        any_reactor.callLater(0, self._pump)
        return self.done

    def _pump(self) -> None:
        while self.left and not self.is_paused:
            size = min(256 * 1024, self.left)
            self.left -= size
            self.consumer.write(bytes(size))
        if not self.left and not self.done.called:
            self.done.callback(None)

    def pauseProducing(self) -> None:
        self.log.append("pause")
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False
        self._pump()

    def stopProducing(self) -> None:
        self.is_paused = True
        self.log.append("stop")


def flooding(flood: Flood) -> Any:
    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(200, body=flood)

    return answer


@pytest_twisted.ensureDeferred
async def test_a_download_waits_for_its_client() -> None:
    flood = Flood(24 * MIB)
    live = site(flooding(flood))
    client = await live.client()
    any_transport: Any = client.transport
    any_transport.pauseProducing()
    client.write(GET)
    await soon(lambda: flood.is_paused)
    assert flood.left > 8 * MIB
    any_transport.resumeProducing()
    received = await client.until(lambda data: len(data) > 24 * MIB)
    assert len(received.partition(b"\r\n\r\n")[2]) == 24 * MIB
    await soon(lambda: live.exchanges)
    assert live.exchanges[0].is_complete
    await client.close()


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_a_download_stops_the_producer() -> None:
    flood = Flood(24 * MIB)
    live = site(flooding(flood))
    client = await live.client()
    any_transport: Any = client.transport
    any_transport.pauseProducing()
    client.write(GET)
    await soon(lambda: flood.is_paused)
    any_transport.abortConnection()
    await soon(lambda: live.exchanges)
    assert flood.log[-1] == "stop"
    assert flood.log.count("stop") == 1
    assert not live.exchanges[0].is_complete
    await client.lost


@pytest.mark.parametrize("leave", ["loseConnection", "abortConnection"])
@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_cancels_the_handler(leave: str) -> None:
    endings: list[type[BaseException]] = []

    async def answer(head: RequestHead, body: Any) -> Reply:
        try:
            await Deferred()
        except BaseException as error:
            endings.append(type(error))
            raise
        raise AssertionError

    live = site(answer)
    client = await live.client()
    client.write(GET)
    await soon(lambda: live.handler.heads)
    getattr(client.transport, leave)()
    await soon(lambda: live.exchanges)
    assert endings == [CancelledError]
    assert not live.exchanges[0].is_complete
    await client.lost


@pytest.mark.parametrize("line", [(), (b"Expect: 100-continue",)])
@pytest_twisted.ensureDeferred
async def test_the_refusal_of_a_large_body_reaches_a_client_that_only_sends(
    line: tuple[bytes, ...],
) -> None:
    live = site(refuse)
    client = await live.client()
    client.write(put(64 * MIB, *line))
    any_transport: Any = client.transport
    any_transport.pauseProducing()
    client.write(b"x" * (16 * MIB))
    await soon(lambda: live.exchanges)
    await soon(lambda: not any_transport.dataBuffer)  # the server goes on reading
    any_transport.resumeProducing()
    received = await client.until(answered(1))
    (answer,) = parse_answers(received)
    assert (answer.status, answer.body) == (403, b"no")
    assert answer.headers["connection"] == "close"
    await client.lost
    assert len(live.handler.heads) == 1


@pytest_twisted.ensureDeferred
async def test_the_refusal_of_a_header_block_reaches_a_client_that_goes_on_sending() -> None:
    live = site()
    client = await live.client()
    client.write(b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * (4 * MIB))
    received = await client.lost
    assert parse_answers(received)[0].status == 400
    await soon(lambda: not live.channels)


@pytest_twisted.ensureDeferred
async def test_a_client_that_never_stops_sending_is_cut_in_the_end() -> None:
    live = site(refuse, linger_seconds=0.1)
    client = await live.client()
    client.transport.registerProducer(Endless(client), False)  # type: ignore[union-attr]
    await client.lost
    assert parse_answers(client.received)[0].status == 403
    await soon(lambda: not live.channels)


class Endless:
    def __init__(self, client: Client) -> None:
        self.client = client
        client.write(put(10**12))

    def resumeProducing(self) -> None:
        self.client.write(bytes(65536))

    def stopProducing(self) -> None:
        pass


async def read_or_say_why(head: RequestHead, body: Any) -> Reply:
    try:
        return Reply(200, body=await read_all(body))
    except S3Error as error:
        return Reply(error.status, body=error.code.encode())


@pytest_twisted.ensureDeferred
async def test_half_a_body_is_answered_with_incomplete_body() -> None:
    live = site(read_or_say_why)
    client = await live.client()
    client.write(put(100) + b"x" * 50)
    await soon(lambda: live.handler.heads)
    client.transport.loseWriteConnection()  # type: ignore[union-attr]
    received = await client.lost
    (answer,) = parse_answers(received)
    assert (answer.status, answer.body) == (400, b"IncompleteBody")
    assert answer.headers["connection"] == "close"
    await soon(lambda: not live.channels)


@pytest_twisted.ensureDeferred
async def test_a_client_that_resets_in_the_middle_of_a_body_ends_it() -> None:
    live = site(read_or_say_why)
    client = await live.client()
    client.write(put(100) + b"x" * 50)
    await soon(lambda: live.handler.heads)
    client.transport.abortConnection()  # type: ignore[union-attr]
    await client.lost
    await soon(lambda: live.exchanges)
    assert not live.exchanges[0].is_complete
    assert live.exchanges[0].bytes_received == 50


@pytest_twisted.ensureDeferred
async def test_a_client_that_closes_an_idle_connection() -> None:
    live = site()
    client = await live.client()
    client.write(GET)
    await client.until(answered(1))
    await client.close()
    await soon(lambda: not live.channels)
    assert len(live.exchanges) == 1


@pytest_twisted.ensureDeferred
async def test_slow_headers_are_cut() -> None:
    live = site(header_timeout_seconds=0.1)
    client = await live.client()
    client.write(b"GET / HTTP/1.1\r\nX: ")
    assert await client.lost == b""


@pytest_twisted.ensureDeferred
async def test_a_slow_body_is_cut_with_an_answer() -> None:
    live = site(read_or_say_why, body_stall_seconds=0.1, min_body_rate_bytes_per_second=1000)
    client = await live.client()
    client.write(put(1000) + b"x" * 10)
    received = await client.lost
    (answer,) = parse_answers(received)
    assert (answer.status, answer.body) == (400, b"RequestTimeout")


@pytest_twisted.ensureDeferred
async def test_a_client_that_does_not_read_is_cut() -> None:
    flood = Flood(24 * MIB)
    live = site(flooding(flood), response_stall_seconds=0.1)
    client = await live.client()
    client.transport.pauseProducing()  # type: ignore[union-attr]
    client.write(GET)
    await soon(lambda: live.exchanges)
    assert flood.log[-1] == "stop"
    assert not live.exchanges[0].is_complete
    client.transport.abortConnection()  # type: ignore[union-attr]
    await client.lost


@pytest_twisted.ensureDeferred
async def test_the_stop_lets_an_upload_finish() -> None:
    live = site()
    client = await live.client()
    idle = await live.client()
    client.write(put(6) + b"abc")
    await soon(lambda: live.handler.heads)
    stopped = live.site.traffic.stop()
    await idle.lost
    assert not stopped.called
    client.write(b"def")
    received = await client.lost
    (answer,) = parse_answers(received)
    assert answer.body == b"PUT /k abcdef"
    assert answer.headers["connection"] == "close"
    await stopped
