"""Google Cloud Storage as an upstream, against an emulator that Google's SDK looks at."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_twisted
from google.cloud import storage
from twisted.internet import reactor
from twisted.internet.task import deferLater
from zope.interface.verify import verifyObject

from bleepstore.config.gateways import GcpSection, UpstreamSection
from bleepstore.errors import BlobChanged, BlobMissing, ConfigError, RangeRefused
from bleepstore.storage.gcp.upstream import GcpUpstream
from bleepstore.storage.remote.upstream import IUpstream, IUpstreamUpload, Piece, Standing
from bleepstore.streams.threads import Threads
from bleepstore.values import Appearance
from tests.storage.backing import means
from tests.storage.remote.reading import read, walk
from tests.upstreams.gcs import FakeGcs

MIB = 1024 * 1024
NOTHING = Appearance()
APPEARANCE = Appearance(
    {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "max-age=60",
        "content-disposition": 'attachment; filename="ü"',
        "content-encoding": "gzip",
        "content-language": "de",
    },
    {"colour": "grün", "empty": ""},
)


@pytest.fixture
def bucket(gcs: FakeGcs) -> storage.Bucket:
    return gcs.client().bucket(gcs.new_bucket())


# Three attempts: the emulator closes a connection after a 416 without saying so.
def opened(
    gcs: FakeGcs, bucket: str, threads: Threads, prefix: str = "", attempts: int = 3
) -> GcpUpstream:
    section = GcpSection(bucket=bucket, prefix=prefix or None, endpoint_url=gcs.url)
    return GcpUpstream(section, UpstreamSection(attempts=attempts), means(threads, Path()), {})


@pytest_twisted.async_yield_fixture
async def upstream(
    gcs: FakeGcs, bucket: storage.Bucket, threads: Threads
) -> AsyncIterator[GcpUpstream]:
    upstream = opened(gcs, bucket.name, threads, "store/")
    await upstream.start()
    yield upstream
    await upstream.stop()


async def stored(upstream: GcpUpstream, name: str, content: bytes) -> Piece:
    tag = await upstream.put(name, content, NOTHING)
    return Piece(name, tag, 0, len(content), len(content))


@pytest_twisted.ensureDeferred
async def test_it_provides_what_it_says(upstream: GcpUpstream) -> None:
    assert verifyObject(IUpstream, upstream)
    upload = await upstream.begin("x", upstream.part_bytes)
    assert verifyObject(IUpstreamUpload, upload)
    await upload.abort()


@pytest.mark.parametrize("size", [0, 1, 3 * MIB + 1])
@pytest_twisted.ensureDeferred
async def test_the_sdk_finds_what_was_put(
    upstream: GcpUpstream, bucket: storage.Bucket, size: int
) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    tag = await upstream.put("store/a", content, APPEARANCE)
    found = bucket.get_blob("store/a")
    assert found.download_as_bytes(raw_download=True) == content
    assert (found.content_type, found.cache_control) == ("text/plain; charset=utf-8", "max-age=60")
    assert found.content_disposition == 'attachment; filename="ü"'
    assert (found.content_encoding, found.content_language) == ("gzip", "de")
    assert found.metadata == {"colour": "grün", "empty": ""}
    assert str(found.generation) == tag


@pytest.mark.parametrize(
    "name", ["a//b", "/a", "a/", "a/../b", "a b+c%2F?x=1&y#z", "ünï😀", "a\x01b", "x" * 1024]
)
@pytest_twisted.ensureDeferred
async def test_any_name_that_fits_is_kept(
    upstream: GcpUpstream, bucket: storage.Bucket, name: str
) -> None:
    assert upstream.fits(name)
    await upstream.put(name, b"content", NOTHING)
    assert [each.name for each in bucket.list_blobs()] == [name]
    assert await read(upstream, name, 0, 7) == b"content"
    found = await upstream.look(name)
    assert found is not None
    assert found.name == name
    await upstream.delete([name])
    assert list(bucket.list_blobs()) == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a\nb", "a\rb", "x" * 1025, "ü" * 513, ".well-known/acme-challenge/x"]
)
@pytest_twisted.ensureDeferred
async def test_some_names_do_not_fit(upstream: GcpUpstream, name: str) -> None:
    assert not upstream.fits(name)


@pytest_twisted.ensureDeferred
async def test_any_range_is_read(upstream: GcpUpstream) -> None:
    content = bytes(range(251)) * 5000
    tag = await upstream.put("a", content, NOTHING)
    for offset, length in [(0, len(content)), (0, 1), (len(content) - 1, 1), (1000, MIB)]:
        found = await read(upstream, "a", offset, length, tag)
        assert found == content[offset : offset + length]


@pytest_twisted.ensureDeferred
async def test_compressed_content_comes_as_it_is_stored(upstream: GcpUpstream) -> None:
    await upstream.put("a", b"as it is", Appearance({"content-encoding": "gzip"}))
    assert await read(upstream, "a", 0, 8) == b"as it is"
    assert await read(upstream, "a", 3, 2) == b"it"


@pytest_twisted.ensureDeferred
async def test_what_is_not_there_cannot_be_read(upstream: GcpUpstream) -> None:
    await upstream.put("a", b"1234", NOTHING)
    for name, length in [("b", 1), ("a", 5)]:
        with pytest.raises(BlobMissing):
            await upstream.open(name, None, 0, length)
    for offset in (4, 100):
        with pytest.raises(RangeRefused):
            await upstream.open("a", None, offset, 1)


@pytest_twisted.ensureDeferred
async def test_what_was_replaced_is_noticed(upstream: GcpUpstream, bucket: storage.Bucket) -> None:
    tag = await upstream.put("a", b"mine", NOTHING)
    bucket.blob("a").upload_from_string(b"yours")
    with pytest.raises(BlobChanged):
        await upstream.open("a", tag, 0, 4)
    assert await read(upstream, "a", 0, 5) == b"yours"


@pytest.mark.parametrize("sizes", [[0], [MIB], [MIB, 5], [MIB, MIB], [MIB, 0]])
@pytest_twisted.ensureDeferred
async def test_large_objects_go_up_in_parts(
    upstream: GcpUpstream, bucket: storage.Bucket, sizes: list[int]
) -> None:
    parts = [bytes([number]) * size for number, size in enumerate(sizes)]
    upload = await upstream.begin("a", MIB)
    for part in parts:
        await upload.write(part)
    assert bucket.get_blob("a") is None
    tag = await upload.finish()
    await upload.abort()
    found = bucket.get_blob("a")
    assert found.download_as_bytes() == b"".join(parts)
    assert str(found.generation) == tag


@pytest_twisted.ensureDeferred
async def test_an_aborted_upload_leaves_nothing(
    upstream: GcpUpstream, bucket: storage.Bucket
) -> None:
    upload = await upstream.begin("a", MIB)
    await upload.write(b"x" * MIB)
    await upload.abort()
    await upload.abort()
    assert list(bucket.list_blobs()) == []


@pytest_twisted.ensureDeferred
async def test_looking_tells_everything(upstream: GcpUpstream, bucket: storage.Bucket) -> None:
    assert await upstream.look("a") is None
    tag = await upstream.put("a", b"content", APPEARANCE)
    found = await upstream.look("a")
    blob = bucket.get_blob("a")
    assert found == Standing(
        name="a",
        size_bytes=7,
        tag=tag,
        etag=hashlib.md5(b"content").hexdigest(),
        last_modified_ms=int(blob.updated.timestamp() * 1000),
        appearance=APPEARANCE,
    )


@pytest_twisted.ensureDeferred
async def test_walking_goes_by_names(
    upstream: GcpUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["p/a", "p/a b", "p/a/b", "p/é", "p/😀", "q"]
    for name in names:
        await upstream.put(name, b"1", NOTHING)
    assert [each.name for each in await walk(upstream, "p/")] == names[:5]
    assert [each.name for each in await walk(upstream, "p/", "p/a b")] == names[2:5]
    assert [each.name for each in await walk(upstream, "p/", "p/b")] == names[3:5]
    assert [each.name for each in await walk(upstream, "", "")] == names
    assert await walk(upstream, "x/") == []


@pytest_twisted.ensureDeferred
async def test_walking_goes_on_page_by_page(upstream: GcpUpstream) -> None:
    names = [f"p/{number:04}" for number in range(1003)]
    await upstream.put(names[0], b"1", NOTHING)
    # A copy each would take as long as an upload; the emulator composes faster.
    for name in names[1:]:
        await upstream.assemble(name, [Piece(names[0], None, 0, 1, 1)], NOTHING)
    assert [each.name for each in await walk(upstream, "p/")] == names


@pytest_twisted.ensureDeferred
async def test_deleting_what_is_not_there_is_no_error(upstream: GcpUpstream) -> None:
    names = [f"a{number}" for number in range(20)]
    for name in names[::2]:
        await upstream.put(name, b"1", NOTHING)
    await upstream.delete(names)
    await upstream.delete([])
    assert await walk(upstream, "") == []


@pytest_twisted.ensureDeferred
async def test_one_object_is_copied_whole(upstream: GcpUpstream) -> None:
    piece = await stored(upstream, "a", b"content")
    tag = await upstream.assemble("store/b/k", [piece], APPEARANCE)
    found = await upstream.look("store/b/k")
    assert found is not None
    assert (found.tag, found.appearance) == (tag, APPEARANCE)
    assert await read(upstream, "store/b/k", 0, 7, tag) == b"content"


@pytest_twisted.ensureDeferred
async def test_several_objects_are_composed(upstream: GcpUpstream) -> None:
    pieces = [await stored(upstream, f"a{number}", b"%d," % number) for number in range(3)]
    tag = await upstream.assemble("k", pieces, APPEARANCE)
    found = await upstream.look("k")
    assert found is not None
    assert found.tag == tag
    # The emulator does not know contentDisposition, contentEncoding and contentLanguage here.
    assert found.appearance.user_metadata == APPEARANCE.user_metadata
    assert found.appearance.headers["content-type"] == "text/plain; charset=utf-8"
    assert await read(upstream, "k", 0, 6, tag) == b"0,1,2,"


@pytest_twisted.ensureDeferred
async def test_more_than_32_are_composed_in_a_chain(upstream: GcpUpstream) -> None:
    pieces = [await stored(upstream, f"a{number % 7}", b"%d" % (number % 7)) for number in range(7)]
    many = [pieces[number % 7] for number in range(1060)]
    await upstream.assemble("k", many, NOTHING)
    expected = b"".join(b"%d" % (number % 7) for number in range(1060))
    assert await read(upstream, "k", 0, len(expected)) == expected
    assert await walk(upstream, "store/") == []


@pytest_twisted.ensureDeferred
async def test_stretches_of_objects_are_assembled(upstream: GcpUpstream) -> None:
    content = bytes(range(251)) * (5 * MIB // 251)
    whole = await stored(upstream, "a", content)
    size = len(content)
    pieces = [
        Piece("a", whole.tag, 3, 10, size),
        Piece("a", whole.tag, 5, 0, size),
        Piece("a", whole.tag, 1, size - 1, size),
        whole,
    ]
    tag = await upstream.assemble("k", pieces, NOTHING)
    expected = content[3:13] + content[1:] + content
    assert await read(upstream, "k", 0, len(expected), tag) == expected
    assert await walk(upstream, "store/") == []


@pytest_twisted.ensureDeferred
async def test_an_object_of_nothing_is_empty(upstream: GcpUpstream) -> None:
    await upstream.assemble("k", [], APPEARANCE)
    found = await upstream.look("k")
    assert found is not None
    assert (found.size_bytes, found.appearance) == (0, APPEARANCE)


@pytest_twisted.ensureDeferred
async def test_what_is_not_there_cannot_be_copied(upstream: GcpUpstream) -> None:
    piece = await stored(upstream, "a", b"content")
    for source in [Piece("b", None, 0, 7, 7), Piece("a", "1", 0, 7, 7), Piece("b", None, 1, 2, 7)]:
        with pytest.raises(BlobMissing):
            await upstream.assemble("k", [source], NOTHING)
    with pytest.raises(BlobMissing):
        await upstream.assemble("k", [piece, Piece("b", None, 1, 2, 7)], NOTHING)
    assert [each.name for each in await walk(upstream, "")] == ["a"]


@pytest_twisted.ensureDeferred
async def test_strays_are_found_by_their_age(upstream: GcpUpstream) -> None:
    for name in ["store/.bleepstore/composing/1", "store/.bleepstore/blobs/2", "store/b/k"]:
        await upstream.put(name, b"1", NOTHING)
    assert await upstream.abort_strays("store/", 1000) == 0
    assert await upstream.abort_strays("store/.bleepstore/blobs/2", None) == 0
    assert await upstream.abort_strays("store/", None) == 1
    assert len(await walk(upstream, "store/")) == 2


@pytest_twisted.ensureDeferred
async def test_a_cancelled_assembly_can_be_made_again(upstream: GcpUpstream) -> None:
    from twisted.internet.defer import CancelledError, Deferred

    whole = await stored(upstream, "a", b"x" * (6 * MIB))
    piece = Piece("a", whole.tag, 1, 5 * MIB, whole.length)
    assembling = Deferred.fromCoroutine(upstream.assemble("k", [piece, piece, piece], NOTHING))
    await deferLater(reactor, 0.05)
    assembling.cancel()
    with pytest.raises(CancelledError):
        await assembling
    assert await upstream.look("k") is None
    await upstream.assemble("k", [piece], NOTHING)


@pytest_twisted.ensureDeferred
async def test_a_bucket_that_is_not_there_is_named(gcs: FakeGcs, threads: Threads) -> None:
    upstream = opened(gcs, "no-such-bucket", threads)
    with pytest.raises(ConfigError) as caught:
        await upstream.start()
    assert caught.value.key_path == "storage.gcp.bucket"
    assert "there is no bucket no-such-bucket" in str(caught.value)
    await upstream.stop()


def test_a_bucket_has_to_be_named(threads: Threads) -> None:
    with pytest.raises(ConfigError, match=r"storage\.gcp\.bucket"):
        GcpUpstream(GcpSection(), UpstreamSection(), means(threads, Path()), {})


@pytest_twisted.ensureDeferred
async def test_conditions_that_the_emulator_ignores(upstream: GcpUpstream) -> None:
    """Google leaves an object alone whose generation is another one; this emulator does not."""
    await upstream.put("a", b"1", NOTHING)
    await upstream.delete_if("a", "1")
    assert await upstream.look("a") is None
    await upstream.delete_if("a", "1")


@pytest_twisted.ensureDeferred
async def test_generations_that_the_emulator_keeps(upstream: GcpUpstream) -> None:
    """Google gives what is composed anew under a name a new generation; this emulator does not."""
    pieces = [await stored(upstream, f"a{number}", b"1") for number in range(2)]
    first = await upstream.assemble("k", pieces, NOTHING)
    assert await upstream.assemble("k", pieces[::-1], NOTHING) == first
    # What a single object is made into has a new one.
    assert await upstream.assemble("k", pieces[:1], NOTHING) != first
