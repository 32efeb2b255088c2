"""One request's connection to a provider: taken out of the pool, watched, cut when need be."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IStreamClientEndpoint
from twisted.python.failure import Failure
from twisted.web.client import HTTPConnectionPool
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from ...errors import UpstreamFailed
from ...streams.producers import GatedProducer
from .sending import Sending
from .silence import Silence

_BLOCK_BYTES = 256 * 1024


class Broken(UpstreamFailed):
    """An exchange came to no good end.

    Args:
        was_connected: whether the provider may have seen something of the request.
    """

    def __init__(self, problem: str, *, was_connected: bool) -> None:
        super().__init__(problem)
        self.was_connected = was_connected


class Line:
    """Stands before a pool as one request sees it, to know which connection that got.

    Args:
        release: called once, when the request is over.
        silence_seconds: for which the provider may be silent once it is connected.
    """

    persistent = True  # read by Twisted's Agent

    def __init__(
        self,
        reactor: Any,
        pool: HTTPConnectionPool,
        silence_seconds: float,
        release: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._release: Callable[[], None] | None = release
        self._connection: Sending | None = None
        self._asking: Deferred[Any] | None = None
        self.silence = Silence(reactor, silence_seconds, self._drop)

    def getConnection(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        """What Twisted's Agent asks of a pool."""
        connecting: Deferred[Any] = self._pool.getConnection(key, endpoint)
        return connecting.addCallback(self._connected)

    def _connected(self, connection: Any) -> Sending:
        self._connection = Sending(connection)
        self.silence.listen()
        return self._connection

    def ask(self, asking: Deferred[IResponse]) -> Deferred[IResponse]:
        """The head of the answer.

        Cancelled, it fails with ``CancelledError`` and nothing else, and the connection is cut.

        Raises:
            Broken: none came.
        """

        def cancel(waiting: Deferred[IResponse]) -> None:
            waiting.errback(CancelledError())
            self.cut()

        def end(result: Any) -> None:
            self._asking = None
            if not answered.called:
                answered.callback(self.broken(result) if isinstance(result, Failure) else result)

        answered: Deferred[IResponse] = Deferred(cancel)
        self._asking = asking
        asking.addBoth(end)
        return answered

    def broken(self, failure: Failure) -> Failure:
        """What a failure of Twisted's is to the rest of the gateway."""
        problem = "silent for too long" if self.silence.was_too_long else _words(failure)
        return Failure(Broken(problem, was_connected=self._connection is not None))

    def close(self) -> None:
        """The exchange is over, and the connection is in the pool again or gone."""
        self.silence.hold()
        if self._connection is not None:
            self._connection.stop()
        release, self._release = self._release, None
        if release is not None:
            release()

    def cut(self) -> None:
        """End the exchange with its connection; no effect once it is over."""
        if self._release is not None:
            self._drop()
            self.close()

    def _drop(self) -> None:
        """Cancelling a request ends its connection as well."""
        if self._asking is not None:
            self._asking.cancel()
        elif self._connection is not None:
            self._connection.abort()


def _words(failure: Failure) -> str:
    """Twisted lists the reasons of a broken exchange; the first one is the one to read."""
    reasons = getattr(failure.value, "reasons", None)
    while reasons:
        failure = reasons[0]
        reasons = getattr(failure.value, "reasons", None)
    return f"{type(failure.value).__name__}: {failure.getErrorMessage()}"


@implementer(IBodyProducer)
class OutgoingBody(GatedProducer):
    """Sends bytes as fast as the provider takes them."""

    def __init__(self, content: bytes, line: Line) -> None:
        super().__init__(len(content))
        self._content = memoryview(content)
        self._line = line

    async def _produce(self, consumer: IConsumer) -> None:
        content, self._content = self._content, memoryview(b"")  # a connection keeps its last body
        for start in range(0, self.length, _BLOCK_BYTES):
            await self._gate.passage()
            if self._is_stopped:
                return
            self._line.silence.touch()
            consumer.write(bytes(content[start : start + _BLOCK_BYTES]))
