"""A request whose body is on its way while the provider may speak already.

A provider that refuses a request need not read all of it first. Twisted's connections hear of an
answer, or of its end, only behind the body; what comes before fails where nobody hears of it. So
a connection is told that all is sent as soon as the head is, and the body goes on beside it.
"""

from __future__ import annotations

from typing import Any

import txaio
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

log = txaio.make_logger()


class Sending:
    """A connection as Twisted's Agent sees it, for one request.

    Args:
        connection: out of Twisted's pool.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._request: _Request | None = None

    def request(self, request: Any) -> Deferred[Any]:
        """What the Agent asks of a connection."""
        self._request = _Request(request)
        answering: Deferred[Any] = self._connection.request(self._request)
        return answering

    def abort(self) -> None:
        """End the connection."""
        self._connection.abort()
        self.stop()

    def stop(self) -> None:
        """The exchange is over: nobody needs the rest of the body."""
        if self._request is not None and not self._request.is_sent:
            self._connection.transport.abortConnection()


class _Request:
    """Twisted's, but for the time that it takes.

    Attributes:
        is_sent: whether all of the body is.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self.is_sent = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    @property
    def persistent(self) -> bool:
        """Whether the connection can have another request behind this one."""
        return self.is_sent and bool(self._request.persistent)

    def writeTo(self, transport: Any) -> Deferred[None]:
        def sent(_: None) -> None:
            self.is_sent = True

        def fail(failure: Failure) -> None:
            log.failure("the body of a request cannot be sent", failure=failure)
            transport.abortConnection()

        self._request.writeTo(transport).addCallbacks(sent, fail)
        return succeed(None)
