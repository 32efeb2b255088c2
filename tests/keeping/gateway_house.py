"""A store behind a gateway, without a wire: what requests do to it, and what must hold then."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from attrs import define, field
from twisted.internet import reactor

from bleepstore.ids import new_blob_id, new_version_id
from bleepstore.keeping.showing import Showing
from bleepstore.keeping.showing_rounds import ShowingRounds
from bleepstore.metadata.buckets import CreateBucket
from bleepstore.metadata.memory import MemoryEngine
from bleepstore.metadata.objects import CopyObject, DeleteObject, PutObject
from bleepstore.metadata.store import Store, store_on
from bleepstore.s3.segments import open_segments
from bleepstore.storage.arrivals import Arrivals
from bleepstore.storage.processes import OneProcess
from bleepstore.storage.remote.names import Names
from bleepstore.storage.remote.store import RemoteStore
from bleepstore.streams.threads import Threads
from bleepstore.values import BlobName, Bucket, ByteRange, ObjectVersion, Segment, Versioning
from tests.keeping.upstream_in_memory import UpstreamInMemory
from tests.metadata.samples import ANN
from tests.streams.gathering import Gathering
from tests.streams.pool import new_threads

BUCKET = "photos"
AN_HOUR_MS = 3_600_000


class MovableClock:
    """A clock that stands until it is moved."""

    instant_ms = 2_000_000_000_000

    def now_ms(self) -> int:
        return self.instant_ms


@define(eq=False)
class House:
    """Metadata, a gateway, and those who see to names."""

    store: Store = field(factory=lambda: store_on(MemoryEngine(reactor)).with_natural_names())
    upstream: UpstreamInMemory = field(factory=UpstreamInMemory)
    clock: Any = field(factory=MovableClock)
    blobs: Any = field(init=False)
    showing: Showing = field(init=False)
    _threads: Threads = field(init=False)

    async def start(self, versioning: Versioning = Versioning.OFF) -> None:
        self._threads = new_threads("bytes", 2)
        self._threads.start()
        await self.store.database.start()
        arrivals = Arrivals(self.store.database, self._threads, OneProcess())
        self.blobs = RemoteStore(self.upstream, Names(""), arrivals, self.store.database)
        await self.blobs.start()
        self.showing = self.new_showing()
        bucket = Bucket(new_blob_id(), BUCKET, ANN, "us-east-1", 1, versioning)
        await self.store.buckets.create(CreateBucket(bucket))

    async def stop(self) -> None:
        await self.showing.stop()
        await self.blobs.stop()
        await self.store.database.stop()
        await self._threads.stop()

    def new_showing(
        self, store: Store | None = None, natural: Any = None, timeout_seconds: float = 10
    ) -> Showing:
        """As another process has it."""
        natural = natural or self.blobs
        return Showing(
            store or self.store, self.blobs, natural, self.clock, reactor, timeout_seconds, 60
        )

    def rounds(self) -> ShowingRounds:
        return ShowingRounds(self.showing, self.clock, reactor, 7)

    # --- what clients do

    async def put(
        self, key: str, content: bytes, *, is_settled: bool = True, content_type: str = ""
    ) -> str:
        """Answers the version id."""
        sink = await self.blobs.open_sink(BlobName(BUCKET, key, new_blob_id()), len(content))
        await sink.write(content)
        blob = await sink.commit()
        segments = (Segment(blob.locator, 0, len(content)),) if content else ()
        version = ObjectVersion(
            key=key,
            version_id=new_version_id(),
            last_modified_ms=self.clock.now_ms(),
            owner=ANN,
            size_bytes=len(content),
            etag=md5(content),
            headers=_headers(content_type),
            segments=segments,
            tags=(("tagged", "yes"),),
        )
        await self.store.objects.put(PutObject(BUCKET, version, (blob,) if segments else ()))
        await (sink.settle() if segments else sink.abort())
        await self._settle(key, is_settled)
        return version.version_id

    async def copy(
        self, source: str, key: str, *, is_settled: bool = True, content_type: str = ""
    ) -> None:
        _, found = await self.store.objects.get(BUCKET, source)
        version = ObjectVersion(
            key=key,
            version_id=new_version_id(),
            last_modified_ms=self.clock.now_ms(),
            owner=ANN,
            size_bytes=found.size_bytes,
            etag=found.etag,
            headers=_headers(content_type) or found.headers,
            segments=found.segments,
        )
        await self.store.objects.copy(CopyObject(BUCKET, None, found, BUCKET, version))
        await self._settle(key, is_settled)

    async def delete(
        self, key: str, version_id: str | None = None, *, is_settled: bool = True
    ) -> None:
        now_ms = self.clock.now_ms()
        command = DeleteObject(BUCKET, key, version_id, new_version_id(), now_ms, ANN)
        await self.store.objects.delete(command)
        await self._settle(key, is_settled)

    async def _settle(self, key: str, is_settled: bool) -> None:
        if is_settled:
            await self.showing.settle(BUCKET, [key])

    async def version(self, key: str, version_id: str | None = None) -> ObjectVersion:
        _, version = await self.store.objects.get(BUCKET, key, version_id)
        return version

    async def read(self, key: str, version_id: str | None = None) -> bytes:
        """The bytes as the metadata have them, without looking again."""
        version = await self.version(key, version_id)
        if not version.size_bytes:
            return b""
        everything = ByteRange(0, version.size_bytes)
        producer = await open_segments(self.blobs, version.segments, everything)
        gathering = Gathering()
        await producer.startProducing(gathering)
        return gathering.data

    # --- what must hold

    async def collect_garbage(self) -> None:
        while locators := await self.store.garbage.list(self.clock.now_ms() + 1, 100):
            await self.blobs.delete(locators)
            await self.store.garbage.forget(locators)

    async def assert_true(self, objects: Mapping[str, bytes]) -> None:
        """These are the current objects, and they are what the upstream shows, byte by byte."""
        assert not await self.store.names.due(self.clock.now_ms() + AN_HOUR_MS, 10)
        for key, content in objects.items():
            assert await self.read(key) == content
            version = await self.version(key)
            await self.showing.check(version)
            name = f"{BUCKET}/{key}"
            if self.upstream.fits(name):
                assert self.upstream.objects[name].appearance.headers == version.headers
        shown = {f"{BUCKET}/{key}": content for key, content in objects.items()}
        fitting = {name: each for name, each in shown.items() if self.upstream.fits(name)}
        assert self.upstream.natural() == fitting
        assert not [each async for each in self.store.checks.miscounts()]

    async def assert_nothing_private_but(self, *contents: bytes) -> None:
        await self.collect_garbage()
        assert sorted(self.upstream.private().values()) == sorted(contents)


def _headers(content_type: str) -> dict[str, str]:
    return {"content-type": content_type} if content_type else {}


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class Killed(Exception):
    """The process ends here."""


class Mortal:
    """Stands for an object whose process dies at the n-th call of anything.

    Args:
        life: counts the calls, down; shared by all objects of the process.
        is_done: whether the last call still takes effect.
    """

    def __init__(self, inner: Any, life: list[int], *, is_done: bool) -> None:
        self._inner = inner
        self._life = life
        self._is_done = is_done

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name in ("is_shown", "is_same"):
            return method

        async def call(*arguments: Any) -> Any:
            self._life[0] -= 1
            if self._life[0] > 0:
                return await method(*arguments)
            if self._life[0] == 0 and self._is_done:
                await method(*arguments)
            raise Killed(name)

        return call
