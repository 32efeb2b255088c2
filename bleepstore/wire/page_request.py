# mypy: allow-untyped-calls
"""What Klein gets to see of a request for a page.

Klein asks for a request of ``twisted.web``, which costs as much as all the rest of the wire. Pages are
few and seldom asked for, so that they alone have one made.
"""

from __future__ import annotations

from typing import Any, cast

from attrs import frozen
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.iweb import IRequest

from .request import Request


@frozen
class _Line:
    """The connection, as far as a request of ``twisted.web`` asks for it when it is made."""

    transport: Any

    def getPeer(self) -> IAddress:
        return cast(IAddress, self.transport.getPeer())

    def getHost(self) -> IAddress:
        return cast(IAddress, self.transport.getHost())


class PageRequest(server.Request):
    """Stands for one of ours until it is finished.

    Attributes:
        ours: where the answer is written; Klein writes none itself.
    """

    def __init__(self, ours: Request) -> None:
        super().__init__(_Line(ours.channel.transport), parsePOSTFormSubmission=False)
        self.ours = ours
        self.method = ours.head.method.encode("ascii")
        self.uri = ours.head.target
        self.path = ours.head.raw_path
        self.args = {}
        self.prepath = []
        self.postpath = self.path[1:].split(b"/")
        ours.when_lost = self.connectionLost

    def getRequestHostname(self) -> bytes:
        """A constant: Klein wants a host name that IDNA can encode, clients send what they like."""
        return b"localhost"

    def isSecure(self) -> bool:
        return self.ours.head.secure

    def finish(self) -> None:
        """Klein has awaited the page; its answer is written."""
        self.ours.finish()
        waiting, self.notifications = self.notifications, []
        for notified in waiting:
            notified.callback(None)

    def processingFailed(self, reason: Failure) -> Failure:
        """Klein itself has failed, and even the handler of its failures."""
        self.ours.failed(reason)
        return reason


def ours(request: IRequest) -> Request:
    """Our request behind the one that Klein was given."""
    return cast(PageRequest, request).ours
