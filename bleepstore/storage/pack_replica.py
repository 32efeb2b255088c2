"""The packs of a second folder with the blobs of a store, for backups.

A pack changes: blobs are added, and become holes. So it is never a second name of the store's, but
each blob is copied to the same place of a pack of the same id. Its header follows when the bytes are
durable, so that where there is a header the blob is whole.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path

from ..folders import make_folders, sync_folder
from .disk import create_file, write_all_at
from .locators import PackPlace, pack_locator
from .pack_folder import PackFolder, open_pack
from .pack_format import Stretch, find_stretch, make_header
from .taken import Taken


class PackReplica:
    """Takes blobs over. All methods block: call them in threads.

    Args:
        source: the root folder of the store.
        target: that of the replica.
        advance: is told how many bytes are there more. What it raises ends the work.
    """

    def __init__(self, source: Path, target: Path, advance: Callable[[int], None]) -> None:
        self._source = PackFolder(source / "packs", is_durable=True)
        self._target = PackFolder(target / "packs", is_durable=True)
        self._advance = advance
        self._copy: _PackCopy | None = None

    def take(self, place: PackPlace, size_bytes: int) -> Taken:
        """Have a blob, too."""
        copy = self._copy
        if copy is None or copy.pack_id != place.pack_id:
            self._finish()
            copy = self._copy = _PackCopy(place.pack_id, self._source, self._target)
        try:
            return copy.take(Stretch(place.block, size_bytes), self._advance)
        except BaseException:
            copy.close()
            self._copy = None
            raise

    def make_durable(self) -> None:
        """Make all that is new durable."""
        self._finish()
        if self._target.path.is_dir():
            sync_folder(self._target.path)

    def _finish(self) -> None:
        copy, self._copy = self._copy, None
        if copy is not None:
            try:
                copy.finish()
            finally:
                copy.close()

    def count_forsaken(self, unknown: Callable[[Sequence[str]], set[str]]) -> int:
        """See :meth:`bleepstore.storage.replica.Replica.count_forsaken`."""
        count = 0
        for pack_id, locators in self._packs():
            forsaken = unknown(list(locators))
            if forsaken:
                ours = {pack_locator(pack_id, block) for block in self._source.blocks(pack_id)}
                count += len(forsaken & ours)
        return count

    def prune(self, referenced: Callable[[Sequence[str]], set[str]]) -> int:
        """See :meth:`bleepstore.storage.replica.Replica.prune`.

        What an interrupted backup left without a header goes with the next blob of its pack.
        """
        pruned = 0
        for pack_id, locators in self._packs():
            known = referenced(list(locators))
            if not known or len(known) < len(locators):
                kept = {block for locator, block in locators.items() if locator in known}
                pruned += self._target.keep_only(pack_id, kept)
        return pruned

    def _packs(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Each pack of the replica with its blobs' locators and blocks."""
        if self._target.path.is_dir():
            for pack_id in self._target.pack_ids():
                blocks = self._target.blocks(pack_id)
                yield pack_id, {pack_locator(pack_id, block): block for block in blocks}


class _PackCopy:
    """One pack, and the same one of the replica."""

    def __init__(self, pack_id: str, source: PackFolder, target: PackFolder) -> None:
        self.pack_id = pack_id
        self._source = _open_if_there(source.path_of(pack_id), "rb")
        self._target_path = target.path_of(pack_id)
        self._target = _open_if_there(self._target_path, "r+b")
        self._copied: list[Stretch] = []

    def take(self, wanted: Stretch, advance: Callable[[int], None]) -> Taken:
        """Have the bytes of a blob; its header comes in the end."""
        if self._has(self._target, wanted):
            advance(wanted.size_bytes)
            return Taken.THERE
        source = self._source
        if source is None or not self._has(source, wanted):
            advance(wanted.size_bytes)
            return Taken.MISSING
        self._bring(source, wanted, advance)
        self._copied.append(wanted)
        return Taken.COPIED

    def _has(self, file: FileIO | None, wanted: Stretch) -> bool:
        if file is None or find_stretch(file.fileno(), self.pack_id, wanted.block) != wanted:
            return False
        return os.fstat(file.fileno()).st_size >= wanted.content_offset + wanted.size_bytes

    def _bring(self, source: FileIO, wanted: Stretch, advance: Callable[[int], None]) -> None:
        if self._target is None:
            self._target = _create(self._target_path)
        target = self._target.fileno()
        position, end = wanted.content_offset, wanted.content_offset + wanted.size_bytes
        os.posix_fadvise(source.fileno(), position, wanted.size_bytes, os.POSIX_FADV_WILLNEED)
        os.lseek(target, position, os.SEEK_SET)
        while position < end:
            sent = os.sendfile(target, source.fileno(), position, end - position)
            if not sent:
                raise OSError(errno.EIO, "it has become too short", source.name)
            position += sent
            advance(sent)

    def finish(self) -> None:
        """Make durable what was brought, and say so."""
        if self._target is None or not self._copied:
            return
        descriptor = self._target.fileno()
        os.fsync(descriptor)
        for stretch in self._copied:
            write_all_at(descriptor, [make_header(self.pack_id, stretch)], stretch.offset)
        os.fsync(descriptor)

    def close(self) -> None:
        """Let go of both."""
        for file in (self._source, self._target):
            if file is not None:
                file.close()


def _open_if_there(path: Path, mode: str) -> FileIO | None:
    with suppress(FileNotFoundError):
        return open_pack(path, mode)
    return None


def _create(path: Path) -> FileIO:
    make_folders(path.parent, sync=True)
    create_file(path).close()
    return open_pack(path, "r+b")
