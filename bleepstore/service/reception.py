"""A house with open doors: what there is between binding a socket and serving on it, and back."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import txaio
from attrs import define, field
from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort

from .doors import Doors
from .house import House
from .listeners import listen, stop_listening
from .tls import Tls

log = txaio.make_logger()

# Idle clients that are about to ask again do so within this time, and are told to reconnect.
_LAST_QUESTIONS_SECONDS = 5.0


@define
class Reception:
    """Lets clients into a house, in one process.

    Args:
        house: where they go.
        tls: for those that speak it; loaded before it opens.
    """

    _reactor: Any
    _house: House
    _tls: Tls
    _ports: list[IListeningPort] = field(factory=list, init=False)

    async def open(self, doors: Doors) -> None:
        """Start the house, then listen. The sockets are taken over."""
        await self._house.start()
        for door in doors:
            site = self._house.site
            factory = self._tls.wrap(site) if door.is_tls else site
            self._ports.append(await listen(self._reactor, door, factory))

    async def close(self, seconds: float) -> None:
        """Stop listening, let requests in flight finish for some seconds, and stop the house."""
        try:
            await self._lock()
            await self._finish_requests(seconds)
        finally:
            await self._house.stop()

    async def retire(self) -> None:
        """Leave new connections to another process, and give the open ones all the time they want.

        Idle ones get a moment in which they can ask once more, so that no client meets a closed
        connection in the instant in which it asks. The house still runs afterwards.
        """
        await self._lock()
        gone = _awaiting(self._house.wind_down())
        try:
            await gone.addTimeout(_LAST_QUESTIONS_SECONDS, self._reactor)
        except defer.TimeoutError:
            await self._house.drain()

    async def _lock(self) -> None:
        ports, self._ports = self._ports, []
        for port in ports:
            await stop_listening(port)

    async def _finish_requests(self, seconds: float) -> None:
        finished = _awaiting(self._house.drain()).addTimeout(seconds, self._reactor)
        try:
            await finished
        except defer.TimeoutError:
            log.warn("cutting the requests that did not finish in {seconds:g} s", seconds=seconds)
            self._house.abort()


def _awaiting(something: Awaitable[None]) -> Deferred[None]:
    async def wait() -> None:
        await something

    return Deferred.fromCoroutine(wait())
