"""The backends that the contract suite runs against, and what differs between them in a test."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor

from bleepstore.config.gateways import AwsSection, AzureSection, GcpSection
from bleepstore.config.storage import LocalSection, MemorySection, StorageSection
from bleepstore.ids import new_blob_id
from bleepstore.interfaces import IBlobStore, ISink, ITransaction
from bleepstore.metadata.database import Database
from bleepstore.metadata.engine import Engine, FileEngine
from bleepstore.metadata.memory import MemoryEngine
from bleepstore.storage import row_sink
from bleepstore.storage.blob_rows import AddRows, add_rows
from bleepstore.storage.blobs import BlobRows
from bleepstore.storage.files import FileStore
from bleepstore.storage.inline import InlineStore
from bleepstore.storage.memory import LimitedStore
from bleepstore.storage.packed import PackedStore
from bleepstore.storage.packs import PACK_BYTES, PackStore
from bleepstore.storage.processes import LockedProcesses
from bleepstore.storage.registry import open_backend
from bleepstore.storage.remote.client import Answer, Client, Outgoing
from bleepstore.storage.remote.sink import RemoteSink, _stopped
from bleepstore.storage.remote.store import RemoteStore
from bleepstore.storage.remote.upstream import IUpstream
from bleepstore.streams.threads import Threads
from bleepstore.values import Blob, BlobName
from tests.storage.backing import means
from tests.storage.on_disk import blobs_on_disk
from tests.streams.gathering import Gathering
from tests.upstreams import azure, gcs, s3


class Backend(ABC):
    """One backend with a stand-in for the metadata.

    Attributes:
        blobs: what the metadata refers to, by locator.
    """

    has_other_processes = True

    def __init__(self, root: Path, threads: Threads) -> None:
        self.root = root
        self.threads = threads
        self.blobs: dict[str, Blob] = {}
        self.store = self.open()

    async def start(self) -> None:
        """Start what the store stands on, and the store."""
        await self.store.start()

    async def stop(self) -> None:
        await self.store.stop()

    def lacks_syncs(self) -> bool:
        """Whether nothing that this backend does asks the system to sync."""
        return False

    def fill_disk(self, patched: pytest.MonkeyPatch, call: str, code: int) -> None:
        """Leave no room, so that the next use of it fails.

        Args:
            call: the function of ``os`` that fails, for a backend that calls it.
            code: its error.
        """

        def fail(*arguments: object, **options: object) -> None:
            raise OSError(code, os.strerror(code))

        patched.setattr(os, call, fail)

    @abstractmethod
    def open(self) -> IBlobStore:
        """A store object over what is stored."""

    @abstractmethod
    def let_go(self) -> None:
        """What the end of a process does to the store object, and no more than that."""

    @abstractmethod
    async def remains(self) -> list[str]:
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

    def lacks_syncs(self) -> bool:
        return not self.is_durable

    def open(self) -> FileStore:
        return FileStore(self.root, self.threads, is_durable=self.is_durable)

    def let_go(self) -> None:
        assert isinstance(self.store, FileStore)
        forget_lock(self.store)

    async def remains(self) -> list[str]:
        return files_in(self.root)


class RelaxedFiles(Files):
    is_durable = False


class Packs(Backend):
    """Packs, beside files for those of which the size is not known before."""

    is_durable = True
    pack_max_bytes = 2**63
    pack_bytes = PACK_BYTES

    def lacks_syncs(self) -> bool:
        return not self.is_durable

    def open(self) -> PackedStore:
        self.packs = PackStore(
            self.root, self.threads, is_durable=self.is_durable, pack_bytes=self.pack_bytes
        )
        self.files = FileStore(self.root, self.threads, is_durable=self.is_durable)
        return PackedStore(self.packs, self.files, self.pack_max_bytes)

    def let_go(self) -> None:
        forget_lock(self.files)
        forget_packs(self.packs)

    async def remains(self) -> list[str]:
        return [*files_in(self.root / "incoming"), *blobs_on_disk(self.root)]


class RelaxedPacks(Packs):
    is_durable = False


class SmallPacks(Packs):
    """Each with one blob."""

    pack_bytes = 1


class Local(Backend):
    """All three, as they are by default."""

    def open(self) -> IBlobStore:
        section = StorageSection(local=LocalSection(root_dir=self.root))
        store = open_backend(section, means(self.threads, self.root, self._read_content))
        assert isinstance(store, InlineStore)
        assert isinstance(store._large, PackedStore)
        store._capacity = None  # of a database that does not run here
        self.large = store._large
        return store

    async def _read_content(self, locator: str) -> bytes | None:
        blob = self.blobs.get(locator)
        return None if blob is None else blob.content

    def let_go(self) -> None:
        forget_lock(self.large._files)
        forget_packs(self.large._packs)

    async def remains(self) -> list[str]:
        return [*files_in(self.root / "incoming"), *blobs_on_disk(self.root)]


def forget_packs(store: PackStore) -> None:
    """What the kernel does for a dead process: locks go, and descriptors."""
    incoming, pack = store._incoming, store._current
    assert incoming is not None
    incoming._lock.close()
    if pack is not None:
        pack._file.close()
        pack._notes.close()
    store._incoming = store._current = None


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

    async def remains(self) -> list[str]:
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


class Rows(Backend):
    """Rows in a database, the metadata of which are still the stand-in."""

    def __init__(self, root: Path, threads: Threads) -> None:
        self.database = Database(self.engine(root))
        super().__init__(root, threads)

    def engine(self, root: Path) -> Engine:
        return FileEngine(root / "metadata.db", reactor)

    def section(self) -> StorageSection:
        return StorageSection(backend="sqlite")

    async def start(self) -> None:
        await self.database.start()
        await self.store.start()

    async def stop(self) -> None:
        await self.store.stop()
        await self.database.stop()

    def open(self) -> IBlobStore:
        found = means(self.threads, self.root, self._read_content, self.database)
        store = open_backend(self.section(), found)
        self.arrivals = rows_of(store)._arrivals
        return store

    async def _read_content(self, locator: str) -> bytes | None:
        blob = self.blobs.get(locator)
        return None if blob is None else blob.content

    def let_go(self) -> None:
        processes = self.arrivals._processes
        assert isinstance(processes, LockedProcesses)
        assert processes._own is not None
        processes._own._lock.close()

    async def remains(self) -> list[str]:
        def locators(txn: ITransaction) -> list[str]:
            txn.execute("SELECT locator FROM blob_row UNION SELECT locator FROM unsettled_blob")
            return [locator for (locator,) in txn.fetch_all()]

        return await self.database.read("remains", locators)

    def fill_disk(self, patched: pytest.MonkeyPatch, call: str, code: int) -> None:
        """SQLite does not call ``os``; for a full disk and for its own limit it has one error."""

        def refuse(txn: ITransaction, command: AddRows) -> None:
            txn.execute("PRAGMA max_page_count = 1")
            txn.fetch_all()
            try:
                add_rows(txn, command)
            finally:
                txn.execute("PRAGMA max_page_count = 4294967294")
                txn.fetch_all()

        patched.setattr(row_sink, "add_rows", refuse)


class BareRows(Rows):
    """Without small blobs in the metadata."""

    def open(self) -> IBlobStore:
        store = super().open()
        assert isinstance(store, InlineStore)
        store._inline_max_bytes = -1
        return store


class Memory(Rows):
    has_other_processes = False

    def engine(self, root: Path) -> Engine:
        return MemoryEngine(reactor)

    def section(self) -> StorageSection:
        return StorageSection(backend="memory")

    def let_go(self) -> None:
        """A process cannot leave its memory behind, but a snapshot can have its blobs."""


class LimitedMemory(Memory):
    def section(self) -> StorageSection:
        memory = MemorySection(max_size_bytes=64 * 1024 * 1024)
        return StorageSection(backend="memory", memory=memory)


class Gateway(Rows):
    """Blobs at a provider; which ones are on their way in is in the database."""

    def __init__(self, root: Path, threads: Threads) -> None:
        self.upstreams: list[IUpstream] = []
        self.sinks: list[RemoteSink] = []
        super().__init__(root, threads)

    def open(self) -> IBlobStore:
        found = means(self.threads, self.root, self._read_content, self.database)
        store = open_backend(self.section(), found)
        assert isinstance(store, RemoteStore)
        self.arrivals = store._arrivals
        self.upstreams.append(store._upstream)
        return store

    async def stop(self) -> None:
        """Close the connections of crashed stores, too, as the end of their process would do."""
        await super().stop()
        for upstream in self.upstreams:
            await upstream.stop()

    async def open_sink(self, size_bytes: int | None = None) -> ISink:
        sink = await super().open_sink(size_bytes)
        assert isinstance(sink, RemoteSink)
        self.sinks.append(sink)
        return sink

    async def crash(self) -> None:
        for sink in self.sinks:
            if sink._sending is not None:  # a dead process sends no more
                await _stopped(sink._sending)
        await super().crash()

    @abstractmethod
    def names(self) -> list[str]:
        """All that is upstream, unfinished uploads too, as the provider's own library sees it."""

    async def remains(self) -> list[str]:
        names = [name for name in self.names() if not name.endswith(".bleepstore/store")]
        return [*names, *await self.arrivals.list()]

    def fill_disk(self, patched: pytest.MonkeyPatch, call: str, code: int) -> None:
        pytest.skip("a provider's disk is never full")


