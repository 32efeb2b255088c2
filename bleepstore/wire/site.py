# mypy: allow-untyped-calls
"""The factory of connections, and what all of them share."""

from __future__ import annotations

from collections.abc import Callable

import txaio
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.http import Request
from twisted.web.resource import IResource

from ..clock import Clock
from ..values import Exchange
from .channel import Channel
from .drain import Traffic
from .letterhead import Letterhead
from .limits import WireLimits
from .reply import Refusal
from .request import StreamingRequest
from .routes import Front

log = txaio.make_logger()


class WireSite(server.Site):
    """Makes a :class:`~bleepstore.wire.channel.Channel` of each accepted connection.

    Attributes:
        traffic: the connections, and how to stop them.
    """

    requestFactory = StreamingRequest

    def __init__(
        self,
        resource: IResource,
        reactor: IReactorTime,
        clock: Clock,
        limits: WireLimits,
        refusal: Refusal,
        finished: Callable[[Exchange], None],
    ) -> None:
        # Twisted's own idle timer (timeout) does not know of uploads that we hold back; the
        # channel has deadlines of its own.
        super().__init__(resource, timeout=None, reactor=reactor, parsePOSTFormSubmission=False)
        self.clock = clock
        self.limits = limits
        self.refusal = refusal
        self.letterhead = Letterhead(clock)
        self.traffic = Traffic()
        self._finished = finished

    def buildProtocol(self, addr: IAddress | None) -> Channel:  # type: ignore[override]
        channel = Channel()
        channel.factory = self
        channel.site = self
        channel.requestFactory = self.requestFactory
        channel.timeOut = None
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

    # Twisted's access log and its clock, which ticks once a second, stay off.

    def startFactory(self) -> None:
        """Nothing to start."""

    def stopFactory(self) -> None:
        """Nothing to stop."""

    def log(self, request: Request) -> None:
        """Requests are reported as exchanges instead."""


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
        front.resource(refusal),
        reactor,
        clock or Clock(),
        limits or WireLimits(),
        refusal,
        front.finished,
    )
