"""An answer whose body is still to come: read whole if it is small, or passed on as it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer, IResponse
from zope.interface import implementer

from .line import Broken, Line


class Stream:
    """The head of an answer, and its body on the line.

    Exactly one of :meth:`producer`, :meth:`read` and :meth:`close` has to be called: until then it
    keeps one of the connections.

    Attributes:
        headers: by lower-case name.
    """

    def __init__(self, response: IResponse, line: Line) -> None:
        self.status: int = response.code
        self.headers = _headers(response)
        self._response = response
        self._line = line
        line.silence.hold()

    def producer(self, length: int) -> StreamProducer:
        """A producer of the body, which has to have exactly ``length`` bytes."""
        return StreamProducer(self._response, self._line, length)

    async def read(self, limit_bytes: int) -> bytes:
        """The whole body.

        Raises:
            UpstreamFailed: it has more than so many bytes, or was cut short.
        """
        blocks: list[bytes] = []
        size_bytes = 0

        def receive(data: bytes) -> None:
            nonlocal size_bytes
            size_bytes += len(data)
            blocks.append(data)
            if size_bytes > limit_bytes and not done.called:
                done.errback(Broken("its answer is too long", was_connected=True))
                self._line.cut()

        done: Deferred[None] = Deferred(lambda _: self._line.cut())
        self._line.silence.listen()
        self._response.deliverBody(_Delivery(self._line, receive, done))
        await done
        return b"".join(blocks)

    def close(self) -> None:
        """Cut the connection; nobody wants the body."""
        self._line.cut()


@implementer(IBodyProducer)
class StreamProducer:
    """Passes on a body as it comes, and the consumer's pauses to the provider's socket.

    Like all producers here, it leaves its Deferred unfired once it is stopped.
    """

    def __init__(self, response: IResponse, line: Line, length: int) -> None:
        self.length = length
        self._response = response
        self._line = line
        self._delivery: _Delivery | None = None
        self._received_bytes = 0
        self._is_paused = False
        self._is_stopped = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        finished: Deferred[None] = Deferred(lambda _: self.stopProducing())

        def receive(data: bytes) -> None:
            self._received_bytes += len(data)
            if self._received_bytes > self.length:
                self._line.cut()
            elif not self._is_stopped:
                consumer.write(data)

        def end(result: Failure | None) -> None:
            if not self._is_stopped:
                self._is_stopped = True
                is_wrong = result is None or self._received_bytes > self.length
                finished.callback(self._incomplete() if is_wrong else result)

        body: Deferred[None] = Deferred()
        body.addBoth(end)
        self._delivery = _Delivery(self._line, receive, body)
        self._line.silence.listen()
        self._response.deliverBody(self._delivery)
        if self._is_paused:  # delivering has resumed the transport
            self.pauseProducing()
        return finished

    def _incomplete(self) -> Failure | None:
        if self._received_bytes == self.length:
            return None
        problem = f"it delivered {self._received_bytes} of {self.length} bytes"
        return Failure(Broken(problem, was_connected=True))

    def pauseProducing(self) -> None:
        self._is_paused = True
        if self._delivery is not None and not self._is_stopped:
            self._line.silence.hold()
            self._delivery.producer.pauseProducing()

    def resumeProducing(self) -> None:
        self._is_paused = False
        if self._delivery is not None and not self._is_stopped:
            self._line.silence.listen()
            self._delivery.producer.resumeProducing()

    def stopProducing(self) -> None:
        self._is_stopped = True
        self._line.cut()


class _Delivery(Protocol):
    """Takes a body from Twisted.

    Args:
        receive: called with each block.
        done: fires when the body is over, and fails if it was cut.
    """

    def __init__(self, line: Line, receive: Callable[[bytes], None], done: Deferred[None]) -> None:
        self._line = line
        self._receive = receive
        self._done = done

    @property
    def producer(self) -> IPushProducer:
        """What pauses and resumes the socket."""
        return IPushProducer(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self._line.silence.touch()
        self._receive(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._line.close()
        if not self._done.called:
            is_over = reason.check(ResponseDone, PotentialDataLoss)
            self._done.callback(None if is_over else self._line.broken(reason))


def _headers(response: IResponse) -> Mapping[str, str]:
    headers = {
        name.lower().decode("latin-1"): b", ".join(values).decode("utf-8", "surrogateescape")
        for name, values in response.headers.getAllRawHeaders()
    }
    # Twisted keeps the length apart, but for HEAD, where it says 0 of what has none.
    if response.length is not UNKNOWN_LENGTH and response.request.method != b"HEAD":
        headers["content-length"] = str(response.length)
    return headers