class Aws(Gateway):
    """A second BleepStore is the upstream."""

    def __init__(self, root: Path, threads: Threads) -> None:
        self.upstream = self.running()
        self.bucket = self.upstream.new_bucket()
        super().__init__(root, threads)

    def running(self) -> s3.Upstream:
        return s3.running()

    def section(self) -> StorageSection:
        settings: Any = self.upstream.settings(self.bucket)
        return StorageSection(backend="aws", aws=AwsSection(**settings))

    def fill_disk(self, patched: pytest.MonkeyPatch, call: str, code: int) -> None:
        send = Client.send

        async def refuse(client: Client, outgoing: Outgoing, *arguments: Any) -> Answer:
            if outgoing.method == "PUT":
                return Answer(507, {}, b"<Error><Code>InsufficientStorage</Code></Error>")
            return await send(client, outgoing, *arguments)

        patched.setattr(Client, "send", refuse)

    def names(self) -> list[str]:
        client = self.upstream.client()
        found = client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        begun = client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        return [each["Key"] for each in [*found, *begun]]


class AwsOfMoto(Aws):
    def running(self) -> s3.Upstream:
        return s3.moto()


class Azure(Gateway):
    def __init__(self, root: Path, threads: Threads) -> None:
        self.container = azure.running().new_container()
        super().__init__(root, threads)

    def section(self) -> StorageSection:
        settings = azure.running().settings(self.container.container_name)
        return StorageSection(backend="azure", azure=AzureSection(**settings))

    def names(self) -> list[str]:
        return [blob.name for blob in self.container.list_blobs(include=["uncommittedblobs"])]


class Gcp(Gateway):
    def __init__(self, root: Path, threads: Threads) -> None:
        self.bucket = gcs.running().new_bucket()
        super().__init__(root, threads)

    def section(self) -> StorageSection:
        settings = gcs.running().settings(self.bucket)
        return StorageSection(backend="gcp", gcp=GcpSection(**settings))

    def names(self) -> list[str]:
        return [blob.name for blob in gcs.running().client().list_blobs(self.bucket)]


def rows_of(store: IBlobStore) -> BlobRows:
    """What is behind the stores in front."""
    if isinstance(store, LimitedStore):
        store = store._inner
    assert isinstance(store, InlineStore)
    assert isinstance(store._large, BlobRows)
    return store._large


BACKENDS: list[type[Backend]] = [
    Files,
    RelaxedFiles,
    Packs,
    RelaxedPacks,
    SmallPacks,
    Local,
    Inline,
    TinyInline,
    Rows,
    BareRows,
    Memory,
    LimitedMemory,
    Aws,
    AwsOfMoto,
    Azure,
    Gcp,
]
