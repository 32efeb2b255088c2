"""A provider that behaves as badly as a test wants it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from attrs import define, field
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory

Act = Callable[["Conversation"], None]
"""What the provider does once it has a whole request."""


class Conversation(Protocol):
    """Reads requests and leaves the answers to the next act."""

    def __init__(self, provider: Misbehaving) -> None:
        self._provider = provider
        self._buffer = b""
        self.lost: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self._provider.conversations.append(self)

    def dataReceived(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._whole_request()) is not None:
            self._provider.requests.append(request)
            acts = self._provider.acts
            (acts.pop(0) if acts else self._provider.otherwise)(self)

    def _whole_request(self) -> bytes | None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not found or len(rest) < length:
            return None
        self._buffer = rest[length:]
        return head + found + rest[:length]

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def answer(self, status: int, body: bytes = b"", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def close(self) -> None:
        assert self.transport is not None
        self.transport.loseConnection()

    def reset(self) -> None:
        transport: Any = self.transport
        transport.abortConnection()

    def connectionLost(self, reason: object = None) -> None:
        self.lost.callback(None)


def says(status: int, body: bytes = b"", *headers: str) -> Act:
    return lambda conversation: conversation.answer(status, body, *headers)


def stalls(conversation: Conversation) -> None:
    """Says nothing, for ever."""


def later(seconds: float, act: Act) -> Act:
    """Does the same after a while."""

    def wait(conversation: Conversation) -> None:
        reactor.callLater(seconds, act, conversation)

    return wait


def resets(conversation: Conversation) -> None:
    conversation.reset()


def breaks_off(body: bytes, length: int, *, hard: bool) -> Act:
    """Announces ``length`` bytes, delivers ``body`` and goes."""

    def act(conversation: Conversation) -> None:
        conversation.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        conversation.write(body)
        if hard:
            reactor.callLater(0.05, conversation.reset)
        else:
            conversation.close()

    return act


def stalls_behind(body: bytes, length: int) -> Act:
    """Announces ``length`` bytes, delivers ``body`` and then nothing."""

    def act(conversation: Conversation) -> None:
        conversation.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        conversation.write(body)

    return act


FINE = says(200, b"fine")


@define(eq=False)
class Misbehaving(ServerFactory):
    """Listens on a free port of the loopback address.

    Attributes:
        acts: for the next requests, in order.
        otherwise: for those that come after them.
        requests: all that came, as bytes.
    """

    acts: list[Act] = field(factory=list)
    otherwise: Act = FINE
    requests: list[bytes] = field(factory=list)
    conversations: list[Conversation] = field(factory=list)
    port: Any = field(init=False)

    def start(self) -> None:
        self.port = reactor.listenTCP(0, self, interface="127.0.0.1")

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port.getHost().port}"

    @property
    def targets(self) -> list[bytes]:
        return [request.split(b" ", 2)[1] for request in self.requests]

    def buildProtocol(self, addr: IAddress | None) -> Conversation:
        return Conversation(self)

    async def stop(self) -> None:
        await self.port.stopListening()
        for conversation in self.conversations:
            if not conversation.lost.called:
                conversation.reset()
            await conversation.lost
