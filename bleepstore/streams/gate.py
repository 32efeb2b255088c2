"""What a coroutine waits at while its consumer wants no more for now."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed


class Gate:
    """Open at first. One coroutine at a time may wait for it."""

    def __init__(self) -> None:
        self._is_open = True
        self._waiter: Deferred[None] | None = None

    def open(self) -> None:
        self._is_open = True
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.callback(None)

    def close(self) -> None:
        self._is_open = False

    def passage(self) -> Deferred[None]:
        """Fires once the gate is open."""
        if self._is_open:
            return succeed(None)
        self._waiter = Deferred()
        return self._waiter
