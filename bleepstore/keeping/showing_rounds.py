"""Shows what requests have left unshown: after a crash, or while the upstream failed."""

from __future__ import annotations

import txaio
from attrs import define, field
from twisted.internet.defer import DeferredSemaphore, gatherResults
from twisted.internet.interfaces import IReactorTime

from ..clock import Clock
from .rounds import Rounds
from .showing import Showing

log = txaio.make_logger()

_BATCH = 100
_AT_ONCE = 4
_DAY_MS = 86_400_000


@define(eq=False)
class ShowingRounds:
    """Looks for names that are not true at intervals, and for what was never finished upstream.

    Args:
        showing: does the work, and is stopped with the rounds.
        expiry_days: how old something unfinished upstream may become.
        interval_seconds: the time between two looks for names.
        tidying_seconds: that between two looks for unfinished things.
    """

    _showing: Showing
    _clock: Clock
    _reactor: IReactorTime
    _expiry_days: float
    _interval_seconds: float = 3.0
    _tidying_seconds: float = 3600.0
    _looking: Rounds = field(init=False)
    _tidying: Rounds = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._looking = Rounds(
            "showing objects upstream", self.show_due, self._reactor, self._interval_seconds
        )
        self._tidying = Rounds(
            "tidying up upstream", self.tidy, self._reactor, self._tidying_seconds
        )

    def start(self) -> None:
        """Begin to look for names, the first time after one interval; the other begins at once."""
        self._looking.start()
        self._tidying.start(at_once=True)

    async def stop(self) -> None:
        """Stop looking; fires when what is under way is over."""
        await self._showing.stop()
        await self._looking.stop()
        await self._tidying.stop()

    async def show_due(self) -> int:
        """Try all names whose time has come; answer how many those were."""
        tokens = DeferredSemaphore(_AT_ONCE)
        tried = 0
        while names := await self._showing.due(_BATCH):
            await gatherResults([tokens.run(self._showing.show, name) for name in names])
            tried += len(names)
            if len(names) < _BATCH or not self._looking.is_running:
                break
        return tried

    async def tidy(self) -> int:
        """End what was begun upstream long ago; answer how much that was."""
        before_ms = self._clock.now_ms() - int(self._expiry_days * _DAY_MS)
        ended = await self._showing.tidy(before_ms)
        if ended:
            log.info("{count} unfinished uploads upstream are ended", count=ended)
        return ended
