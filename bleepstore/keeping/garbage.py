"""Deletes the bytes of versions that are gone.

The transaction that drops a version records its blobs as garbage. The collector deletes the blobs
a while later, so that readers that have just looked a version up still find its bytes, and then
forgets the records. A crash in between makes it delete once more what is gone, which is no error.
What a backend cannot delete yet, since somebody reads it, has its turn after another such while.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime

from ..clock import Clock
from ..interfaces import IBlobStore
from ..metadata.blobs import Garbage, Postponement
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
            gone = await self._delete(locators)
            deleted += gone
            if not gone or not self._rounds.is_running:
                break
        return deleted

    async def _delete(self, locators: Sequence[str]) -> int:
        """Delete what nobody reads; answer how many blobs that were."""
        being_read = frozenset(await self._blobs.delete(locators))
        gone = [locator for locator in locators if locator not in being_read]
        if gone:
            await self._garbage.forget(gone)
        if being_read:
            await self._garbage.postpone(Postponement(tuple(being_read), self._clock.now_ms()))
        return len(gone)
