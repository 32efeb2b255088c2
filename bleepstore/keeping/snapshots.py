"""Saves a store in memory to a file, from time to time and at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.interfaces import IReactorTime

from .rounds import Rounds


class Snapshots:
    """Saves at intervals, and when it is stopped after a start.

    A store that did not start is never saved: what it has is less than what the file has.

    Args:
        save: writes a snapshot.
        interval_seconds: the time between two of them; 0 for none but the last.
    """

    def __init__(
        self, save: Callable[[], Awaitable[None]], reactor: IReactorTime, interval_seconds: float
    ) -> None:
        self._save = save
        self._has_rounds = interval_seconds > 0
        self._rounds = Rounds("saving a snapshot", save, reactor, interval_seconds)
        self._is_started = False

    def start(self) -> None:
        """Begin to save, the first time after one interval."""
        self._is_started = True
        if self._has_rounds:
            self._rounds.start()

    async def stop(self) -> None:
        """Save for the last time; fires when that is done.

        Raises:
            OSError, sqlite3.Error: it could not be saved.
        """
        if self._is_started:
            self._is_started = False
            await self._rounds.stop()
            await self._save()
