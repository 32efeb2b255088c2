"""The aws upstream against a second BleepStore and moto, with Amazon's own SDK looking on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from bleepstore.config.gateways import AwsSection, UpstreamSection
from bleepstore.errors import BlobChanged, BlobMissing, ConfigError, RangeRefused, UpstreamFailed
from bleepstore.storage.aws.multipart import MultipartUpload
from bleepstore.storage.aws.upstream import AwsUpstream
from bleepstore.storage.remote.gathered import gathered
from bleepstore.storage.remote.stream import Stream
from bleepstore.storage.remote.upstream import Piece
from bleepstore.streams.threads import Threads
from bleepstore.values import Appearance
from tests.storage.backing import means
from tests.storage.remote.reading import NAMES, read, some_bytes, walk
from tests.upstreams import s3

MIB = 1024 * 1024
PLAIN = Appearance()
APPEARANCE = Appearance(
    {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "max-age=60",
        "content-encoding": "gzip",
        "content-language": "de",
        "content-disposition": 'attachment; filename="a.txt"',
        "expires": "Thu, 01 Dec 1994 16:00:00 GMT",
    },
    {"plain": "as it is", "with-hyphen": "Grüße 🪣"},
)


@pytest.mark.parametrize("name", [*NAMES, "folder/"])
@pytest_twisted.ensureDeferred
async def test_a_name_is_the_same_to_everybody(
    upstream: AwsUpstream, client: Any, bucket: str, name: str
) -> None:
    assert upstream.fits(name)
    tag = await upstream.put(name, b"content", PLAIN)
    found = client.get_object(Bucket=bucket, Key=name)
    assert (found["Body"].read(), found["ETag"]) == (b"content", f'"{tag}"')
    assert [each.name for each in await walk(upstream, name)] == [name]
    standing = await upstream.look(name)
    assert standing is not None
    assert (standing.tag, standing.size_bytes) == (tag, 7)
    whole = Piece(name, tag, 0, 7, 7)
    await upstream.assemble("copy", [whole], PLAIN)
    assert await read(upstream, "copy", 0, 7) == b"content"
    await upstream.delete([name])
    assert await upstream.look(name) is None


@pytest.mark.parametrize("name", ["", "x" * 1025, "ü" * 513, "a/../b", ".", "a/.", "a\nb", "\x7f"])
@pytest_twisted.ensureDeferred
async def test_names_that_do_not_fit(upstream: AwsUpstream, name: str) -> None:
    assert not upstream.fits(name)


@pytest_twisted.ensureDeferred
async def test_appearances_come_back(upstream: AwsUpstream, client: Any, bucket: str) -> None:
    await upstream.put("object", b"content", APPEARANCE)
    standing = await upstream.look("object")
    assert standing is not None
    assert standing.appearance == APPEARANCE
    found = client.head_object(Bucket=bucket, Key="object")
    assert found["ContentType"] == "text/plain; charset=utf-8"
    assert found["Metadata"]["plain"] == "as it is"
    # Nobody decompresses what is stored compressed.
    assert await read(upstream, "object", 0, 7) == b"content"


@pytest_twisted.ensureDeferred
async def test_stretches(upstream: AwsUpstream) -> None:
    data = some_bytes(3 * MIB)
    tag = await upstream.put("object", data, PLAIN)
    for offset, length in [(0, len(data)), (0, 1), (len(data) - 1, 1), (MIB, MIB)]:
        assert await read(upstream, "object", offset, length, tag) == data[offset : offset + length]
    with pytest.raises(BlobMissing) as caught:
        await upstream.open("object", tag, 0, len(data) + 1)
    assert not isinstance(caught.value, BlobChanged)
    with pytest.raises(RangeRefused):
        await upstream.open("object", tag, len(data), 1)
    with pytest.raises(BlobMissing):
        await upstream.open("nothing", None, 0, 1)


@pytest_twisted.ensureDeferred
async def test_another_state_is_not_read(upstream: AwsUpstream) -> None:
    tag = await upstream.put("object", b"old", PLAIN)
    await upstream.put("object", b"new", PLAIN)
    with pytest.raises(BlobChanged):
        await upstream.open("object", tag, 0, 3)


@pytest_twisted.ensureDeferred
async def test_another_state_is_not_copied(upstream: AwsUpstream, service: s3.Upstream) -> None:
    if isinstance(service, s3.Moto):
        pytest.skip("moto does not look at the conditions of copies")
    old = await upstream.put("object", b"old", PLAIN)
    await upstream.put("object", b"new", PLAIN)
    with pytest.raises(BlobMissing):
        await upstream.assemble("copy", [Piece("object", old, 0, 3, 3)], PLAIN)
    assert await upstream.look("copy") is None


@pytest_twisted.ensureDeferred
async def test_an_object_in_parts(upstream: AwsUpstream, client: Any, bucket: str) -> None:
    data = some_bytes(5 * MIB + 1)
    upload = await upstream.begin("object", 5 * MIB)
    await upload.write(data[: 5 * MIB])
    await upload.write(data[5 * MIB :])
    assert await upstream.look("object") is None
    tag = await upload.finish()
    await upload.abort()  # no effect any more
    assert tag.endswith("-2")
    assert await read(upstream, "object", 0, len(data), tag) == data


@pytest_twisted.ensureDeferred
async def test_an_upload_is_aborted_twice(upstream: AwsUpstream, client: Any, bucket: str) -> None:
    upload = await upstream.begin("object", 5 * MIB)
    await upload.write(b"x")
    for _ in range(2):
        await upload.abort()
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


@pytest_twisted.ensureDeferred
async def test_a_lost_answer_to_the_end_is_made_up_for(upstream: AwsUpstream) -> None:
    upload = await upstream.begin("object", 5 * MIB)
    await upload.write(b"x")
    tag = await upload.finish()
    assert isinstance(upload, MultipartUpload)
    upload._is_over = False
    assert await upload.finish() == tag


ASSEMBLIES = [
    [],
    [("small", 0, 10)],
    [("small", 0, 4), ("small", 6, 4), ("large", 0, 1)],
    [("large", 0, 13 * MIB)],
    [("large", 1, 6 * MIB)],
    [("large", 1, 12 * MIB)],
    [("small", 0, 10), ("large", 0, 13 * MIB), ("small", 0, 10)],
    [("large", 0, 5 * MIB), ("small", 2, 3), ("small", 0, 1), ("large", 7 * MIB, 6 * MIB)],
    [("small", number % 9, 1) for number in range(500)],
]


@pytest.mark.parametrize("stretches", ASSEMBLIES)
@pytest_twisted.ensureDeferred
async def test_assembling(upstream: AwsUpstream, stretches: list[tuple[str, int, int]]) -> None:
    sources = {"small": some_bytes(10), "large": some_bytes(13 * MIB)}
    tags = {name: await upstream.put(name, data, PLAIN) for name, data in sources.items()}
    pieces = [
        Piece(name, tags[name], offset, length, len(sources[name]))
        for name, offset, length in stretches
    ]
    tag = await upstream.assemble("object", pieces, APPEARANCE)
    standing = await upstream.look("object")
    assert standing is not None
    assert (standing.tag, standing.appearance) == (tag, APPEARANCE)
    expected = b"".join(sources[name][start : start + size] for name, start, size in stretches)
    assert standing.size_bytes == len(expected)
    if expected:
        assert await read(upstream, "object", 0, len(expected), tag) == expected


@implementer(IBodyProducer)
class TurnedAround:
    """A body that is changed on its way."""

    def __init__(self, body: IBodyProducer) -> None:
        self.length = body.length
        self._body = body

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        return Deferred.fromCoroutine(self._produce(consumer))

    async def _produce(self, consumer: IConsumer) -> None:
        consumer.write((await gathered(self._body))[::-1])

    def pauseProducing(self) -> None:
        """It is short."""

    def resumeProducing(self) -> None:
        """It is short."""

    def stopProducing(self) -> None:
        self._body.stopProducing()


@pytest.mark.parametrize("size", [10, 6 * MIB])
@pytest_twisted.ensureDeferred
async def test_a_stretch_that_comes_here_wrong_makes_no_object(
    upstream: AwsUpstream, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = some_bytes(size)
    pieces = [Piece("source", await upstream.put("source", source, PLAIN), 1, 5, size)]
    await upstream.put("large", some_bytes(5 * MIB), PLAIN)
    pieces += [Piece("large", None, 0, 5 * MIB, 5 * MIB), evolve(pieces[0], offset=3)]
    producer = Stream.producer

    lengths = {5, 10}

    def wrong(stream: Stream, length: int) -> IBodyProducer:
        """The first time only."""
        right = producer(stream, length)
        if length not in lengths:
            return right
        lengths.clear()
        return TurnedAround(right)

    with monkeypatch.context() as patched:
        patched.setattr(Stream, "producer", wrong)
        with pytest.raises(UpstreamFailed):
            await upstream.assemble("object", pieces, PLAIN)
    assert await upstream.look("object") is None
    await upstream.assemble("object", pieces, PLAIN)
    expected = source[1:6] + some_bytes(5 * MIB) + source[3:8]
    assert await read(upstream, "object", 0, len(expected)) == expected


@pytest_twisted.ensureDeferred
async def test_what_cannot_be_assembled_leaves_no_upload(
    upstream: AwsUpstream, service: s3.Upstream, client: Any, bucket: str
) -> None:
    tag = await upstream.put("there", some_bytes(9 * MIB), PLAIN)
    pieces = [Piece("there", tag, 0, 6 * MIB, 9 * MIB), Piece("gone", None, 0, 6 * MIB, 6 * MIB)]
    with pytest.raises(BlobMissing):
        await upstream.assemble("object", pieces, PLAIN)
    assert await upstream.look("object") is None
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


@pytest_twisted.ensureDeferred
async def test_many_names_are_deleted_and_walked(upstream: AwsUpstream) -> None:
    names = [f"n/{number:04} &+" for number in range(1_050)]

    async def put(name: str) -> None:
        await upstream.put(name, b"x", PLAIN)

    await gatherResults([Deferred.fromCoroutine(put(name)) for name in names])
    await upstream.put("other", b"x", PLAIN)
    assert [each.name for each in await walk(upstream, "n/")] == names
    assert [each.name for each in await walk(upstream, "n/", names[-3])] == names[-2:]
    found = (await walk(upstream, "other"))[0]
    assert found.size_bytes == 1
    assert found.last_modified_ms > 0
    await upstream.delete([*names, "never there"])
    assert [each.name for each in await walk(upstream, "")] == ["other"]


@pytest_twisted.ensureDeferred
async def test_deleting_what_has_changed_is_left(upstream: AwsUpstream) -> None:
    old = await upstream.put("object", b"old", PLAIN)
    new = await upstream.put("object", b"new", PLAIN)
    await upstream.delete_if("object", old)
    assert await upstream.look("object") is not None
    await upstream.delete_if("object", new)
    await upstream.delete_if("object", new)
    assert await upstream.look("object") is None


@pytest_twisted.ensureDeferred
async def test_strays_are_aborted(upstream: AwsUpstream, client: Any, bucket: str) -> None:
    for name in ("a&b", "a b+", "other"):
        await (await upstream.begin(name, 5 * MIB)).write(b"x")
    assert await upstream.abort_strays("a", 1) == 0
    assert await upstream.abort_strays("a", 2**50) == 2
    assert await upstream.abort_strays("other", None) == 1
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


@pytest_twisted.ensureDeferred
async def test_only_our_own_strays_are_aborted_under_natural_names(
    upstream: AwsUpstream, client: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = await upstream.put("source", some_bytes(12 * MIB), PLAIN)
    pieces = [Piece("source", tag, start, 5 * MIB, 12 * MIB) for start in (0, 7 * MIB)]
    theirs = client.create_multipart_upload(Bucket=bucket, Key="photos/a")["UploadId"]

    async def die(*arguments: object) -> None:
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr(MultipartUpload, "finish", die)
        patched.setattr(MultipartUpload, "abort", die)
        with pytest.raises(BrokenPipeError):
            await upstream.assemble("photos/a", pieces, PLAIN)
    notes = await walk(upstream, "store/.bleepstore/")
    assert [each.name.rpartition("/")[0] for each in notes] == ["store/.bleepstore/assembling"]
    assert await upstream.abort_strays("store/.bleepstore/blobs/1", None) == 0
    assert await upstream.abort_strays("store/.bleepstore/", 1) == 0
    assert await upstream.abort_strays("store/.bleepstore/", 2**50) == 1
    left = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [each["UploadId"] for each in left] == [theirs]
    await upstream.assemble("photos/a", pieces, PLAIN)
    assert await walk(upstream, "store/.bleepstore/") == []


@pytest_twisted.ensureDeferred
async def test_an_upload_of_which_nobody_has_heard_is_ended_when_it_is_old(
    upstream: AwsUpstream,
    service: s3.Upstream,
    client: Any,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer was lost, or the process died before it had it."""
    if service is s3.moto():
        pytest.skip("moto says that every upload was begun in 2010")
    tag = await upstream.put("source", some_bytes(12 * MIB), PLAIN)
    pieces = [Piece("source", tag, start, 5 * MIB, 12 * MIB) for start in (0, 7 * MIB)]
    begin = MultipartUpload.begin

    async def lose_answer(*arguments: Any, **named: Any) -> None:
        await begin(*arguments, **named)
        raise UpstreamFailed("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(MultipartUpload, "begin", lose_answer)
        with pytest.raises(UpstreamFailed):
            await upstream.assemble("photos/a", pieces, PLAIN)
    theirs = client.create_multipart_upload(Bucket=bucket, Key="photos/ab")["UploadId"]
    await upstream.assemble("photos/a", pieces, PLAIN)
    assert await upstream.abort_strays("store/.bleepstore/", 1) == 0
    assert await upstream.abort_strays("store/.bleepstore/", 2**50) == 1
    left = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [each["UploadId"] for each in left] == [theirs]
    assert await walk(upstream, "store/.bleepstore/") == []


def broken(
    service: s3.Upstream, threads: Threads, folder: Path, settings: dict[str, str]
) -> AwsUpstream:
    given: Any = {**service.settings("replaced"), **settings}
    quick = UpstreamSection(attempts=1, connect_timeout_seconds=1)
    return AwsUpstream(AwsSection(**given), quick, means(threads, folder), {})


@pytest.mark.parametrize(
    ("settings", "key", "words"),
    [
        ({"bucket": "nobody-has-this"}, "bucket", "exists"),
        ({"endpoint_url": "http://127.0.0.1:1"}, "endpoint_url", "refused"),
        ({"access_key_id": "AKIANOBODY"}, "access_key_id", "storage.aws.access_key_id"),
        ({"secret_access_key": "wrong"}, "access_key_id", "secret"),
        ({"region": "eu-west-3"}, "region", "region"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_what_an_operator_has_to_mend_is_named(
    service: s3.Upstream,
    bucket: str,
    threads: Threads,
    tmp_path: Path,
    settings: dict[str, str],
    key: str,
    words: str,
) -> None:
    if service is s3.moto() and key in ("access_key_id", "region"):
        pytest.skip("moto verifies no signatures")
    upstream = broken(service, threads, tmp_path, {"bucket": bucket, **settings})
    with pytest.raises(ConfigError, match=words) as caught:
        await upstream.start()
    assert caught.value.key_path == f"storage.aws.{key}"
    assert "alice/secret" not in str(caught.value)
    await upstream.stop()
