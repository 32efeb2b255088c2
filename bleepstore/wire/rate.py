"""Ends bodies that come in so slowly that they only hold the connection."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from .deadline import Deadline
from .limits import WireLimits


@define(repr=False)
class RateWatch:
    """Calls ``too_slow`` when less than the minimum came in during a whole window.

    Args:
        limits: ``body_stall_seconds`` is the window, ``min_body_rate_bytes_per_second`` the
            minimum.
    """

    _reactor: IReactorTime
    _limits: WireLimits
    _too_slow: Callable[[], None]
    _received: int = field(default=0, init=False)
    _deadline: Deadline | None = field(default=None, init=False)

    def open_window(self) -> None:
        """Measure from now on."""
        if self._deadline is None:
            self._deadline = Deadline(self._reactor, self._close_window)
        self._received = 0
        self._deadline.set(self._limits.body_stall_seconds)

    def count(self, size: int) -> None:
        """``size`` bytes came in."""
        self._received += size

    def suspend(self) -> None:
        """Nothing can come in until the next window is opened."""
        if self._deadline is not None:
            self._deadline.clear()

    def stop(self) -> None:
        """Measure no more."""
        if self._deadline is not None:
            self._deadline.stop()
            self._deadline = None

    def _close_window(self) -> None:
        limits = self._limits
        if self._received < limits.min_body_rate_bytes_per_second * limits.body_stall_seconds:
            self._too_slow()
        else:
            self.open_window()
