# mypy: allow-untyped-calls
"""The factory of connections, and what all of them share."""

from __future__ import annotations

from collections.abc import Callable

import txaio
from twisted.internet.interfaces import IAddress, IProtocolNegotiationFactory, IReactorTime
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from ..clock import Clock
from ..values import Exchange
from .channel import Channel
from .copying import COPY_BYTES
from .drain import Traffic
from .letterhead import Letterhead
from .limits import WireLimits
from .reply import Refusal
from .routes import Door, Front

log = txaio.make_logger()


@implementer(IProtocolNegotiationFactory)
class WireSite(Factory):
    """Makes a :class:`~bleepstore.wire.channel.Channel` of each accepted connection.

    Attributes:
        traffic: the connections, and how to stop them.
        copy_buffer: what files are copied through, to one connection at a time.
    """

    def __init__(
        self,
        door: Door,
        reactor: IReactorTime,
        clock: Clock,
        limits: WireLimits,
        refusal: Refusal,
        finished: Callable[[Exchange], None],
    ) -> None:
        self.door = door
        self.reactor = reactor
        self.clock = clock
        self.limits = limits
        self.refusal = refusal
        self.letterhead = Letterhead(clock)
        self.traffic = Traffic()
        self.copy_buffer = memoryview(bytearray(COPY_BYTES))
        self._finished = finished

    def buildProtocol(self, addr: IAddress | None) -> Channel:
        channel = Channel(self)
        channel.factory = self
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        """For TLS: HTTP/1.1 only."""
        return [b"http/1.1"]

    def report(self, exchange: Exchange) -> None:
        """Hand a finished exchange on. Its receiver's mistakes must not cost a connection."""
        try:
            self._finished(exchange)
        except Exception:
            log.failure("reporting a request failed", failure=Failure())


def make_site(
    front: Front,
    *,
    reactor: IReactorTime,
    refusal: Refusal,
    clock: Clock | None = None,
    limits: WireLimits | None = None,
) -> WireSite:
    """Build the factory to listen with.

    Args:
        front: who answers.
        refusal: the XML of an error, from its code and the request id.
    """
    return WireSite(
        front.door(refusal),
        reactor,
        clock or Clock(),
        limits or WireLimits(),
        refusal,
        front.finished,
    )
