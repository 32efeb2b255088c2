"""The folders ``ab/cd`` of committed blobs: how names come there, are made durable, and go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path

from ..folders import sync_folder
from ..ids import is_blob_id
from .disk import remove_file
from .locators import folder_number, folder_of


class BlobFolders:
    """Everything below ``blobs``. All methods block: call them in threads.

    Args:
        path: the folder of them all.
        is_durable: whether to sync what changes.
    """

    def __init__(self, path: Path, *, is_durable: bool) -> None:
        self.path = path
        self.is_durable = is_durable
        # For each folder ``ab/cd``, by its number: whether its own name is known to be durable.
        self._is_known = bytearray(256 * 256)

    def path_of(self, blob_id: str) -> Path:
        """Where the file of a blob is."""
        return self.path / folder_of(blob_id) / blob_id

    def adopt(self, incoming: Path, file: FileIO) -> None:
        """Give a file its name among the blobs, and make file and name durable.

        Args:
            incoming: the file's present name, which it keeps; its last component is the blob id.
            file: the same file, all written.
        """
        target = self.path_of(incoming.name)
        try:
            os.link(incoming, target)
        except FileNotFoundError:
            target.parent.parent.mkdir(mode=0o700, exist_ok=True)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            os.link(incoming, target)
        if self.is_durable:
            os.fsync(file.fileno())
            self._sync(target.parent, folder_number(incoming.name))

    def discard(self, blob_id: str) -> None:
        """Remove a blob that nothing refers to; no error if it is not there."""
        remove_file(self.path_of(blob_id))

    def delete(self, blob_ids: Sequence[str]) -> None:
        """Remove blobs durably, so that they do not come back with the power."""
        paths = [self.path_of(blob_id) for blob_id in blob_ids]
        touched = {path.parent for path in paths if remove_file(path)}
        if self.is_durable:
            # The first of these writes the journal; the others find their change in it.
            for folder in touched:
                sync_folder(folder)

    def top_folders(self) -> list[Path]:
        """The folders ``ab``."""
        return sorted(entry for entry in self.path.iterdir() if entry.is_dir())

    def blob_ids(self, top_folder: Path) -> list[str]:
        """The blobs in one of the top folders."""
        return [
            entry.name
            for folder in top_folder.iterdir()
            for entry in folder.iterdir()
            if is_blob_id(entry.name)
        ]

    def _sync(self, folder: Path, number: int) -> None:
        sync_folder(folder)
        if not self._is_known[number]:
            # Someone else may have made the folder a moment ago and not have synced its name yet.
            sync_folder(folder.parent)
            sync_folder(self.path)
            self._is_known[number] = True
