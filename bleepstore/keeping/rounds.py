"""Work that is done again and again, in the background, for as long as the daemon runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import txaio
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from ..errors import BleepStoreError

log = txaio.make_logger()


class Rounds:
    """Calls a function at intervals, one call at a time; a failure is logged and costs one round.

    Args:
        name: what the work is, for the log: a participle, such as ``deleting unused bytes``.
        work: one round.
        interval_seconds: the time between two rounds.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        reactor: IReactorTime,
        interval_seconds: float,
    ) -> None:
        self._name = name
        self._work = work
        self._interval_seconds = interval_seconds
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self._round()))
        self._loop.clock = reactor
        self._finished: Deferred[LoopingCall] | None = None

    @property
    def is_running(self) -> bool:
        """Whether nobody has asked for the end; long rounds ask between two steps."""
        return self._loop.running

    def start(self, *, at_once: bool = False) -> None:
        """Begin, the first time after one interval, or at once."""
        self._finished = self._loop.start(self._interval_seconds, now=at_once)

    async def stop(self) -> None:
        """End; fires when a round under way is over."""
        if self._finished is not None and self._loop.running:
            self._loop.stop()
            await self._finished

    async def _round(self) -> None:
        try:
            await self._work()
        except BleepStoreError as error:
            log.error("{work} failed: {problem}", work=self._name, problem=str(error))
        except Exception:
            log.failure("{work} failed", failure=Failure(), work=self._name)
