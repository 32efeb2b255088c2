"""The folder of a backup: what is in it, and what it looks like before it is complete.

::

    backup.json        what this is, and of when: made last
    metadata.db        the metadata
    objects/blobs/…    the bytes that the metadata refers to, as the store has them
    INCOMPLETE         until the first backup is complete
    metadata.db.new    while a backup is made
    lock               held while a backup is made

A folder without ``INCOMPLETE`` holds a whole backup, at every instant, also while the next one is
made: the new metadata takes the place of the old when all its bytes are there, and bytes that it
no longer needs go afterwards.
"""

from __future__ import annotations

import fcntl
import json
import os
from io import FileIO
from pathlib import Path
from typing import Any

from attrs import define, field

from ..errors import NotPossible
from ..folders import sync_folder

FORMAT = "bleepstore-backup"
VERSION = 1
_INCOMPLETE = (
    "This backup is not complete. Run bleepstore-admin backup with this folder again: it goes on\n"
    "where it was.\n"
)


@define
class BackupFolder:
    """One backup. All methods block.

    Args:
        path: the folder; it is made if it is not there.
    """

    path: Path
    _lock: FileIO | None = field(default=None, init=False)

    @property
    def objects(self) -> Path:
        """Where blobs are."""
        return self.path / "objects"

    @property
    def new_database(self) -> Path:
        """Where the metadata is until all its bytes are there."""
        return self.path / "metadata.db.new"

    @property
    def database(self) -> Path:
        """Where it is then."""
        return self.path / "metadata.db"

    @property
    def _description(self) -> Path:
        return self.path / "backup.json"

    def enter(self) -> None:
        """Begin, or go on.

        Raises:
            NotPossible: the folder has something else in it, or another backup is being made.
            OSError: the disk does not allow it.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self.path.iterdir()) and not self._is_ours():
            raise NotPossible(f"{self.path} is not empty, and no backup; give another folder")
        self._lock = FileIO(os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.leave()
            raise NotPossible(
                f"another backup is being made in {self.path}; wait until it is done"
            ) from error
        if not self._is_complete():
            (self.path / "INCOMPLETE").write_text(_INCOMPLETE)
        sync_folder(self.path)

    def former_id(self) -> str:
        """The id of the backup that is there; empty for none, or one that is older than ids.

        Raises:
            NotPossible: nobody can tell.
        """
        if not self._is_complete():
            return ""
        try:
            return str(json.loads(self._description.read_text("utf-8")).get("id", ""))
        except (ValueError, AttributeError) as error:
            raise NotPossible(f"{self._description} is damaged; give another folder") from error

    def complete(self, facts: dict[str, Any]) -> None:
        """All bytes are there: make the new metadata the backup's."""
        sync_folder(self.path)
        self.new_database.replace(self.database)
        document = {"format": FORMAT, "version": VERSION, **facts}
        unfinished = self.path / "backup.json.new"
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._description)
        sync_folder(self.path)
        (self.path / "INCOMPLETE").unlink(missing_ok=True)
        sync_folder(self.path)

    def leave(self) -> None:
        """Let others make a backup here."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _is_ours(self) -> bool:
        names = ("INCOMPLETE", "backup.json", "lock")
        return any((self.path / name).exists() for name in names)

    def _is_complete(self) -> bool:
        return self._description.exists() and not (self.path / "INCOMPLETE").exists()
