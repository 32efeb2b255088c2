"""One blob on its way into a file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from io import FileIO
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from ..interfaces import ISink, IWritesInThread
from ..streams.threads import Threads
from ..values import Blob
from .blob_folders import BlobFolders
from .disk import check_room, create_file, remove_file, reporting_trouble
from .file_writers import FileWriter, open_writer
from .locators import file_locator
from .removal import Removal


@implementer(ISink, IWritesInThread)
class FileSink:
    """Writes to the incoming name of a blob and gives it its other name on commit.

    Args:
        path: the incoming name; its last component is the blob id.
    """

    def __init__(
        self, path: Path, folders: BlobFolders, threads: Threads, removal: Removal[Path]
    ) -> None:
        self._path = path
        self._folders = folders
        self._threads = threads
        self._removal = removal
        self._file: FileIO | None = None
        self._size_bytes = 0
        self._writer: FileWriter | None = None
        self._is_settled = False

    def open(self, size_bytes: int | None) -> Deferred[None]:
        """Make the file, if ``size_bytes`` fit on the disk."""
        return self._threads.run(self._open, size_bytes)

    def write(self, block: bytes) -> Deferred[None]:
        return self._threads.run(self.write_pieces, [block])

    def commit(self) -> Deferred[Blob]:
        return self._threads.run(self._commit)

    def settle(self) -> Deferred[None]:
        """Fires at once; the incoming name goes in the background."""
        self._is_settled = True
        self._removal.add(self._path)
        return succeed(None)

    def abort(self) -> Deferred[None]:
        if self._is_settled:
            return succeed(None)
        return self._threads.run(self._abort)

    # In a thread, one at a time:

    def _open(self, size_bytes: int | None) -> None:
        check_room(self._path.parent, size_bytes or 0)
        with self._reporting_trouble():
            self._file = create_file(self._path)
            is_durable = self._folders.is_durable
            self._writer = open_writer(self._file, size_bytes, is_durable=is_durable)

    def write_pieces(self, pieces: Sequence[bytes | memoryview]) -> None:
        with self._reporting_trouble():
            for piece in pieces:
                self._opened[1].append(piece)
                self._size_bytes += len(piece)

    def _commit(self) -> Blob:
        file, writer = self._opened
        with self._reporting_trouble(), file, closing(writer):
            writer.finish()
            self._folders.adopt(self._path, file)
        return Blob(file_locator(self._path.name), self._size_bytes)

    def _abort(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._file is not None:
            self._file.close()
        with self._reporting_trouble():
            self._folders.discard(self._path.name)
            remove_file(self._path)

    def _reporting_trouble(self) -> AbstractContextManager[None]:
        return reporting_trouble(self._folders.path)

    @property
    def _opened(self) -> tuple[FileIO, FileWriter]:
        if self._file is None or self._writer is None:
            raise RuntimeError("the sink is not open")
        return self._file, self._writer
