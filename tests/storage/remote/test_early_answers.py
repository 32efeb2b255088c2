"""The gateways' HTTP client against a provider that speaks, or goes, before it has read a request."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_twisted
from attrs import define, evolve, field
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import deferLater

from bleepstore.config.gateways import UpstreamSection
from bleepstore.errors import UpstreamFailed
from bleepstore.storage.remote.client import Client, Outgoing

# Nobody here waits for so long.
SECTION = UpstreamSection(
    connections=1, silence_timeout_seconds=300, attempts=2, max_backoff_seconds=0.01
)
BODY = bytes(16 * 1024 * 1024)  # more than the kernel takes
GARBAGE = b"not HTTP\r\n\r\n"
EMPTY = b"HTTP/1.1 412 Whatever\r\nContent-Length: 0\r\n\r\n"
CLOSING = b"HTTP/1.1 412 Whatever\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"


class Hasty(Protocol):
    """Answers the first bytes that come, and reads no more."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.lost: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self._provider.conversations.append(self)

    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        transport.write(self._provider.answer)
        if self._provider.is_closing:
            transport.loseConnection()
        else:
            transport.pauseProducing()
            reactor.callLater(0.2, transport.resumeProducing)  # or nobody sees who is gone

    def connectionLost(self, reason: object = None) -> None:
        self.lost.callback(None)


@define(eq=False)
class Provider(ServerFactory):
    """Listens on a free port of the loopback address."""

    answer: bytes = GARBAGE
    is_closing: bool = False
    conversations: list[Hasty] = field(factory=list)

    def buildProtocol(self, addr: IAddress | None) -> Hasty:
        return Hasty(self)


@pytest_twisted.async_yield_fixture
async def provider() -> AsyncIterator[Provider]:
    yield Provider()


async def put(provider: Provider, section: UpstreamSection = SECTION) -> int:
    """The status; each connection is gone behind it."""

    async def as_it_is(outgoing: Outgoing) -> Outgoing:
        return outgoing

    port: Any = reactor.listenTCP(0, provider, interface="127.0.0.1")
    client = Client(reactor, section, "test", as_it_is)
    url = f"http://127.0.0.1:{port.getHost().port}/"
    try:
        answer = await client.send(Outgoing("PUT", url, {}, BODY, is_idempotent=True))
        return answer.status
    finally:
        await client.stop()
        await port.stopListening()
        for conversation in provider.conversations:
            await conversation.lost
        await deferLater(reactor, 0)
        gc.collect()  # failures that nobody has heard of are logged then, and fail the test


@pytest.mark.parametrize("answer", [EMPTY, CLOSING])
@pytest_twisted.ensureDeferred
async def test_an_answer_to_a_part_of_the_request_is_one(provider: Provider, answer: bytes) -> None:
    provider.answer = answer
    assert await put(provider) == 412
    assert len(provider.conversations) == 1


@pytest_twisted.ensureDeferred
async def test_garbage_is_not_waited_for(provider: Provider) -> None:
    with pytest.raises(UpstreamFailed):
        await put(provider)
    assert len(provider.conversations) == 2


@pytest.mark.parametrize("answer", [EMPTY, CLOSING, GARBAGE, b""])
@pytest_twisted.ensureDeferred
async def test_whoever_goes_before_the_request_is_sent_is_a_failure_at_most(
    provider: Provider, answer: bytes
) -> None:
    provider.answer, provider.is_closing = answer, True
    with suppress(UpstreamFailed):
        assert await put(provider) == 412


@pytest_twisted.ensureDeferred
async def test_whoever_takes_no_more_is_not_waited_for_without_end(provider: Provider) -> None:
    provider.answer = b""
    with pytest.raises(UpstreamFailed, match="silent"):
        await put(provider, evolve(SECTION, silence_timeout_seconds=0.1))
