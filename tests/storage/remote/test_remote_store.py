"""A gateway's store on a second BleepStore: natural names, and uploads that do not end well."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import define
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from zope.interface.verify import verifyObject

from bleepstore.config.gateways import AwsSection
from bleepstore.config.storage import StorageSection
from bleepstore.errors import (
    BlobChanged,
    BlobMissing,
    RangeRefused,
    StorageFull,
    UpstreamBusy,
    UpstreamFailed,
)
from bleepstore.ids import new_blob_id
from bleepstore.interfaces import INaturalNames
from bleepstore.metadata.database import Database
from bleepstore.metadata.memory import MemoryEngine
from bleepstore.storage.registry import open_backend
from bleepstore.storage.remote.locators import ShownBlob, shown_blob
from bleepstore.storage.remote.store import RemoteStore
from bleepstore.streams.threads import Threads
from bleepstore.values import Appearance, Blob, BlobName, Segment
from tests.storage.backing import means
from tests.streams.gathering import Gathering
from tests.upstreams import s3

MIB = 1024 * 1024
PLAIN = Appearance({"content-type": "text/plain"}, {"who": "Grüße"})


@define
class Rig:
    """A store, and Amazon's own SDK on what is behind it."""

    store: RemoteStore
    bucket: str
    client: Any

    async def put(self, data: bytes) -> Segment:
        sink = await self.store.open_sink(BlobName("b", "k", new_blob_id()), len(data))
        await sink.write(data)
        blob = await sink.commit()
        await sink.settle()
        return whole(blob)

    async def get(self, segment: Segment) -> bytes:
        consumer = Gathering()
        producer = await self.store.read(segment.locator, segment.offset, segment.length)
        await producer.startProducing(consumer)
        return consumer.data

    async def show(self, key: str, *segments: Segment) -> Segment:
        blob = await self.store.show("b", key, segments, PLAIN)
        assert blob is not None
        return whole(blob)

    def names(self, prefix: str = "store/") -> list[str]:
        """Of all but the marker."""
        found = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        names = [each["Key"].removeprefix("store/") for each in found.get("Contents", [])]
        return [name for name in names if name != ".bleepstore/store"]

    def uploads(self) -> list[Any]:
        return list(self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []))

    def overwrite(self, name: str, data: bytes) -> None:
        """As somebody with other tools may do."""
        self.client.put_object(Bucket=self.bucket, Key=f"store/{name}", Body=data)


def whole(blob: Blob) -> Segment:
    return Segment(blob.locator, 0, blob.size_bytes)


@pytest_twisted.async_yield_fixture
async def rig(threads: Threads, tmp_path: Path) -> AsyncIterator[Rig]:
    service = s3.running()
    bucket = service.new_bucket()
    settings: Any = service.settings(bucket)
    database = Database(MemoryEngine(reactor))
    await database.start()
    section = StorageSection(backend="aws", aws=AwsSection(**settings))
    store = open_backend(section, means(threads, tmp_path, database=database))
    assert isinstance(store, RemoteStore)
    await store.start()
    yield Rig(store, bucket, service.client())
    await store.stop()
    await database.stop()


@pytest_twisted.ensureDeferred
async def test_it_provides_natural_names(rig: Rig) -> None:
    assert verifyObject(INaturalNames, rig.store)


@pytest_twisted.ensureDeferred
async def test_what_is_shown_is_there_for_everybody(rig: Rig) -> None:
    private = await rig.put(b"content")
    shown = await rig.show("a//b ü", private)
    assert rig.store.is_shown(shown.locator)
    assert not rig.store.is_shown(private.locator)
    found = rig.client.get_object(Bucket=rig.bucket, Key="store/b/a//b ü")
    assert (found["Body"].read(), found["ContentType"]) == (b"content", "text/plain")
    await rig.store.delete([private.locator])
    assert rig.names() == ["b/a//b ü"]
    assert await rig.get(shown) == b"content"
    assert await rig.store.exists(shown.locator)


@pytest_twisted.ensureDeferred
async def test_several_segments_are_shown_as_one(rig: Rig) -> None:
    one, two = await rig.put(b"0123456789"), await rig.put(b"abc")
    shown = await rig.show("k", Segment(one.locator, 2, 3), two, Segment(one.locator, 0, 1))
    assert (await rig.get(shown), shown.length) == (b"234abc0", 7)
    again = await rig.show("copy", Segment(shown.locator, 1, 4))
    assert await rig.get(again) == b"34ab"


@pytest_twisted.ensureDeferred
async def test_nothing_can_be_shown(rig: Rig) -> None:
    blob = await rig.store.show("b", "empty", [], PLAIN)
    assert blob is not None
    assert blob.size_bytes == 0
    assert rig.names() == ["b/empty"]
    await rig.store.retain(blob.locator)


@pytest.mark.parametrize("key", ["x" * 1024, "a/../b"])
@pytest_twisted.ensureDeferred
async def test_a_name_that_cannot_be(rig: Rig, key: str) -> None:
    private = await rig.put(b"content")
    assert await rig.store.show("b", key, [private], PLAIN) is None
    await rig.store.hide("b", key)
    assert await rig.store.look("b", key) is None
    assert await rig.get(private) == b"content"


