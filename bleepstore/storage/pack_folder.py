"""The folder of packs: how stretches are found and deleted, and how packs go that have none left.

A stretch is deleted by making a hole of it, header and all. Two names belong to a pack while its
owner may still write to it, one from then on: only then does it go when it is all one hole. Whoever
takes the second name away looks for that, too, so that one of the two always sees it.
"""

from __future__ import annotations

import errno
import os
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path

from ..folders import sync_folder
from ..ids import is_blob_id
from .disk import remove_file, write_all_at
from .holes import punch_hole
from .locators import PackPlace
from .pack_format import BLOCK_BYTES, find_stretch, find_stretches, has_content
from .stretch_locks import begin_deleting

_CHUNK_BYTES = 1024 * 1024
_NO_HOLES = frozenset({errno.EOPNOTSUPP, errno.ENOSYS})


class PackFolder:
    """Everything below ``packs``. All methods block: call them in threads.

    Args:
        path: the folder.
        is_durable: whether to sync what changes.
    """

    def __init__(self, path: Path, *, is_durable: bool) -> None:
        self.path = path
        self.is_durable = is_durable

    def path_of(self, pack_id: str) -> Path:
        """Where a pack is."""
        return self.path / pack_id

    def open(self, pack_id: str) -> FileIO:
        """A pack, for reading. Raises ``FileNotFoundError``."""
        return open_pack(self.path_of(pack_id), "rb")

    def pack_ids(self) -> list[str]:
        """All packs."""
        return sorted(name for name in os.listdir(self.path) if is_blob_id(name))  # noqa: PTH208 - names, not paths

    def has(self, place: PackPlace) -> bool:
        """Whether there is a stretch."""
        with suppress(FileNotFoundError), self.open(place.pack_id) as file:
            return find_stretch(file.fileno(), place.pack_id, place.block) is not None
        return False

    def blocks(self, pack_id: str) -> list[int]:
        """Where the stretches of a pack are; none if there is no such pack."""
        with suppress(FileNotFoundError), self.open(pack_id) as file:
            return [each.block for each in find_stretches(file.fileno(), pack_id)]
        return []

    def delete(self, pack_id: str, blocks: Iterable[int]) -> list[int]:
        """Delete stretches durably, so that they do not come back with the power.

        Returns:
            Those that stay, since somebody reads them.
        """
        with suppress(FileNotFoundError), open_pack(self.path_of(pack_id), "r+b") as file:
            being_read = _delete(file.fileno(), pack_id, blocks)
            self._finish(pack_id, file)
            return being_read
        return []

    def keep_only(self, pack_id: str, blocks: Collection[int]) -> int:
        """Delete all of a pack to which nobody writes, but for some stretches, and what is read.

        Returns:
            How many stretches went.
        """
        with suppress(FileNotFoundError), open_pack(self.path_of(pack_id), "r+b") as file:
            deleted = _keep_only(file.fileno(), pack_id, blocks)
            self._finish(pack_id, file)
            return deleted
        return 0

    def remove_if_empty(self, pack_id: str) -> None:
        """Remove a pack that has one name and nothing in it."""
        with suppress(FileNotFoundError), self.open(pack_id) as file:
            self._remove_if_empty(pack_id, file)

    def _finish(self, pack_id: str, file: FileIO) -> None:
        if self.is_durable:
            os.fsync(file.fileno())
        self._remove_if_empty(pack_id, file)

    def _remove_if_empty(self, pack_id: str, file: FileIO) -> None:
        is_over = os.fstat(file.fileno()).st_nlink == 1 and not has_content(file.fileno())
        if is_over and remove_file(self.path_of(pack_id)) and self.is_durable:
            sync_folder(self.path)


def open_pack(path: Path, mode: str) -> FileIO:
    """Open a pack in such a way that no page of memory belongs to two stretches.

    Reading ahead, the kernel takes large pages, which it does not let go but fills with zeros where a
    part of one is deleted: sendfile may have given them to a socket, and nobody has read them yet.
    """
    file = FileIO(path, mode)
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
    return file


def erase(descriptor: int, offset: int, length: int) -> None:
    """Make a hole, or zeros where the file system knows no holes."""
    if length <= 0:
        return
    try:
        punch_hole(descriptor, offset, length)
    except OSError as error:
        if error.errno not in _NO_HOLES:
            raise
        for position in range(offset, offset + length, _CHUNK_BYTES):
            size = min(_CHUNK_BYTES, offset + length - position)
            write_all_at(descriptor, [bytes(size)], position)


def _delete(descriptor: int, pack_id: str, blocks: Iterable[int]) -> list[int]:
    being_read = []
    for block in blocks:
        if not begin_deleting(descriptor, block):
            being_read.append(block)
        elif (stretch := find_stretch(descriptor, pack_id, block)) is not None:
            erase(descriptor, stretch.offset, stretch.length)
    return being_read


def _keep_only(descriptor: int, pack_id: str, blocks: Collection[int]) -> int:
    stretches = list(find_stretches(descriptor, pack_id))
    missing = set(blocks).difference(each.block for each in stretches)
    headless = sorted(block for block in missing if _has_bytes(descriptor, block))
    deleted = end = 0
    for stretch in stretches:
        _erase_between(descriptor, end, stretch.offset, headless)
        if stretch.block not in blocks and begin_deleting(descriptor, stretch.block):
            erase(descriptor, stretch.offset, stretch.length)
            deleted += 1
        end = stretch.end
    _erase_between(descriptor, end, os.fstat(descriptor).st_size, headless)
    return deleted


def _has_bytes(descriptor: int, block: int) -> bool:
    """Whether this block is no hole, which it is where a stretch was deleted."""
    offset = block * BLOCK_BYTES
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA) == offset
    except OSError:  # behind the last byte
        return False


def _erase_between(descriptor: int, start: int, end: int, headless: Sequence[int]) -> None:
    """Erase what is torn: it never got its header. What has lost its header stays for people.

    Args:
        headless: the blocks where stretches should be that are not there, in order.
    """
    position = bisect_left(headless, start // BLOCK_BYTES)
    if position < len(headless):
        end = min(end, headless[position] * BLOCK_BYTES)
    erase(descriptor, start, end - start)
