"""Which connections are open, so that the daemon can stop without cutting anybody off."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred, succeed


class Connection(Protocol):
    """What there is to do with a connection when the daemon stops."""

    def retire(self) -> None:
        """Close at once if no request is under way, otherwise behind its answer."""

    def abort(self) -> None:
        """Close now, whatever is under way."""


class Traffic:
    """The open connections and the requests under way on them.

    Attributes:
        is_stopping: whether every answer is the last one of its connection.
        requests_in_flight: requests whose head is complete and which are not over yet.
    """

    def __init__(self) -> None:
        self.is_stopping = False
        self.requests_in_flight = 0
        self._connections: set[Connection] = set()
        self._stopped: list[Deferred[None]] = []

    def opened(self, connection: Connection) -> None:
        """A connection was accepted."""
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if self.is_stopping and not self._connections:
            waiting, self._stopped = self._stopped, []
            for stopped in waiting:
                stopped.callback(None)

    def stop(self) -> Deferred[None]:
        """Close idle connections now and busy ones behind the answer that they wait for.

        Returns:
            fires when the last connection is closed, hence its answer is on its way.
        """
        gone = self.wind_down()
        for connection in tuple(self._connections):
            connection.retire()
        return gone

    def wind_down(self) -> Deferred[None]:
        """Make each answer the last of its connection; idle ones may still ask once.

        A client that is about to send a request on an idle connection does not lose it.

        Returns:
            fires when the last connection is closed.
        """
        self.is_stopping = True
        if not self._connections:
            return succeed(None)
        self._stopped.append(Deferred())
        return self._stopped[-1]

    def abort(self) -> None:
        """Cut the connections that are left."""
        for connection in tuple(self._connections):
            connection.abort()
