"""Notices when a provider that owes us something says nothing for too long."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Silence:
    """Calls ``on_silence`` if nothing happens for ``seconds``; time on hold does not count.

    It is on hold at first.
    """

    def __init__(
        self, reactor: IReactorTime, seconds: float, on_silence: Callable[[], None]
    ) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._on_silence = on_silence
        self._call: IDelayedCall | None = None
        self.was_too_long = False

    def touch(self) -> None:
        """Something happened."""
        if self._call is not None:
            self._call.reset(self._seconds)

    def hold(self) -> None:
        """It is we who wait now."""
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def listen(self) -> None:
        """The provider's turn again."""
        if self._call is None:
            self._call = self._reactor.callLater(self._seconds, self._fire)

    def _fire(self) -> None:
        self._call = None
        self.was_too_long = True
        self._on_silence()
