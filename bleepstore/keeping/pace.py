"""Takes bytes no faster than was asked for."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from .progress import Progress

# Less is not worth a timer; what is left over counts for the next block.
_SHORTEST_WAIT_SECONDS = 0.01
# Time that nobody used for reading does not add up to a burst longer than this.
_MOST_CREDIT_SECONDS = 0.1


class Pace:
    """Lets blocks pass, and makes whoever brings them wait.

    Args:
        bytes_per_second: 0 for as fast as they come.
    """

    def __init__(self, reactor: IReactorTime, bytes_per_second: float, progress: Progress) -> None:
        self._reactor = reactor
        self._bytes_per_second = bytes_per_second
        self._progress = progress
        self._free_at = 0.0

    async def write(self, block: bytes) -> None:
        """See :class:`~bleepstore.streams.upload.TakesBlocks`."""
        self._progress.advance(len(block))
        if not self._bytes_per_second:
            return
        now = self._reactor.seconds()
        begin = max(self._free_at, now - _MOST_CREDIT_SECONDS)
        self._free_at = begin + len(block) / self._bytes_per_second
        if self._free_at - now > _SHORTEST_WAIT_SECONDS:
            await deferLater(self._reactor, self._free_at - now)
