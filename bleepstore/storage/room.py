"""How much room a disk has, asked no more often than it matters."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

from ..streams.threads import Threads
from .disk import check_room

_PLENTY_BYTES = 4 * 1024**3
"""More than a disk can write in a second."""


class Room:
    """A disk with plenty of room is not asked again for a moment, in which it cannot fill up.

    Args:
        folder: on the disk.
        threads: where the disk is asked.
    """

    def __init__(self, folder: Path, threads: Threads) -> None:
        self._folder = folder
        self._threads = threads
        self._has_plenty_until = 0.0

    async def check(self, size_bytes: int) -> None:
        """Raise :class:`~bleepstore.errors.StorageFull` if so many bytes do not fit."""
        if size_bytes <= _PLENTY_BYTES and monotonic() < self._has_plenty_until:
            return
        free = await self._threads.run(check_room, self._folder, size_bytes)
        self._has_plenty_until = monotonic() + 1.0 if free > 2 * _PLENTY_BYTES else 0.0
