"""Blobs as files on a local disk.

Layout::

    root/incoming/<process>/<blob id>    while a blob is on its way in
    root/blobs/ab/cd/<blob id>           once it is committed

A blob's life is that of its two names, both of the same file:

==========  =====================================================================
open        the incoming name is made
commit      the other name is linked to the file; file and folder are synced
settle      the incoming name goes: metadata refers to the blob now
abort       both names go
==========  =====================================================================

So every blob of which it is not certain that the metadata refers to it has a name in
``incoming``, and recovery looks only there: the names in a dead process's folder say which blobs
were in flight, the metadata says which of those it refers to, and only the others are removed.
Nothing else is ever scanned at a start. (A rename instead of the link would leave committed
blobs without a trace until the metadata knows them.)

The link is made before the sync of the file: on journaling file systems that sync then makes the
name durable too, and the sync of the folder, which POSIX asks for, finds nothing left to do.

No key is ever part of a path: names are made of random ids alone.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

from zope.interface import implementer

from ..errors import BlobMissing
from ..folders import make_own_folder
from ..ids import is_blob_id
from ..interfaces import IArrivals, IBlobStore
from ..streams.producers import FileProducer
from ..streams.threads import Threads
from ..values import BlobName
from .blob_folders import BlobFolders
from .disk import remove_files, reporting_trouble
from .file_sink import FileSink
from .incoming import Incoming, check_hard_links
from .locators import blob_id_of_file, file_locator
from .removal import Removal

_RECOVERY_BATCH = 500


@implementer(IBlobStore, IArrivals)
class FileStore:
    """Keeps each blob in a file of its own.

    Args:
        root: the folder of the store; it is made if it is not there.
        threads: where the disk is waited for.
        is_durable: whether to sync what is committed.
    """

    name = "files"

    def __init__(self, root: Path, threads: Threads, *, is_durable: bool) -> None:
        # Absolute, so that nobody's change of directory moves the store.
        self._root = root.absolute()
        self._threads = threads
        self._is_durable = is_durable
        self._all_incoming = self._root / "incoming"
        self._folders = BlobFolders(self._root / "blobs", is_durable=is_durable)
        self._incoming: Incoming | None = None
        self._removal: Removal[Path] = Removal(partial(threads.run, remove_files))

    async def start(self) -> None:
        """Make the folders.

        Raises:
            OSError: the disk does not allow it; the message has the path.
            ConfigError: the file system cannot do what the store needs.
        """
        self._incoming = await self._threads.run(self._make_ready)

    def _make_ready(self) -> Incoming:
        for folder in (self._all_incoming, self._folders.path):
            make_own_folder(folder, sync=self._is_durable)
        incoming = Incoming.create(self._all_incoming)
        check_hard_links(incoming)
        return incoming

    async def stop(self) -> None:
        await self._removal.finish()
        if self._incoming is not None and await self._threads.run(self._incoming.retire):
            self._incoming = None

    async def recover(self, is_referenced: Callable[[Sequence[str]], Awaitable[Any]]) -> int:
        recover = partial(self._recover_folder, is_referenced)
        return await Incoming.recover_abandoned(self._all_incoming, self._threads, recover)

    async def _recover_folder(
        self, is_referenced: Callable[[Sequence[str]], Awaitable[Any]], folder: Incoming
    ) -> int:
        removed = 0
        blob_ids = await self._threads.run(folder.blob_ids)
        for start in range(0, len(blob_ids), _RECOVERY_BATCH):
            batch = blob_ids[start : start + _RECOVERY_BATCH]
            referenced = await is_referenced([file_locator(blob_id) for blob_id in batch])
            orphans = [each for each in batch if file_locator(each) not in referenced]
            await self._threads.run(self._folders.delete, orphans)
            removed += len(orphans)
        await self._threads.run(folder.remove)
        return removed

    async def open_sink(self, name: BlobName, size_bytes: int | None) -> FileSink:
        if not is_blob_id(name.blob_id):
            raise ValueError(f"not a blob id: {name.blob_id!r}")
        if self._incoming is None:
            raise RuntimeError("the store is not started")
        path = self._incoming.path / name.blob_id
        sink = FileSink(path, self._folders, self._threads, self._removal)
        try:
            await sink.open(size_bytes)
        except Exception:
            await sink.abort()
            raise
        return sink

    async def read(self, locator: str, offset: int, length: int) -> FileProducer:
        blob_id = blob_id_of_file(locator)
        if blob_id is None:
            raise BlobMissing(locator)
        file = await self._threads.run(self._open, locator, blob_id, offset + length)
        return FileProducer(self._threads, file, offset, length)

    def _open(self, locator: str, blob_id: str, least_size: int) -> FileIO:
        try:
            with reporting_trouble(self._folders.path):
                file = FileIO(self._folders.path_of(blob_id))
        except FileNotFoundError as error:
            raise BlobMissing(locator) from error
        if os.fstat(file.fileno()).st_size < least_size:
            file.close()
            raise BlobMissing(locator)
        return file

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        found = [blob_id_of_file(locator) for locator in locators]
        if blob_ids := [each for each in found if each is not None]:
            await self._threads.run(self._delete, blob_ids)
        return ()

    def _delete(self, blob_ids: Sequence[str]) -> None:
        with reporting_trouble(self._folders.path):
            self._folders.delete(blob_ids)

    async def exists(self, locator: str) -> bool:
        blob_id = blob_id_of_file(locator)
        if blob_id is None:
            return False
        return await self._threads.run(self._folders.path_of(blob_id).is_file)

    async def list_locators(self) -> AsyncIterator[str]:
        for folder in await self._threads.run(self._folders.top_folders):
            for blob_id in await self._threads.run(partial(self._folders.blob_ids, folder)):
                yield file_locator(blob_id)

    async def list_arrivals(self) -> dict[str, bool]:
        arrivals = await self._threads.run(Incoming.survey, self._all_incoming)
        return {file_locator(path.name): is_live for path, is_live in arrivals.items()}
