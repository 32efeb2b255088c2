"""The pack to which this process appends.

What is not said to be called in a thread belongs to the reactor's.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from ..folders import sync_folder
from ..streams.threads import Threads
from .disk import create_file, remove_file, reporting_trouble, write_all_at
from .group_sync import GroupSync
from .pack_folder import PackFolder, erase
from .pack_format import BLOCK_BYTES, Stretch
from .pack_notes import PackNotes


class PackFile:
    """Hands out stretches, each of which is one sink's to write.

    A pack has its incoming name from before its first stretch until it is sealed and all of its
    stretches are settled, or aborted and gone.

    Args:
        file: see :func:`create_pack`.
        incoming: the name that goes in the end.
        tidy_later: called when there is something for :meth:`tidy` to do.
    """

    def __init__(
        self,
        file: FileIO,
        incoming: Path,
        folder: PackFolder,
        threads: Threads,
        tidy_later: Callable[[PackFile], None],
    ) -> None:
        self.pack_id = incoming.name
        self._file = file
        self._incoming = incoming
        self._folder = folder
        self._notes = PackNotes(incoming)
        self._tidy_later = tidy_later
        self._sync = GroupSync(threads, self._make_durable)
        self._has_durable_names = False
        self._next_block = 0
        self._uncertain = 0
        self._is_sealed = False
        self._settled: deque[int] = deque()

    def has_room(self, most_bytes: int) -> bool:
        """Whether another stretch may begin, if that is so below ``most_bytes``."""
        return not self._is_sealed and self._next_block * BLOCK_BYTES < most_bytes

    def reserve(self, size_bytes: int) -> Stretch:
        """Room for a blob that was never anybody else's."""
        stretch = Stretch(self._next_block, size_bytes)
        self._next_block += stretch.blocks
        self._uncertain += 1
        return stretch

    def settled(self, stretch: Stretch) -> None:
        """Somebody refers to the blob now."""
        self._settled.append(stretch.block)
        self._uncertain -= 1
        self._tidy_later(self)

    def gone(self) -> None:
        """Nothing is left of a blob."""
        self._uncertain -= 1
        if self._is_over:
            self._tidy_later(self)

    def seal(self) -> None:
        """Take no new blobs."""
        if not self._is_sealed:
            self._is_sealed = True
            if self._is_over:
                self._tidy_later(self)

    def sync(self) -> Deferred[None]:
        """Make what is written durable. A pack that fails at it is sealed, and fails again."""
        if not self._folder.is_durable:
            return succeed(None)
        syncing = self._sync.run()
        return syncing.addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure:
        if self._sync.is_broken:  # else: whoever waited has left
            self.seal()
        return failure

    @property
    def _is_over(self) -> bool:
        """Whether nothing is uncertain, nor will be."""
        return self._is_sealed and not self._uncertain

    # In threads:

    def write(self, pieces: Sequence[bytes | memoryview], position: int) -> None:
        """Write what follows each other, in a stretch."""
        with reporting_trouble(self._folder.path):
            write_all_at(self._file.fileno(), pieces, position)

    def erase(self, stretch: Stretch) -> None:
        """Make a hole of a stretch that nobody refers to, nor will."""
        with reporting_trouble(self._folder.path):
            erase(self._file.fileno(), stretch.offset, stretch.length)

    def tidy(self) -> None:
        """Note what is settled, or take the incoming name away if all is."""
        if self._is_over:
            self._file.close()
            with reporting_trouble(self._folder.path):
                remove_file(self._incoming)
                self._notes.remove()
                self._folder.remove_if_empty(self.pack_id)
            return
        blocks = []
        while self._settled:
            blocks.append(self._settled.popleft())
        if blocks:
            with suppress(OSError):  # without a note, recovery asks the metadata
                self._notes.add(blocks)

    def _make_durable(self) -> None:
        with reporting_trouble(self._folder.path):
            os.fdatasync(self._file.fileno())
            if not self._has_durable_names:
                for folder in (self._folder.path, self._incoming.parent, self._incoming.parents[1]):
                    sync_folder(folder)
                self._has_durable_names = True


def create_pack(incoming: Path, folder: PackFolder) -> FileIO:
    """A new pack with both of its names, the incoming one first. Blocks.

    Args:
        incoming: its last component is the pack's id.
    """
    with reporting_trouble(folder.path):
        file = create_file(incoming)
        try:
            os.link(incoming, folder.path_of(incoming.name))
        except OSError:
            file.close()
            remove_file(incoming)
            raise
    return file
