"""How long to wait before a process that keeps ending is started again."""

from __future__ import annotations

from attrs import define

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 30.0
_GOOD_LIFE_SECONDS = 30.0


@define
class Backoff:
    """Doubles the delay each time; the first is none, and so is the one after a good life."""

    _seconds: float = 0.0

    def next(self, lived_seconds: float) -> float:
        """The delay in seconds after a process that has lived for so long."""
        if lived_seconds >= _GOOD_LIFE_SECONDS:
            self._seconds = 0.0
        delay = self._seconds
        self._seconds = min(max(2 * delay, _FIRST_SECONDS), _LONGEST_SECONDS)
        return delay