@pytest_twisted.ensureDeferred
async def test_what_is_retained_outlives_its_name(rig: Rig) -> None:
    old = await rig.show("k", await rig.put(b"old"))
    for _ in range(2):
        await rig.store.retain(old.locator)
    await rig.show("k", await rig.put(b"new"))
    assert await rig.get(old) == b"old"
    assert await rig.get(await rig.show("copy", old)) == b"old"
    await rig.store.delete([old.locator])
    assert not await rig.store.exists(old.locator)
    with pytest.raises(BlobMissing):
        await rig.get(old)
    assert rig.client.get_object(Bucket=rig.bucket, Key="store/b/k")["Body"].read() == b"new"


@pytest.mark.parametrize("is_looked_for", [True, False])
@pytest_twisted.ensureDeferred
async def test_what_is_not_where_it_was_retained_is_looked_for_under_its_name(
    rig: Rig, is_looked_for: bool
) -> None:
    """Another process may have undone what this one has learnt."""
    shown = await rig.show("k", await rig.put(b"content"))
    await rig.store.retain(shown.locator)
    retained = next(name for name in rig.names() if "retained" in name)
    rig.client.delete_object(Bucket=rig.bucket, Key=f"store/{retained}")
    if is_looked_for:
        assert await rig.store.exists(shown.locator)
    else:
        assert await rig.get(shown) == b"content"
    await rig.store.retain(shown.locator)
    assert retained in rig.names()


@pytest_twisted.ensureDeferred
async def test_another_process_finds_what_was_retained(
    rig: Rig, threads: Threads, tmp_path: Path
) -> None:
    old = await rig.show("k", await rig.put(b"old"))
    await rig.store.retain(old.locator)
    await rig.show("k", await rig.put(b"new"))
    other = RemoteStore(
        rig.store._upstream, rig.store._names, rig.store._arrivals, rig.store._arrivals._database
    )
    assert await other.exists(old.locator)
    for _ in range(2):
        producer = await other.read(old.locator, 0, 3)
        consumer = Gathering()
        await producer.startProducing(consumer)
        assert consumer.data == b"old"


@pytest_twisted.ensureDeferred
async def test_a_change_behind_our_back_is_noticed(rig: Rig) -> None:
    shown = await rig.show("k", await rig.put(b"ours"))
    rig.overwrite("b/k", b"theirs")
    with pytest.raises(BlobChanged) as caught:
        await rig.store.read(shown.locator, 0, 4)
    assert caught.value.locator == shown.locator
    assert not await rig.store.exists(shown.locator)
    with pytest.raises(BlobMissing):
        await rig.store.retain(shown.locator)
    found = await rig.store.look("b", "k")
    assert found is not None
    assert not rig.store.is_same(shown.locator, found)
    assert await rig.get(whole(found.blob)) == b"theirs"
    await rig.store.hide("b", "k")
    assert rig.names("store/b/") == []
    with pytest.raises(BlobMissing) as missing:
        await rig.store.read(shown.locator, 0, 4)
    assert not isinstance(missing.value, BlobChanged)


