"""What the tests of the wire share: a site on a string transport, a site on a socket, handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define, field
from twisted.internet import defer, reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock as ReactorClock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from bleepstore.clock import StoppedClock
from bleepstore.interfaces import IRequestHandler
from bleepstore.values import Exchange, Reply, RequestHead
from bleepstore.wire.limits import WireLimits
from bleepstore.wire.routes import Front, Page
from bleepstore.wire.site import WireSite, make_site

Answerer = Callable[[RequestHead, Any], Awaitable[Reply]]


class Collector:
    """A consumer that keeps all it gets."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.blocks.append(data)

    @property
    def data(self) -> bytes:
        return b"".join(self.blocks)


async def read_all(body: Any) -> bytes:
    collector = Collector()
    await body.startProducing(collector)
    return collector.data


async def echo(head: RequestHead, body: Any) -> Reply:
    """Answers the method, the target and the body."""
    data = await read_all(body)
    return Reply(200, body=head.method.encode() + b" " + head.target + b" " + data)


async def refuse(head: RequestHead, body: Any) -> Reply:
    """Answers without looking at the body."""
    return Reply(403, body=b"no")


@implementer(IRequestHandler)
@define
class Handler:
    answer: Answerer
    heads: list[RequestHead] = field(factory=list)
    bodies: list[Any] = field(factory=list)

    def handle(self, head: RequestHead, body: Any) -> Awaitable[Reply]:
        self.heads.append(head)
        self.bodies.append(body)
        return self.answer(head, body)


def refusal(code: str, request_id: str) -> bytes:
    return f"<Error><Code>{code}</Code><RequestId>{request_id}</RequestId></Error>".encode()


class FullTransport(StringTransport):
    """A string transport that takes a resume after its end, and can be told to be congested."""

    def __init__(self) -> None:
        super().__init__(lenient=True)


class Rig:
    """One connection to a site, without a socket; time stands still until told otherwise."""

    def __init__(
        self,
        answer: Answerer = echo,
        limits: WireLimits | None = None,
        pages: dict[str, Page] | None = None,
        claims: Callable[[RequestHead], bool] = lambda head: True,
    ) -> None:
        self.clock = ReactorClock()
        self.handler = Handler(answer)
        self.exchanges: list[Exchange] = []
        front = Front(self.handler, pages or {}, claims, self.exchanges.append)
        self.site = make_site(
            front,
            reactor=self.clock,
            refusal=refusal,
            clock=StoppedClock(1_369_353_600_000),
            limits=limits,
        )
        self.connect()

    def connect(self) -> None:
        self.transport = FullTransport()
        self.channel = self.site.buildProtocol(None)
        self.channel.makeConnection(self.transport)

    def send(self, data: bytes) -> None:
        self.channel.dataReceived(data)

    @property
    def producer(self) -> Any:
        """What the transport pauses and resumes."""
        return self.transport.producer

    def congest(self) -> None:
        """Let the transport be full of what the client does not read."""
        self.producer.pauseProducing()

    def relieve(self) -> None:
        """Let the client have read it."""
        self.producer.resumeProducing()

    def lose(self) -> None:
        self.channel.connectionLost(Failure(ConnectionDone()))

    @property
    def sent(self) -> bytes:
        return bytes(self.transport.value())

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in parse_answers(self.sent)]

    @property
    def is_closed(self) -> bool:
        return bool(self.transport.disconnecting)


@define
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def parse_answers(data: bytes | bytearray, *, head: bool = False) -> list[Answer]:
    """Split what a server sent into answers by their Content-Length; 100 Continue counts as one."""
    answers = []
    while data:
        block, separator, data = data.partition(b"\r\n\r\n")
        assert separator, block
        lines = block.decode().split("\r\n")
        headers = {
            name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])
        }
        length = 0 if head else int(headers.get("content-length", "0"))
        assert len(data) >= length, (lines, len(data))
        answers.append(Answer(int(lines[0].split()[1]), headers, bytes(data[:length])))
        data = data[length:]
    return answers


class Client(Protocol):
    """A raw TCP client that keeps what it gets."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.lost: Deferred[bytearray] = Deferred()
        self._waiting: list[tuple[Callable[[bytearray], bool], Deferred[bytearray]]] = []

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        for item in tuple(self._waiting):
            if item[0](self.received):
                self._waiting.remove(item)
                item[1].callback(self.received)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(self.received)

    def until(self, condition: Callable[[bytearray], bool]) -> Deferred[bytearray]:
        """Fires with all that was received once it fulfils the condition."""
        if condition(self.received):
            return defer.succeed(self.received)
        self._waiting.append((condition, Deferred()))
        return self._waiting[-1][1]

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def close(self) -> Deferred[bytearray]:
        assert self.transport is not None
        self.transport.loseConnection()
        return self.lost


class LiveSite:
    """A site on a loopback port."""

    def __init__(self, answer: Answerer, limits: WireLimits | None = None) -> None:
        self.handler = Handler(answer)
        self.exchanges: list[Exchange] = []
        front = Front(self.handler, {}, lambda head: False, self.exchanges.append)
        any_reactor: Any = reactor
        self.site: WireSite = make_site(
            front, reactor=any_reactor, refusal=refusal, limits=limits or WireLimits()
        )
        self._port = any_reactor.listenTCP(0, self.site, interface="127.0.0.1")

    async def client(self) -> Client:
        endpoint = HostnameEndpoint(reactor, "127.0.0.1", self._port.getHost().port)
        client = Client()
        await connectProtocol(endpoint, client)
        return client

    @property
    def channels(self) -> list[Any]:
        return list(self.site.traffic._connections)

    async def stop(self) -> None:
        await self._port.stopListening()
        stopped = self.site.traffic.stop()
        self.site.traffic.abort()
        await stopped
