"""Makes a backup of a store that is at work: of one instant, and whole or clearly not.

Garbage is held first, then the metadata is copied, then the bytes that the copy refers to: none of
these can go meanwhile, and bytes that come later are not in the copy. The hold is a lease, renewed
while the backup runs, so that one that is killed does not fill the disk for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime

from ..clock import Clock, iso8601
from ..errors import NotPossible
from ..ids import new_blob_id
from ..metadata.backups import Backups
from ..metadata.blobs import Garbage, Hold
from ..metadata.check import StoredBlob
from ..metadata.frozen_copy import FrozenCopy
from ..metadata.snapshot import copy_live
from ..metadata.sqlite import PAGE_BYTES
from ..storage.locators import is_in_rows
from ..storage.replica import Replica
from ..storage.taken import Taken
from ..streams.threads import Threads
from .backup_folder import BackupFolder
from .progress import Progress
from .rounds import Rounds
from .succession import require_successor

_LEASE_MS = 600_000
_RENEWAL_SECONDS = 60.0


@frozen
class Place:
    """Where a store is.

    Attributes:
        backend: its name in the configuration.
        database: the file with the metadata.
        objects: the folder of the files of blobs; None where a blob is never a file.
    """

    backend: str
    database: Path
    objects: Path | None


@define
class Backup:
    """What was done.

    Attributes:
        blobs, size_bytes: that the backup has now, beside those in its database.
        linked, copied: those of them that came this time.
        pruned: blobs of the backup before that are no longer needed.
        missing: locators of blobs that the store itself does not have.
        elsewhere: blobs that are in no file here: their provider has them.
    """

    blobs: int = 0
    size_bytes: int = 0
    linked: int = 0
    copied: int = 0
    pruned: int = 0
    missing: list[str] = field(factory=list)
    elsewhere: int = 0

    def count(self, blob: StoredBlob, taken: Taken) -> None:
        """One more."""
        if taken is Taken.MISSING:
            self.missing.append(blob.locator)
        elif taken is Taken.NOT_OURS:
            self.elsewhere += 1
        else:
            self.blobs += 1
            self.size_bytes += blob.size_bytes
            self.linked += taken is Taken.LINKED
            self.copied += taken is Taken.COPIED


@define
class BackupMaker:
    """Makes one backup.

    Args:
        folder: where; a former backup there is brought up to date.
        is_linking: whether files may be second names of the store's.
    """

    _place: Place
    _garbage: Garbage
    _backups: Backups
    _threads: Threads
    _reactor: IReactorTime
    _folder: BackupFolder
    _progress: Progress
    _is_linking: bool = True
    _clock: Clock = field(factory=Clock)
    _pages: int = field(default=0, init=False)

    async def run(self) -> Backup:
        """Make it.

        Raises:
            NotPossible: the folder is not for backups, or in use, or a disk does not allow it, or
                the database is damaged or no successor of the one there. What is done is there for
                the next time.
        """
        try:
            await self._threads.run(self._folder.enter)
            return await self._run()
        except OSError as error:
            place = error.filename or self._folder.path
            raise NotPossible(
                f"{place}: {error.strerror}; mend that, and run the command again: it goes on "
                "where it was"
            ) from error

    async def _run(self) -> Backup:
        backup_id = new_blob_id()
        renewal = Rounds(
            "holding garbage", lambda: self._hold(backup_id), self._reactor, _RENEWAL_SECONDS
        )
        try:
            await self._hold(backup_id)
            renewal.start()
            return await self._make(backup_id)
        finally:
            await renewal.stop()
            await self._garbage.release(backup_id)
            self._folder.leave()

    async def _hold(self, hold_id: str) -> None:
        now_ms = self._clock.now_ms()
        await self._garbage.hold(Hold(hold_id, now_ms + _LEASE_MS, now_ms))

    async def _make(self, backup_id: str) -> Backup:
        facts = {"id": backup_id, "created": iso8601(self._clock.now_ms())}
        replica = self._replica()
        await self._backups.record(backup_id)
        await self._threads.run(
            copy_live, self._place.database, self._folder.new_database, self._copied_pages
        )
        copy = await self._threads.run(FrozenCopy, self._folder.new_database)
        try:
            await self._require_sound(copy)
            await self._threads.run(require_successor, self._folder, copy, replica)
            return await self._complete(copy, replica, facts)
        finally:
            copy.close()

    async def _require_sound(self, copy: FrozenCopy) -> None:
        """A damaged copy would take the place of what may be the last good one."""
        problem = await self._threads.run(copy.problem)
        if problem:
            raise NotPossible(
                f"{self._place.database} is damaged, or its copy is: {problem}; what the folder "
                "had is still there, bytes and all; docs/failures.rst says what to do"
            )

    async def _complete(
        self, copy: FrozenCopy, replica: Replica | None, facts: dict[str, Any]
    ) -> Backup:
        backup = Backup()
        self._progress.expect(await self._threads.run(copy.stored_bytes))
        pages = copy.stored_blobs()
        while page := await self._threads.run(next, pages, ()):
            await self._threads.run(self._take, replica, page, backup)
        facts |= {
            "backend": self._place.backend,
            "blobs": backup.blobs,
            "size_bytes": backup.size_bytes,
            "missing": len(backup.missing),
        }
        if replica is not None:
            await self._threads.run(replica.make_durable)
        await self._threads.run(self._folder.complete, facts)
        if replica is not None:
            backup.pruned = await self._threads.run(replica.prune, copy.referenced)
        return backup

    def _replica(self) -> Replica | None:
        if self._place.objects is None:
            return None
        objects = self._folder.objects
        return Replica(
            self._place.objects, objects, self._progress.advance, is_linking=self._is_linking
        )

    def _take(self, replica: Replica | None, page: Sequence[StoredBlob], backup: Backup) -> None:
        for blob in page:
            if is_in_rows(blob.locator):
                continue  # they came with the metadata
            taken = Taken.NOT_OURS
            if replica is not None:
                taken = replica.take(blob.locator, blob.size_bytes)
            backup.count(blob, taken)

    def _copied_pages(self, done: int, total: int) -> None:
        if not self._pages:
            self._progress.expect(total * PAGE_BYTES)
        self._progress.advance((done - self._pages) * PAGE_BYTES)
        self._pages = done