@pytest_twisted.ensureDeferred
async def test_a_refused_range_makes_nothing_missing_that_is_there(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await rig.show("k", await rig.put(b"content"))

    async def refuse(*arguments: object) -> None:
        raise RangeRefused("416")

    with monkeypatch.context() as patched:
        patched.setattr(rig.store._upstream, "open", refuse)
        with pytest.raises(RangeRefused):
            await rig.store.read(shown.locator, 3, 4)
        with pytest.raises(BlobMissing) as caught:
            await rig.store.read(shown.locator, 3, 5)
        assert caught.value.locator == shown.locator
        rig.overwrite("b/k", b"changed")
        with pytest.raises(BlobMissing):
            await rig.store.read(shown.locator, 3, 4)


@pytest_twisted.ensureDeferred
async def test_looking_and_walking(rig: Rig) -> None:
    shown = {key: await rig.show(key, await rig.put(key.encode())) for key in ("a", "b/c", "d")}
    rig.overwrite("b/", b"a folder, to some tools")
    rig.overwrite("bb/a", b"of another bucket")
    found = await rig.store.look("b", "b/c")
    assert found is not None
    assert (found.key, found.appearance, found.blob.size_bytes) == ("b/c", PLAIN, 3)
    assert found.etag == hashlib.md5(b"b/c").hexdigest()
    walked = [each async for each in rig.store.walk("b", "")]
    assert [each.key for each in walked] == ["a", "b/c", "d"]
    assert all(rig.store.is_same(shown[each.key].locator, each) for each in walked)
    assert [each.key async for each in rig.store.walk("b", "b/c")] == ["d"]
    assert await rig.store.look("b", "nothing") is None


@pytest_twisted.ensureDeferred
async def test_what_was_begun_and_forgotten_is_ended(rig: Rig) -> None:
    private = "store/.bleepstore/blobs/" + new_blob_id()
    for name in (private, "store/b/k", "elsewhere"):
        rig.client.create_multipart_upload(Bucket=rig.bucket, Key=name)
    assert await rig.store.tidy(1) == 0
    assert await rig.store.tidy(2**50) == 1
    assert [each["Key"] for each in rig.uploads()] == ["elsewhere", "store/b/k"]


# --- uploads


@pytest_twisted.ensureDeferred
async def test_a_large_blob_goes_in_parts(rig: Rig) -> None:
    data = bytes(range(256)) * (20 * MIB // 256) + b"the rest"
    segment = await rig.put(data)
    (name,) = rig.names()
    found = rig.client.head_object(Bucket=rig.bucket, Key=f"store/{name}")
    assert found["ETag"][-3:] == '-3"'
    assert await rig.get(segment) == data


@pytest_twisted.ensureDeferred
async def test_an_upload_that_is_cancelled_leaves_nothing(rig: Rig) -> None:
    sink = await rig.store.open_sink(BlobName("b", "k", new_blob_id()), None)
    await sink.write(bytes(9 * MIB))
    writing = Deferred.fromCoroutine(sink.write(bytes(9 * MIB)))
    writing.cancel()
    with pytest.raises(CancelledError):
        await writing
    await sink.abort()
    assert (rig.names(), rig.uploads(), await rig.store.list_arrivals()) == ([], [], {})


@pytest_twisted.ensureDeferred
async def test_what_cannot_be_removed_is_removed_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*arguments: object) -> int:
        raise UpstreamFailed("down")

    sink = await rig.store.open_sink(BlobName("b", "k", new_blob_id()), None)
    await sink.write(b"content")
    blob = await sink.commit()
    with monkeypatch.context() as patched:
        patched.setattr(rig.store._upstream, "abort_strays", fail)
        await sink.abort()
    assert list(await rig.store.list_arrivals()) == [blob.locator]
    kept = await rig.put(b"the upstream works again")
    await rig.store.stop()
    assert await rig.store.list_arrivals() == {}
    await rig.store.start()
    assert rig.names() == [f".bleepstore/blobs/{kept.locator.removeprefix('u:')}"]


@pytest_twisted.ensureDeferred
async def test_an_upload_that_is_left_while_it_begins_is_aborted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = rig.store._upstream.begin
    begun: Deferred[None] = Deferred()

    async def begin_slowly(name: str, part_bytes: int) -> Any:
        upload = await begin(name, part_bytes)
        await begun
        return upload

    monkeypatch.setattr(rig.store._upstream, "begin", begin_slowly)
    sink = await rig.store.open_sink(BlobName("b", "k", new_blob_id()), None)
    await sink.write(bytes(9 * MIB))
    while not rig.uploads():
        await deferLater(reactor, 0.01)
    writing = Deferred.fromCoroutine(sink.write(bytes(9 * MIB)))
    writing.cancel()
    with pytest.raises(CancelledError):
        await writing
    aborting = Deferred.fromCoroutine(sink.abort())
    assert not aborting.called
    begun.callback(None)
    await aborting
    assert rig.uploads() == []
    assert rig.names() == []


@pytest_twisted.ensureDeferred
async def test_an_upload_that_cannot_begin_says_why_and_leaves_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def throttle(name: str, part_bytes: int) -> Any:
        await deferLater(reactor, 0.01)
        raise UpstreamBusy("throttled", 1)

    monkeypatch.setattr(rig.store._upstream, "begin", throttle)
    sink = await rig.store.open_sink(BlobName("b", "k", new_blob_id()), None)

    async def store() -> None:
        """As uploads do it: what has failed is aborted at once."""
        try:
            await sink.write(bytes(9 * MIB))
            await sink.commit()
        except UpstreamBusy:
            await sink.abort()
            raise

    with pytest.raises(UpstreamBusy):
        await store()
    assert (rig.names(), rig.uploads(), await rig.store.list_arrivals()) == ([], [], {})


@pytest_twisted.ensureDeferred
async def test_parts_grow_with_what_is_announced(rig: Rig) -> None:
    upstream = rig.store._upstream
    largest = 64 * MIB * upstream.max_parts
    for size, part in [(80_000 * MIB, 8 * MIB), (80_001 * MIB, 8_388_713), (largest, 64 * MIB)]:
        sink = await rig.store.open_sink(BlobName("b", "k", new_blob_id()), size)
        assert sink._destination.part_bytes == part
    with pytest.raises(StorageFull):
        await rig.store.open_sink(BlobName("b", "k", new_blob_id()), largest + 1)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(TEXT, TEXT)
def test_locators_say_what_they_were_made_of(tag: str, key: str) -> None:
    shown = ShownBlob(new_blob_id(), tag, "bucket", key)
    assert shown_blob(shown.locator) == shown


@pytest.mark.parametrize(
    "locator",
    ["", "n:", "n:x:y:b/k", f"n:{'0' * 32}", f"n:{'0' * 32}:dGFn:b", f"n:{'0' * 32}:ü:b/k", "u:x"],
)
def test_other_texts_are_no_locators(locator: str) -> None:
    assert shown_blob(locator) is None
