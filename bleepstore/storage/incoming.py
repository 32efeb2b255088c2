"""The folders of blobs on their way in, one for each process that takes uploads.

A process holds a lock (``flock``) on its folder for as long as it lives, whatever ends it. So a
folder whose lock is free belongs to a process that is gone, and what is in it is all that this
process had in flight: recovery looks there and nowhere else.

Folders are made and claimed under one lock on the store, so that nobody takes a folder for
abandoned whose owner has not locked it yet.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import txaio
from attrs import frozen

from ..errors import ConfigError
from ..ids import is_blob_id, new_blob_id
from ..streams.threads import Threads

log = txaio.make_logger()

_LOCK = "lock"


@frozen
class Incoming:
    """A locked folder of incoming blobs: this process's own, or an abandoned one.

    All methods that are no coroutines block: call them in threads.
    """

    path: Path
    _lock: FileIO

    @classmethod
    def create(cls, parent: Path) -> Incoming:
        """A new folder for this process.

        Raises:
            OSError: the disk does not allow it.
        """
        with _all_locked(parent):
            path = parent / new_blob_id()
            path.mkdir(mode=0o700)
            lock = _open_lock(path)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(path, lock)

    @classmethod
    def claim_abandoned(cls, parent: Path) -> list[Incoming]:
        """Lock every folder whose owner is gone."""
        with _all_locked(parent):
            folders = [entry for entry in parent.iterdir() if entry.is_dir()]
            claimed = [cls._claim(folder) for folder in folders]
        return [folder for folder in claimed if folder is not None]

    @classmethod
    def _claim(cls, path: Path) -> Incoming | None:
        lock = _open_lock(path)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return cls(path, lock)

    @classmethod
    async def recover_abandoned(
        cls, parent: Path, threads: Threads, recover: Callable[[Incoming], Awaitable[int]]
    ) -> int:
        """Have every folder recovered whose owner is gone; answer how many blobs were removed."""
        removed = 0
        for folder in await threads.run(cls.claim_abandoned, parent):
            removed_here = await recover(folder)
            log.info("recovered {folder}", folder=folder.path.name, removed=removed_here)
            removed += removed_here
        return removed

    @classmethod
    def survey(cls, parent: Path) -> dict[Path, bool]:
        """The blobs' names in all folders, each with whether the folder's owner is still there."""
        return {
            folder / blob_id: is_live
            for folder, is_live in cls._look(parent)
            for blob_id in _blob_ids(folder)
        }

    @classmethod
    def owners(cls, parent: Path) -> dict[str, bool]:
        """The names of all folders, each with whether the folder's owner is still there."""
        return {folder.name: is_live for folder, is_live in cls._look(parent)}

    @classmethod
    def _look(cls, parent: Path) -> Iterator[tuple[Path, bool]]:
        with _all_locked(parent):
            for folder in (entry for entry in parent.iterdir() if entry.is_dir()):
                abandoned = cls._claim(folder)
                yield folder, abandoned is None
                if abandoned is not None:
                    abandoned._lock.close()

    def blob_ids(self) -> list[str]:
        """The blobs whose names are here."""
        return _blob_ids(self.path)

    def remove(self) -> None:
        """Remove the folder with all that is in it, and give up the lock.

        On a disk that does not allow it both stay until the process ends: the next start recovers.
        """
        try:
            with _all_locked(self.path.parent):
                shutil.rmtree(self.path, ignore_errors=True)
                self._lock.close()
        except OSError as error:
            log.error(
                "{folder} is left to the next start: {problem}", folder=self.path, problem=error
            )

    def retire(self) -> bool:
        """Remove the folder, unless a blob is still in flight; answer whether it is gone.

        With a blob in flight the lock stays until the process ends: a recovery elsewhere that
        found it free could remove a blob that this process is about to refer to.
        """
        if self.blob_ids():
            return False
        self.remove()
        return True


def _blob_ids(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if is_blob_id(name)]  # noqa: PTH208 - names, not paths


def _open_lock(folder: Path) -> FileIO:
    return FileIO(folder / _LOCK, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


@contextmanager
def _all_locked(parent: Path) -> Iterator[None]:
    with _open_lock(parent) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_hard_links(folder: Incoming) -> None:
    """Give up a new folder if files in it cannot have two names.

    Raises:
        ConfigError: the file system cannot do what files need.
    """
    probe = folder.path / "probe"
    try:
        probe.hardlink_to(folder.path / _LOCK)
    except OSError as error:
        folder.remove()
        raise ConfigError(
            str(folder.path),
            "storage.local.root_dir",
            f"expected hard links to work ({error.strerror})",
        ) from error
    probe.unlink()
