"""A second folder with the blobs of a store on a disk, for backups; it can be a store itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .file_replica import FileReplica
from .locators import place_in_pack
from .pack_replica import PackReplica
from .taken import Taken


class Replica:
    """Takes blobs over. All methods block: call them in threads.

    Args:
        source: the root folder of the store.
        target: that of the replica; it looks the same.
        is_linking: whether to make second names of files where the file system can.
        advance: is told how many bytes are there more. What it raises ends the work.
    """

    def __init__(
        self, source: Path, target: Path, advance: Callable[[int], None], *, is_linking: bool
    ) -> None:
        self._files = FileReplica(source, target, advance, is_linking=is_linking)
        self._packs = PackReplica(source, target, advance)

    def take(self, locator: str, size_bytes: int) -> Taken:
        """Have a blob, too. Those of one pack take less when they come one after the other."""
        place = place_in_pack(locator)
        if place is None:
            return self._files.take(locator, size_bytes)
        return self._packs.take(place, size_bytes)

    def make_durable(self) -> None:
        """Make all that is new durable."""
        self._files.make_durable()
        self._packs.make_durable()

    def count_forsaken(self, unknown: Callable[[Sequence[str]], set[str]]) -> int:
        """How many blobs both have, the store and the replica, that the metadata know nothing of.

        Args:
            unknown: answers those of some locators that are neither referred to nor garbage.
        """
        return self._files.count_forsaken(unknown) + self._packs.count_forsaken(unknown)

    def prune(self, referenced: Callable[[Sequence[str]], set[str]]) -> int:
        """Delete blobs that nobody refers to; answer how many that were."""
        return self._files.prune(referenced) + self._packs.prune(referenced)
