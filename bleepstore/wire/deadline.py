"""A timer that is moved often and rings seldom, at the price of an assignment per move."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime


@define(repr=False)
class Deadline:
    """Calls ``expired`` once the time last given to :meth:`set` has passed.

    Every request moves its connection's deadline several times. Later deadlines leave the
    reactor's timer alone: when it goes off early, it is armed again for the time that is left.
    """

    _reactor: IReactorTime
    _expired: Callable[[], None]
    _at: float | None = field(default=None, init=False)
    _call: IDelayedCall | None = field(default=None, init=False)

    def set(self, seconds: float) -> None:
        """Expire ``seconds`` from now instead of at any earlier given time."""
        self._at = self._reactor.seconds() + seconds
        if self._call is None:
            self._call = self._reactor.callLater(seconds, self._ring)
        elif self._at < self._call.getTime():
            self._call.reset(seconds)

    def clear(self) -> None:
        """Do not expire until set again."""
        self._at = None

    def stop(self) -> None:
        """Do not expire, and leave nothing in the reactor."""
        self._at = None
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _ring(self) -> None:
        self._call = None
        if self._at is None:
            return
        left = self._at - self._reactor.seconds()
        if left > 0:
            self._call = self._reactor.callLater(left, self._ring)
        else:
            self._at = None
            self._expired()
