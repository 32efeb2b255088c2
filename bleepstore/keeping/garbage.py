"""Deletes the bytes of versions that are gone.

The transaction that drops a version records its blobs as garbage. The collector deletes the blobs
a while later, so that readers that have just looked a version up still find its bytes, and then
forgets the records. A crash in between makes it delete once more what is gone, which is no error.
"""

from __future__ import annotations

import txaio
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from ..clock import Clock
from ..interfaces import IBlobStore
from ..metadata.blobs import Garbage

log = txaio.make_logger()

_BATCH = 500


class GarbageCollector:
    """Looks for garbage in the metadata at intervals and deletes it.

    Args:
        grace_seconds: how long a blob stays after its last version is gone.
        interval_seconds: the time between two looks.
    """

    def __init__(
        self,
        garbage: Garbage,
        blobs: IBlobStore,
        clock: Clock,
        reactor: IReactorTime,
        grace_seconds: float,
        interval_seconds: float = 5.0,
    ) -> None:
        self._garbage = garbage
        self._blobs = blobs
        self._clock = clock
        self._grace_ms = int(grace_seconds * 1000)
        self._interval_seconds = interval_seconds
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self._round()))
        self._loop.clock = reactor
        self._finished: Deferred[LoopingCall] | None = None

    def start(self) -> None:
        """Begin to look, the first time after one interval."""
        self._finished = self._loop.start(self._interval_seconds, now=False)

    async def stop(self) -> None:
        """Stop looking; fires when a round under way is over."""
        if self._finished is not None and self._loop.running:
            self._loop.stop()
            await self._finished

    async def _round(self) -> None:
        try:
            await self.collect()
        except Exception:
            log.failure("deleting unused bytes failed", failure=Failure())

    async def collect(self) -> int:
        """Delete what has been garbage for long enough; answer how many blobs that were."""
        deleted = 0
        while locators := await self._garbage.list(self._clock.now_ms() - self._grace_ms, _BATCH):
            await self._blobs.delete(locators)
            await self._garbage.forget(locators)
            deleted += len(locators)
            if not self._loop.running:
                break
        return deleted
