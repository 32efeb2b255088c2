"""Packs that stay open, so that a blob in one of them is read without a way into a thread.

All of this is for the reactor's thread: nothing waits for the disk.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from io import FileIO

from .stretch_locks import begin_reading, end_reading


class OpenPack:
    """A pack, and how often each of its stretches is being read.

    The locks belong to the descriptor, which all readers share, so they are counted here.
    """

    def __init__(self, file: FileIO) -> None:
        self.file = file
        self._readers: Counter[int] = Counter()

    @property
    def is_idle(self) -> bool:
        """Whether nobody reads."""
        return not self._readers

    def begin(self, block: int) -> bool:
        """Read the stretch at a block; False if it is being deleted."""
        if not self._readers[block] and not begin_reading(self.file.fileno(), block):
            return False
        self._readers[block] += 1
        return True

    def end(self, block: int) -> None:
        """One reader of it is done."""
        self._readers[block] -= 1
        if not self._readers[block]:
            del self._readers[block]
            end_reading(self.file.fileno(), block)


class Descriptors:
    """The packs that were read last.

    Args:
        limit: how many are kept. One that is being read is kept beyond that until it is not.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._packs: OrderedDict[str, OpenPack] = OrderedDict()

    def find(self, pack_id: str) -> OpenPack | None:
        """The pack, if it is open."""
        pack = self._packs.get(pack_id)
        if pack is not None:
            self._packs.move_to_end(pack_id)
        return pack

    def add(self, pack_id: str, file: FileIO) -> OpenPack:
        """Keep a pack that was opened, or close it if somebody else was faster."""
        pack = self.find(pack_id)
        if pack is not None:
            file.close()
            return pack
        self._tidy(self._limit - 1)
        self._packs[pack_id] = pack = OpenPack(file)
        return pack

    def end(self, pack: OpenPack, block: int) -> None:
        """One reader of a stretch is done."""
        pack.end(block)
        if pack.is_idle:
            self._tidy(self._limit)

    def close(self) -> None:
        """Keep nothing any more."""
        self._limit = 0
        self._tidy(0)

    def _tidy(self, limit: int) -> None:
        excess = len(self._packs) - limit
        if excess > 0:
            idle = [pack_id for pack_id, pack in self._packs.items() if pack.is_idle]
            for pack_id in idle[:excess]:
                self._packs.pop(pack_id).file.close()
