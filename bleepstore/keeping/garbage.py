"""Deletes the bytes of versions that are gone.

The transaction that drops a version records its blobs as garbage. The collector deletes the blobs
a while later, so that readers that have just looked a version up still find its bytes, and then
forgets the records. A crash in between makes it delete once more what is gone, which is no error.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from ..clock import Clock
from ..interfaces import IBlobStore
from ..metadata.blobs import Garbage
from .rounds import Rounds

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
        self._rounds = Rounds("deleting unused bytes", self.collect, reactor, interval_seconds)

    def start(self) -> None:
        """Begin to look, the first time after one interval."""
        self._rounds.start()

    async def stop(self) -> None:
        """Stop looking; fires when a round under way is over."""
        await self._rounds.stop()

    async def collect(self) -> int:
        """Delete what has been garbage for long enough; answer how many blobs that were."""
        deleted = 0
        while locators := await self._garbage.list(self._clock.now_ms() - self._grace_ms, _BATCH):
            await self._blobs.delete(locators)
            await self._garbage.forget(locators)
            deleted += len(locators)
            if not self._rounds.is_running:
                break
        return deleted
