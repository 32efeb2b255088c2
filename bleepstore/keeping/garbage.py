"""Deletes the bytes of versions that are gone.

The transaction that drops a version records its blobs as garbage. This service deletes the blobs
a while later, so that readers that have just looked a version up still find its bytes, and then
forgets the records. A crash in between makes it delete once more what is gone, which is no error.
"""

from __future__ import annotations

import txaio
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from ..clock import Clock
from ..interfaces import IBlobStore
from ..metadata.garbage import Garbage

log = txaio.make_logger()

_BATCH = 500


class GarbageCollector(Service):
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
        self._loop = LoopingCall(self._round)
        self._loop.clock = reactor
        self._finished: Deferred[object] = succeed(None)

    def startService(self) -> None:
        super().startService()
        self._finished = self._loop.start(self._interval_seconds, now=False)

    def stopService(self) -> Deferred[object]:
        """Fires when a round under way is over."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        return self._finished

    def _round(self) -> Deferred[None]:
        done = Deferred.fromCoroutine(self.collect())
        done.addErrback(
            lambda failure: log.failure("deleting unused bytes failed", failure=failure)
        )
        return done

    async def collect(self) -> int:
        """Delete what has been garbage for long enough; answer how many blobs that were."""
        deleted = 0
        while locators := await self._garbage.list(self._clock.now_ms() - self._grace_ms, _BATCH):
            await self._blobs.delete(locators)
            await self._garbage.forget(locators)
            deleted += len(locators)
            if not self.running:
                break
        return deleted
