"""The files of a second folder with the blobs of a store, for backups.

Blobs never change. So a file that is there needs no second look, and where both folders are on
one file system a second name for the same file is a copy.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..folders import make_folders, sync_folder
from .blob_folders import BlobFolders
from .locators import blob_id_of_file, file_locator
from .taken import Taken

_CHUNK_BYTES = 16 * 1024 * 1024
_UNFINISHED = ".new"
_CANNOT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP})


class FileReplica:
    """Takes blobs over. All methods block: call them in threads.

    Args:
        source: the root folder of the store.
        target: that of the replica; it looks the same.
        is_linking: whether to make second names where the file system can.
        advance: is told how many bytes are there more. What it raises ends the work.
    """

    def __init__(
        self, source: Path, target: Path, advance: Callable[[int], None], *, is_linking: bool
    ) -> None:
        self._source = BlobFolders(source / "blobs", is_durable=True)
        self._target = BlobFolders(target / "blobs", is_durable=True)
        self._advance = advance
        self._is_linking = is_linking
        self._touched: set[Path] = set()

    def take(self, locator: str, size_bytes: int) -> Taken:
        """Have a blob, too."""
        blob_id = blob_id_of_file(locator)
        if blob_id is None:
            return Taken.NOT_OURS
        source, target = self._source.path_of(blob_id), self._target.path_of(blob_id)
        taken = Taken.THERE
        if _size(target) != size_bytes:
            if _size(source) != size_bytes:
                return Taken.MISSING
            taken = self._bring(source, target)
        if taken is not Taken.COPIED:
            self._advance(size_bytes)
        return taken

    def _bring(self, source: Path, target: Path) -> Taken:
        make_folders(target.parent, sync=True)
        target.unlink(missing_ok=True)
        self._touched.add(target.parent)
        if self._is_linking:
            try:
                os.link(source, target)
            except OSError as error:
                if error.errno not in _CANNOT_LINK:
                    raise
                self._is_linking = False
            else:
                return Taken.LINKED
        self._copy(source, target)
        return Taken.COPIED

    def _copy(self, source: Path, target: Path) -> None:
        unfinished = target.with_name(target.name + _UNFINISHED)
        mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with source.open("rb") as read, os.fdopen(os.open(unfinished, mode, 0o600), "wb") as file:
            while sent := os.sendfile(file.fileno(), read.fileno(), None, _CHUNK_BYTES):
                self._advance(sent)
            os.fsync(file.fileno())
        unfinished.replace(target)

    def make_durable(self) -> None:
        """Make all new names durable."""
        for folder in self._touched:
            sync_folder(folder)
        self._touched.clear()

    def count_forsaken(self, unknown: Callable[[Sequence[str]], set[str]]) -> int:
        """How many blobs both have, the store and the replica, that the metadata know nothing of.

        Args:
            unknown: answers those of some locators that are neither referred to nor garbage.
        """
        return sum(
            _size(self._source.path_of(blob_id)) >= 0
            for locators in self._pages()
            for blob_id in map(blob_id_of_file, unknown(locators))
            if blob_id is not None
        )

    def prune(self, referenced: Callable[[Sequence[str]], set[str]]) -> int:
        """Delete blobs that nobody refers to; answer how many that were."""
        pruned = 0
        for locators in self._pages():
            known = referenced(locators)
            unknown = [blob_id_of_file(each) for each in locators if each not in known]
            self._target.delete([each for each in unknown if each is not None])
            pruned += len(unknown)
        return pruned

    def _pages(self) -> Iterator[list[str]]:
        if self._target.path.is_dir():
            for folder in self._target.top_folders():
                yield [file_locator(blob_id) for blob_id in self._target.blob_ids(folder)]


def _size(path: Path) -> int:
    """In bytes; -1 for none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
