"""Keeps the connection of a client alive that waits for a long operation.

Clients and proxies give up on a connection that is silent for too long. So an answer that does
not come soon begins with what is certain: the status 200 and the XML declaration, and then a
space now and again until the document comes. XML allows white space before its root element.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from ..documents.xml import CONTENT_TYPE, DECLARATION
from ..values import Reply

PATIENCE_SECONDS = 5.0
_DECLARATION = DECLARATION.encode()


def soon_or_begin(coming: Deferred[Reply], reactor: IReactorTime) -> Deferred[Reply]:
    """The reply if it comes soon; otherwise one that begins now and ends with its document.

    Args:
        coming: fails only by being cancelled, which happens when the client leaves.
    """

    def begin() -> None:
        waiter.callback(Reply(200, (CONTENT_TYPE,), _LongAnswer(coming, reactor)))

    def give_up(_: object) -> None:
        timer.cancel()
        _abandon(coming)

    def arrived(result: Reply | Failure) -> Reply | Failure | None:
        if not timer.active():
            return result
        timer.cancel()
        waiter.callback(result)
        return None

    waiter: Deferred[Reply] = Deferred(give_up)
    timer = reactor.callLater(PATIENCE_SECONDS, begin)
    coming.addBoth(arrived)
    return waiter


def _abandon(coming: Deferred[Reply]) -> None:
    coming.addErrback(lambda failure: failure.trap(CancelledError))
    coming.cancel()


@implementer(IBodyProducer)
class _LongAnswer:
    """The body of an answer whose document is still to come."""

    length = UNKNOWN_LENGTH

    def __init__(self, coming: Deferred[Reply], reactor: IReactorTime) -> None:
        self._coming = coming
        self._reactor = reactor
        self._spaces: LoopingCall | None = None

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(_DECLARATION)
        spaces = self._spaces = LoopingCall(consumer.write, b" ")
        spaces.clock = self._reactor
        spaces.start(PATIENCE_SECONDS, now=False).addErrback(lambda _: None)

        def finish(reply: Reply) -> None:
            spaces.stop()
            if not isinstance(reply.body, bytes):
                raise TypeError("a long answer ends with a document")
            consumer.write(reply.body.removeprefix(_DECLARATION))

        return self._coming.addCallback(finish)

    def pauseProducing(self) -> None:
        """A few spaces and a document are nothing to hold back."""

    def resumeProducing(self) -> None:
        """See :meth:`pauseProducing`."""

    def stopProducing(self) -> None:
        if self._spaces is not None and self._spaces.running:
            self._spaces.stop()
        _abandon(self._coming)
