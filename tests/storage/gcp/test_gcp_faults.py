"""What becomes of a Google Cloud Storage that fails, throttles, refuses, or gives wrong bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from awscrt.checksums import crc32c
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from bleepstore.config.gateways import GcpSection, UpstreamSection
from bleepstore.errors import (
    BlobChanged,
    BlobMissing,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamRefused,
)
from bleepstore.storage.gcp.upstream import GcpUpstream
from bleepstore.storage.remote.upstream import IUpstreamUpload, Piece
from bleepstore.streams.threads import Threads
from bleepstore.values import Appearance
from tests.storage.backing import means
from tests.storage.remote.misbehaving import Act, Misbehaving, later, resets, says, stalls
from tests.streams.gathering import Gathering

KIB = 1024
PART = bytes(range(256)) * 4 * KIB
TAIL = b"and the rest"
SECTION = UpstreamSection(attempts=3, max_backoff_seconds=0.01, silence_timeout_seconds=5)


@pytest_twisted.async_yield_fixture
async def google() -> AsyncIterator[Misbehaving]:
    async with Misbehaving() as started:
        yield started


@pytest_twisted.async_yield_fixture
async def upstream(google: Misbehaving, threads: Threads) -> AsyncIterator[GcpUpstream]:
    section = GcpSection(bucket="b", project="payer", endpoint_url=google.url)
    upstream = GcpUpstream(section, SECTION, means(threads, Path()), {})
    yield upstream
    await upstream.stop()


def checksum(content: bytes) -> str:
    return base64.b64encode(crc32c(content).to_bytes(4, "big")).decode()


def document(status: int = 200, **content: Any) -> Act:
    return says(status, json.dumps(content).encode())


def made(content: bytes, generation: str = "7") -> Act:
    return document(generation=generation, size=str(len(content)), crc32c=checksum(content))


def error(status: int, reason: str, message: str) -> Act:
    return document(
        status, error={"code": status, "message": message, "errors": [{"reason": reason}]}
    )


def has(count: int) -> Act:
    """An upload of which so many bytes are safe."""
    return says(308, b"", f"Range: bytes=0-{count - 1}") if count else says(308)


def content_ranges(google: Misbehaving) -> list[str]:
    heads = [each.partition(b"\r\n\r\n")[0].decode("latin-1") for each in google.requests]
    lines = [line.partition(": ") for head in heads for line in head.split("\r\n")]
    return [value for name, _, value in lines if name.lower() == "content-range"]


async def begun(google: Misbehaving, upstream: GcpUpstream) -> IUpstreamUpload:
    google.acts = [says(200, b"", f"Location: {google.url}/session?upload_id=1")]
    upload: IUpstreamUpload = await upstream.begin("a", len(PART))
    return upload


@pytest.mark.parametrize("failing", [resets, says(500), says(502), says(504), says(408)])
@pytest_twisted.ensureDeferred
async def test_a_chunk_that_fails_goes_on_where_it_is_safe(
    google: Misbehaving, upstream: GcpUpstream, failing: Act
) -> None:
    upload = await begun(google, upstream)
    google.acts = [failing, has(256 * KIB), has(768 * KIB), has(len(PART)), made(PART + TAIL)]
    await upload.write(PART)
    await upload.write(TAIL)
    assert await upload.finish() == "7"
    size = len(PART + TAIL)
    assert content_ranges(google) == [
        f"bytes 0-{len(PART) - 1}/*",
        "bytes */*",
        f"bytes {256 * KIB}-{len(PART) - 1}/*",
        f"bytes {768 * KIB}-{len(PART) - 1}/*",
        f"bytes {len(PART)}-{size - 1}/{size}",
    ]
    assert google.requests[3].endswith(PART[256 * KIB :])


@pytest_twisted.ensureDeferred
async def test_the_end_of_an_upload_is_known_though_its_answer_is_lost(
    google: Misbehaving, upstream: GcpUpstream
) -> None:
    upload = await begun(google, upstream)
    google.acts = [has(len(PART)), resets, made(PART + TAIL)]
    await upload.write(PART)
    await upload.write(TAIL)
    assert await upload.finish() == "7"
    assert content_ranges(google)[-1] == f"bytes */{len(PART + TAIL)}"


@pytest_twisted.ensureDeferred
async def test_an_upload_of_whole_chunks_is_ended_by_its_size(
    google: Misbehaving, upstream: GcpUpstream
) -> None:
    upload = await begun(google, upstream)
    google.acts = [has(len(PART)), made(PART)]
    await upload.write(PART)
    await upload.finish()
    assert content_ranges(google)[-1] == f"bytes */{len(PART)}"


@pytest_twisted.ensureDeferred
async def test_an_upload_that_does_not_get_on_fails(
    google: Misbehaving, upstream: GcpUpstream
) -> None:
    upload = await begun(google, upstream)
    google.acts = [has(0), resets, has(0), has(0)]
    with pytest.raises(UpstreamFailed, match="no more of it arrives"):
        await upload.write(PART)


@pytest.mark.parametrize("lost", [says(404), says(410), has(len(PART) * 2)])
@pytest_twisted.ensureDeferred
async def test_an_upload_that_google_has_lost_fails(
    google: Misbehaving, upstream: GcpUpstream, lost: Act
) -> None:
    upload = await begun(google, upstream)
    google.acts = [lost]
    with pytest.raises(UpstreamFailed):
        await upload.write(PART)


@pytest_twisted.ensureDeferred
async def test_what_google_has_wrong_is_removed(google: Misbehaving, upstream: GcpUpstream) -> None:
    upload = await begun(google, upstream)
    google.acts = [made(b"and the rust"), says(499), says(204)]
    await upload.write(TAIL)
    with pytest.raises(UpstreamFailed, match="not what was sent"):
        await upload.finish()
    await upload.abort()
    await upload.abort()
    methods = [request.split(b" ")[0] for request in google.requests]
    assert methods == [b"POST", b"PUT", b"DELETE", b"DELETE"]
    assert google.targets[-1] == b"/storage/v1/b/b/o/a?userProject=payer"


@pytest_twisted.ensureDeferred
async def test_a_small_object_says_its_checksum(google: Misbehaving, upstream: GcpUpstream) -> None:
    google.acts = [made(TAIL), made(b"and the rust"), error(400, "invalid", "Provided CRC32C")]
    await upstream.put("a", TAIL, Appearance())
    assert f'"crc32c": "{checksum(TAIL)}"'.encode() in google.requests[0]
    for _ in range(2):
        with pytest.raises(UpstreamFailed):
            await upstream.put("a", TAIL, Appearance())


@pytest_twisted.ensureDeferred
async def test_a_copy_goes_on_until_it_is_done(google: Misbehaving, upstream: GcpUpstream) -> None:
    google.acts = [
        document(done=False, rewriteToken="first"),
        says(503),
        document(done=False, rewriteToken="two/2"),
        document(done=True, resource={"generation": "9"}),
    ]
    assert await upstream.assemble("k/1", [Piece("a/1", "3", 0, 5, 5)], Appearance()) == "9"
    path = b"/storage/v1/b/b/o/a%2F1/rewriteTo/b/b/o/k%2F1?sourceGeneration=3"
    assert all(target.startswith(path) for target in google.targets)
    tokens = [b"rewriteToken=first" in target for target in google.targets]
    assert tokens == [False, True, True, False]
    assert b"rewriteToken=two%2F2&" in google.targets[3]


@pytest_twisted.ensureDeferred
async def test_states_are_part_of_what_is_asked(google: Misbehaving, upstream: GcpUpstream) -> None:
    google.acts = [document(generation="9"), error(412, "conditionNotMet", "no")]
    pieces = [Piece("a", "3", 0, 5, 5), Piece("c", None, 0, 1, 1)]
    appearance = Appearance({"content-type": "text/plain"}, {"colour": "red"})
    assert await upstream.assemble("k", pieces, appearance) == "9"
    asked = json.loads(google.requests[0].partition(b"\r\n\r\n")[2])
    assert asked["sourceObjects"] == [{"name": "a", "generation": "3"}, {"name": "c"}]
    assert asked["destination"] == {"contentType": "text/plain", "metadata": {"colour": "red"}}
    await upstream.delete_if("a", "3")
    assert google.targets[1] == b"/storage/v1/b/b/o/a?ifGenerationMatch=3&userProject=payer"


@pytest.mark.parametrize("status", [404, 412])
@pytest_twisted.ensureDeferred
async def test_pieces_that_are_gone_are_missing(
    google: Misbehaving, upstream: GcpUpstream, status: int
) -> None:
    google.acts = [error(status, "notFound", "No such object")]
    pieces = [Piece("a", "3", 0, 5, 5), Piece("c", "1", 0, 1, 1)]
    with pytest.raises(BlobMissing):
        await upstream.assemble("k", pieces, Appearance())


NO_BUCKET = error(404, "notFound", "The specified bucket does not exist.")


@pytest.mark.parametrize("act", [NO_BUCKET, says(404), says(404, b"<html>page not found")])
@pytest_twisted.ensureDeferred
async def test_nothing_counts_as_absent_while_the_bucket_is(
    google: Misbehaving, upstream: GcpUpstream, act: Act
) -> None:
    google.otherwise = act
    for doing in (
        upstream.look("a"),
        upstream.open("a", "3", 0, 5),
        upstream.assemble("k", [Piece("a", "3", 0, 5, 5)], Appearance()),
        upstream.delete(["a"]),
        upstream.delete_if("a", "3"),
        anext(upstream.walk("", "")),
    ):
        with pytest.raises(UpstreamFailed, match="404"):
            await doing


@pytest_twisted.ensureDeferred
async def test_an_object_is_absent_if_google_says_so_or_the_bucket_is_there(
    google: Misbehaving, upstream: GcpUpstream
) -> None:
    google.acts = [error(404, "notFound", "No such object: b/a"), says(404), document(kind="x")]
    assert await upstream.look("a") is None
    assert len(google.requests) == 1
    with pytest.raises(BlobMissing):
        await upstream.open("a", "3", 0, 5)
    assert google.targets[2].startswith(b"/storage/v1/b/b/o?maxResults=1&")


@pytest_twisted.ensureDeferred
async def test_another_state_is_not_read(google: Misbehaving, upstream: GcpUpstream) -> None:
    google.acts = [error(412, "conditionNotMet", "At least one of the pre-conditions")]
    with pytest.raises(BlobChanged):
        await upstream.open("a", "3", 0, 5)
    assert b"ifGenerationMatch=3" in google.targets[0]


def download(content: bytes, sum_: str) -> Act:
    headers = [
        f"Content-Range: bytes 0-{len(content) - 1}/{len(content)}",
        f"X-Goog-Hash: crc32c={sum_},md5=XrY7u+Ae7tCTyyK7j1rNww==",
        "X-Goog-Generation: 3",
    ]
    return says(206, content, *headers)


@pytest.mark.parametrize("size", [5, 3 * KIB * KIB])
@pytest_twisted.ensureDeferred
async def test_wrong_bytes_never_make_a_whole_object(
    google: Misbehaving, upstream: GcpUpstream, size: int
) -> None:
    content = b"x" * size
    google.acts = [download(content, checksum(content)), download(content, checksum(b"other"))]
    for is_right in (True, False):
        producer = await upstream.open("a", "3", 0, size)
        consumer = Gathering()
        if is_right:
            await producer.startProducing(consumer)
            assert consumer.data == content
        else:
            with pytest.raises(UpstreamFailed):
                await producer.startProducing(consumer)
            assert len(consumer.data) < size


@pytest_twisted.ensureDeferred
async def test_an_answer_without_the_range_is_no_answer(
    google: Misbehaving, upstream: GcpUpstream
) -> None:
    google.acts = [says(200, b"whole"), says(206, b"hol", "Content-Range: bytes 0-2/5")]
    for _ in range(2):
        with pytest.raises(UpstreamFailed):
            await upstream.open("a", None, 1, 3)


@pytest.mark.parametrize(
    ("act", "expected", "words"),
    [
        (error(403, "forbidden", "x lacks storage.objects.get"), UpstreamRefused, "objects.get"),
        (error(401, "authError", "Invalid Credentials"), UpstreamRefused, "Invalid Credentials"),
        (error(403, "rateLimitExceeded", "slower"), UpstreamBusy, "slower"),
        (error(429, "rateLimitExceeded", "slower"), UpstreamBusy, "429"),
        (error(503, "backendError", "later"), UpstreamBusy, "503"),
        (error(500, "backendError", "later"), UpstreamFailed, "500"),
        (says(400, b"<html>nonsense"), UpstreamFailed, "nonsense"),
        (says(200, b"[]"), UpstreamFailed, "not a JSON object"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_each_error_has_its_meaning(
    google: Misbehaving,
    upstream: GcpUpstream,
    act: Act,
    expected: type[UpstreamFailed],
    words: str,
) -> None:
    google.otherwise = act
    with pytest.raises(UpstreamFailed, match=words) as caught:
        await upstream.look("a")
    assert type(caught.value) is expected


@pytest_twisted.ensureDeferred
async def test_a_composite_object_has_an_etag_of_its_own(
    google: Misbehaving, upstream: GcpUpstream
) -> None:
    standing: dict[str, Any] = {
        "name": "a",
        "size": "1",
        "updated": "2026-01-02T03:04:05.678Z",
        "etag": "CJ==",
    }
    google.acts = [document(**standing, generation="7"), document(**standing, generation="8")]
    first, second = await upstream.look("a"), await upstream.look("a")
    assert first is not None
    assert second is not None
    assert first.etag != second.etag
    assert first.last_modified_ms == 1767323045678


REWRITTEN = document(done=True, resource={"generation": "7"})
COMPOSED = document(generation="7")
ONE = Piece("x", "1", 0, 3, 3)


@pytest.mark.parametrize(("pieces", "answer"), [([ONE], REWRITTEN), ([ONE, ONE], COMPOSED)])
@pytest_twisted.ensureDeferred
async def test_copies_have_a_time_limit_of_their_own(
    google: Misbehaving, threads: Threads, pieces: list[Piece], answer: Act
) -> None:
    own = GcpSection(bucket="b", project="payer", endpoint_url=google.url)
    patient = UpstreamSection(attempts=1, silence_timeout_seconds=0.2, copy_timeout_seconds=30)
    upstream = GcpUpstream(own, patient, means(threads, Path()), {})
    google.acts = [later(0.5, answer)]
    assert await upstream.assemble("a", pieces, Appearance()) == "7"
    await upstream.stop()
    hasty = UpstreamSection(attempts=1, copy_timeout_seconds=0.2)
    upstream = GcpUpstream(own, hasty, means(threads, Path()), {})
    google.acts = [stalls]
    copying = Deferred.fromCoroutine(upstream.assemble("a", pieces, Appearance()))
    with pytest.raises(UpstreamFailed):
        await copying.addTimeout(20, reactor)
    await upstream.stop()
