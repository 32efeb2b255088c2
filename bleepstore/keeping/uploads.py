"""Ends multipart uploads that nobody has completed for a long time.

Their parts become garbage, and so are deleted by the garbage collector. The answers of old
completions, which are kept for clients that ask twice, are forgotten at the same age.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
"""

from __future__ import annotations

import txaio
from twisted.internet.interfaces import IReactorTime

from ..clock import Clock
from ..metadata.uploads import Uploads
from .rounds import Rounds

log = txaio.make_logger()

_BATCH = 100
_DAY_MS = 86_400_000


class UploadExpirer:
    """Looks for expired uploads at intervals.

    Args:
        expiry_days: how old an upload may become.
        interval_seconds: the time between two looks.
    """

    def __init__(
        self,
        uploads: Uploads,
        clock: Clock,
        reactor: IReactorTime,
        expiry_days: float,
        interval_seconds: float = 300.0,
    ) -> None:
        self._uploads = uploads
        self._clock = clock
        self._expiry_ms = int(expiry_days * _DAY_MS)
        self._rounds = Rounds("expiring uploads", self.expire, reactor, interval_seconds)

    def start(self) -> None:
        """Begin to look, the first time after one interval."""
        self._rounds.start()

    async def stop(self) -> None:
        """Stop looking; fires when a round under way is over."""
        await self._rounds.stop()

    async def expire(self) -> int:
        """End what is too old; answer how many uploads and remembered completions that were."""
        before_ms = self._clock.now_ms() - self._expiry_ms
        expired = 0
        while ended := await self._uploads.expire(before_ms, _BATCH):
            expired += ended
            if not self._rounds.is_running:
                break
        if expired:
            log.info("{count} old multipart uploads are forgotten", count=expired)
        return expired
