"""Request bodies for tests."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import UNKNOWN_LENGTH
from zope.interface import implementer

from bleepstore.interfaces import IRequestBody


@implementer(IRequestBody)
class FakeBody:
    """Delivers pieces when the test says so, and records what it was told."""

    def __init__(self, pieces: Iterable[bytes] = (), length: int | str = UNKNOWN_LENGTH) -> None:
        self.length = length
        self.waiting = list(pieces)
        self.is_paused = False
        self.is_stopped = False
        self.pauses = 0
        self.done: Deferred[None] = Deferred()
        self.consumer: IConsumer | None = None

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self.consumer = consumer
        self.deliver()
        return self.done

    def deliver(self) -> None:
        """Write what is waiting until told to pause; the end follows the last piece."""
        while self.waiting and not (self.is_paused or self.is_stopped):
            self.send(self.waiting.pop(0))

    def send(self, piece: bytes) -> None:
        assert self.consumer is not None
        self.consumer.write(piece)

    def pauseProducing(self) -> None:
        self.is_paused = True
        self.pauses += 1

    def resumeProducing(self) -> None:
        self.is_paused = False

    def stopProducing(self) -> None:
        self.is_stopped = True


@implementer(IRequestBody)
class WholeBody(FakeBody):
    """Delivers everything and ends, as fast as its consumer lets it."""

    def deliver(self) -> None:
        super().deliver()
        if not self.waiting and not self.is_stopped and not self.done.called:
            self.done.callback(None)

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self.deliver()
