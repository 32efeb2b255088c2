"""The backends that the contract suite runs against, and what differs between them in a test."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from bleepstore.ids import new_blob_id
from bleepstore.interfaces import IBlobStore, ISink
from bleepstore.storage.files import FileStore
from bleepstore.storage.inline import InlineStore
from bleepstore.streams.threads import Threads
from bleepstore.values import Blob, BlobName
from tests.streams.gathering import Gathering


class Backend(ABC):
    """One backend with a stand-in for the metadata.

    Attributes:
        blobs: what the metadata refers to, by locator.
    """

    def __init__(self, root: Path, threads: Threads) -> None:
        self.root = root
        self.threads = threads
        self.blobs: dict[str, Blob] = {}
        self.store = self.open()

    @abstractmethod
    def open(self) -> IBlobStore:
        """A store object over what is stored."""

    @abstractmethod
    def let_go(self) -> None:
        """What the end of a process does to the store object, and no more than that."""

    @abstractmethod
    def remains(self) -> list[str]:
        """Everything that the backend keeps outside the metadata."""

    async def crash(self) -> None:
        """Go on with a fresh store object, as after a crash."""
        self.let_go()
        self.store = self.open()
        await self.store.start()

    async def recover(self) -> int:
        removed: int = await self.store.recover(self._referenced)
        return removed

    async def _referenced(self, locators: Sequence[str]) -> set[str]:
        return set(locators) & self.blobs.keys()

    async def open_sink(self, size_bytes: int | None = None) -> ISink:
        sink: ISink = await self.store.open_sink(
            BlobName("bucket", "../../etc/passwd", new_blob_id()), size_bytes
        )
        return sink

    async def put(self, data: bytes, size_bytes: int | None = None) -> Blob:
        """Take a blob through its whole life."""
        sink = await self.open_sink(size_bytes)
        if data:
            await sink.write(data)
        blob: Blob = await sink.commit()
        self.blobs[blob.locator] = blob
        await sink.settle()
        return blob

    async def get(self, locator: str, offset: int, length: int) -> bytes:
        consumer = Gathering()
        producer = await self.store.read(locator, offset, length)
        assert producer.length == length
        await producer.startProducing(consumer)
        return consumer.data

    async def delete(self, locator: str) -> None:
        del self.blobs[locator]
        await self.store.delete([locator])


class Files(Backend):
    is_durable = True

    def open(self) -> FileStore:
        return FileStore(self.root, self.threads, is_durable=self.is_durable)

    def let_go(self) -> None:
        assert isinstance(self.store, FileStore)
        forget_lock(self.store)

    def remains(self) -> list[str]:
        return files_in(self.root)


class RelaxedFiles(Files):
    is_durable = False


class Inline(Backend):
    inline_max_bytes = 64 * 1024

    def open(self) -> InlineStore:
        self.files = FileStore(self.root, self.threads, is_durable=True)
        return InlineStore(self.files, self._read_content, self.inline_max_bytes)

    async def _read_content(self, locator: str) -> bytes | None:
        blob = self.blobs.get(locator)
        return None if blob is None else blob.content

    def let_go(self) -> None:
        forget_lock(self.files)

    def remains(self) -> list[str]:
        return files_in(self.root)


class TinyInline(Inline):
    inline_max_bytes = 0


def forget_lock(store: FileStore) -> None:
    """The kernel gives up a dead process's lock."""
    incoming = store._incoming
    assert incoming is not None
    incoming._lock.close()


def files_in(root: Path) -> list[str]:
    """All files but locks, relative to ``root``."""
    return [
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.name != "lock"
    ]


BACKENDS: list[type[Backend]] = [Files, RelaxedFiles, Inline, TinyInline]
