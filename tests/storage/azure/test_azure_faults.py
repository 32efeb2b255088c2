"""What becomes of an Azure that fails, throttles, refuses, or gives wrong bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from bleepstore.config.gateways import AzureSection, UpstreamSection
from bleepstore.errors import (
    BlobChanged,
    BlobMissing,
    ConfigError,
    RangeRefused,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamRefused,
)
from bleepstore.storage.azure.upstream import AzureUpstream
from bleepstore.storage.remote.upstream import Piece
from bleepstore.streams.threads import Threads
from bleepstore.values import Appearance
from tests.storage.backing import means
from tests.storage.remote.misbehaving import (
    Act,
    Conversation,
    Misbehaving,
    later,
    resets,
    says,
    stalls,
)
from tests.streams.gathering import Gathering

SECTION = UpstreamSection(
    attempts=3, max_backoff_seconds=0.01, silence_timeout_seconds=0.5, copy_timeout_seconds=0.5
)
MADE = says(201, b"", 'ETag: "0x1"')
KIB = 1024


@pytest_twisted.async_yield_fixture
async def azure() -> AsyncIterator[Misbehaving]:
    async with Misbehaving() as started:
        yield started


def gateway(
    azure: Misbehaving,
    threads: Threads,
    environment: Mapping[str, str] | None = None,
    section: UpstreamSection = SECTION,
    **settings: object,
) -> AzureUpstream:
    own = AzureSection(container="c", account="acme", endpoint_url=azure.url, **settings)  # type: ignore[arg-type]
    return AzureUpstream(own, section, means(threads, Path()), environment or {})


@pytest_twisted.async_yield_fixture
async def upstream(azure: Misbehaving, threads: Threads) -> AsyncIterator[AzureUpstream]:
    upstream = gateway(azure, threads, sas_token="sv=2021&sig=secret")
    yield upstream
    await upstream.stop()


def refuses(status: int, code: str) -> Act:
    return says(status, b"<Error/>", f"x-ms-error-code: {code}")


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def delivers(content: bytes, offset: int, total: int, *headers: str) -> Act:
    last = offset + len(content) - 1
    return says(206, content, f"Content-Range: bytes {offset}-{last}/{total}", *headers)


async def read(upstream: AzureUpstream, length: int, offset: int = 0) -> Gathering:
    consumer = Gathering()
    producer = await upstream.open("a", None, offset, length)
    await producer.startProducing(consumer)
    return consumer


@pytest.mark.parametrize("failing", [resets, stalls, says(500), refuses(503, "ServerBusy")])
@pytest_twisted.ensureDeferred
async def test_what_fails_in_passing_is_tried_again(
    azure: Misbehaving, upstream: AzureUpstream, failing: Act
) -> None:
    azure.acts = [failing, MADE]
    assert await upstream.put("a", b"content", Appearance()) == "0x1"
    azure.acts = [failing, MADE, failing, MADE]
    upload = await upstream.begin("a", 8)
    await upload.write(b"content")
    assert await upload.finish() == "0x1"
    first, again = azure.requests[-2:]
    assert first.partition(b"\r\n\r\n")[2] == again.partition(b"\r\n\r\n")[2]
    assert b"<Latest>" in again


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (503, "ServerBusy", UpstreamBusy),
        (500, "InternalError", UpstreamFailed),
        (403, "AuthenticationFailed", UpstreamRefused),
        (403, "AuthorizationPermissionMismatch", UpstreamRefused),
        (401, "InvalidAuthenticationInfo", UpstreamRefused),
        (404, "ContainerNotFound", UpstreamFailed),
        (409, "BlobBeingRehydrated", UpstreamFailed),
        (409, "BlobImmutableDueToPolicy", UpstreamFailed),
        (412, "LeaseIdMissing", UpstreamFailed),
        (400, "Md5Mismatch", UpstreamFailed),
        (400, "InvalidBlobOrBlock", UpstreamFailed),
    ],
)
@pytest_twisted.ensureDeferred
async def test_each_refusal_is_an_error_of_its_kind(
    azure: Misbehaving,
    upstream: AzureUpstream,
    status: int,
    code: str,
    error: type[UpstreamFailed],
) -> None:
    azure.otherwise = refuses(status, code)
    pieces = [Piece("b", "0x1", 0, 2, 3)]
    for doing in (
        upstream.put("a", b"content", Appearance()),
        upstream.open("a", "0x1", 0, 1),
        upstream.look("a"),
        upstream.assemble("a", pieces, Appearance()),
        upstream.delete(["a"]),
        upstream.delete_if("a", "0x1"),
        anext(upstream.walk("", "")),
    ):
        with pytest.raises(error) as caught:
            await doing
        assert type(caught.value) is error
        assert "secret" not in caught.value.problem
        if status < 500:
            assert code in caught.value.problem


@pytest.mark.parametrize(
    "act", [says(404), refuses(404, "ContainerNotFound"), delivers(b"a", 0, 1)]
)
@pytest_twisted.ensureDeferred
async def test_nothing_counts_as_absent_unless_azure_says_so(
    azure: Misbehaving, upstream: AzureUpstream, act: Act
) -> None:
    azure.acts = [says(404), act, says(404), refuses(404, "BlobNotFound")]
    with pytest.raises(UpstreamFailed):
        await upstream.look("a")
    assert await upstream.look("a") is None
    assert [request.split(b" ")[0] for request in azure.requests] == [b"HEAD", b"GET"] * 2
    azure.otherwise = says(404)
    for deleted in (upstream.delete(["a"]), upstream.delete_if("a", "0x1")):
        with pytest.raises(UpstreamFailed):
            await deleted


def raw(text: str) -> Act:
    return lambda conversation: conversation.write(text.encode())


@pytest_twisted.ensureDeferred
async def test_a_success_that_does_not_describe_a_blob_is_a_failure(
    azure: Misbehaving, upstream: AzureUpstream
) -> None:
    azure.acts = [
        says(200, b"", 'ETag: "0x1"'),
        says(200),
        raw('HTTP/1.1 200 OK\r\nETag: "0x1"\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ]
    found = await upstream.look("a")
    assert found is not None
    assert (found.size_bytes, found.tag) == (0, "0x1")
    for _ in range(2):
        with pytest.raises(UpstreamFailed):
            await upstream.look("a")


@pytest_twisted.ensureDeferred
async def test_an_upload_that_is_cut_short_is_no_success(
    azure: Misbehaving, upstream: AzureUpstream
) -> None:
    azure.otherwise = resets
    with pytest.raises(UpstreamFailed):
        await upstream.put("a", b"content", Appearance())
    azure.acts = [MADE]
    upload = await upstream.begin("a", 8)
    await upload.write(b"content")
    with pytest.raises(UpstreamFailed):
        await upload.finish()
    azure.otherwise = says(201)  # without an ETag it is none of Azure's answers
    with pytest.raises(UpstreamFailed):
        await upload.finish()


@pytest_twisted.ensureDeferred
async def test_blocks_travel_with_their_checksums(
    azure: Misbehaving, upstream: AzureUpstream
) -> None:
    azure.otherwise = MADE
    await upstream.put("a", b"content", Appearance())
    upload = await upstream.begin("a", 8)
    await upload.write(b"content!")
    await upload.write(b"rest")
    await upload.finish()
    whole, first, second, committed = (request.lower() for request in azure.requests)
    for request, content in ((whole, b"content"), (first, b"content!"), (second, b"rest")):
        assert f"\r\ncontent-md5: {md5(content)}\r\n".lower().encode() in request
    expected = f"x-ms-blob-content-md5: {md5(b'content!rest')}\r\n"
    assert expected.lower().encode() in committed


SIZES = [10, 300 * KIB, 5 * KIB * KIB]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("header", ["Content-MD5", "x-ms-blob-content-md5"])
@pytest_twisted.ensureDeferred
async def test_wrong_bytes_are_never_taken_for_whole(
    azure: Misbehaving, upstream: AzureUpstream, size: int, header: str
) -> None:
    content = b"x" * size
    azure.acts = [delivers(content, 0, size, f"{header}: {md5(content)}")]
    assert (await read(upstream, size)).data == content
    azure.acts = [delivers(content, 0, size, f"{header}: {md5(b'other')}")]
    consumer = Gathering()
    producer = await upstream.open("a", None, 0, size)
    with pytest.raises(UpstreamFailed):
        await producer.startProducing(consumer)
    assert len(consumer.data) < size


@pytest_twisted.ensureDeferred
async def test_the_md5_of_a_blob_says_nothing_about_a_stretch_of_it(
    azure: Misbehaving, upstream: AzureUpstream
) -> None:
    azure.acts = [delivers(b"some", 3, 10, f"x-ms-blob-content-md5: {md5(b'all of it!')}")]
    assert (await read(upstream, 4, 3)).data == b"some"


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (refuses(404, "BlobNotFound"), BlobMissing),
        (refuses(404, "ContainerNotFound"), UpstreamFailed),
        (says(404, b"<html>page not found"), UpstreamFailed),
        (refuses(412, "ConditionNotMet"), BlobChanged),
        (refuses(416, "InvalidRange"), RangeRefused),
        (delivers(b"ab", 0, 2), BlobMissing),
        (delivers(b"abcd", 1, 10), UpstreamFailed),
        (says(200, b"abcd"), UpstreamFailed),
        (says(206, b"abcd"), UpstreamFailed),
    ],
)
@pytest_twisted.ensureDeferred
async def test_an_answer_that_is_not_what_was_asked_for_is_not_passed_on(
    azure: Misbehaving, upstream: AzureUpstream, act: Act, error: type[Exception]
) -> None:
    azure.otherwise = act
    with pytest.raises(error) as caught:
        await upstream.open("a", "0x1", 0, 4)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "CannotVerifyCopySource", BlobMissing),
        (412, "SourceConditionNotMet", BlobChanged),
        (412, "ConditionNotMet", BlobChanged),
        (416, "InvalidRange", RangeRefused),
        (403, "CannotVerifyCopySource", UpstreamRefused),
        (409, "CannotVerifyCopySource", UpstreamFailed),
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_copy_of_what_is_not_there_is_told_from_a_failure(
    azure: Misbehaving,
    upstream: AzureUpstream,
    status: int,
    code: str,
    error: type[Exception],
) -> None:
    azure.acts = [refuses(status, code)]
    with pytest.raises(error) as caught:
        await upstream.assemble("a", [Piece("b", "0x1", 0, 2, 3)], Appearance())
    assert type(caught.value) is error
    assert len(azure.requests) == 1


@pytest_twisted.ensureDeferred
async def test_one_piece_that_fails_ends_the_others(
    azure: Misbehaving, upstream: AzureUpstream
) -> None:
    azure.acts = [stalls, refuses(404, "CannotVerifyCopySource")]
    azure.otherwise = MADE
    pieces = [Piece(str(number), None, 0, 1, 2) for number in range(3)]
    with pytest.raises(BlobMissing):
        await upstream.assemble("a", pieces, Appearance())
    assert not any(b"blocklist" in target for target in azure.targets)


@pytest.mark.parametrize(
    "body", [b"", b"<", b"{}", b"<!DOCTYPE x><x/>", b"<x><Blobs><Blob/></Blobs></x>"]
)
@pytest_twisted.ensureDeferred
async def test_a_listing_that_is_none_is_a_failure(
    azure: Misbehaving, upstream: AzureUpstream, body: bytes
) -> None:
    azure.otherwise = says(200, body)
    with pytest.raises(UpstreamFailed):
        await anext(upstream.walk("", ""))


@pytest_twisted.ensureDeferred
async def test_names_that_xml_cannot_hold_are_read(
    azure: Misbehaving, upstream: AzureUpstream
) -> None:
    """As of version 2021-02-12 of the API; Azurite has no such names."""
    blob = '<Blob><Name Encoded="true">a%EF%BF%BEb</Name><Properties><Etag>0x1</Etag></Properties>'
    azure.acts = [says(200, f"<E><Blobs>{blob}</Blob></Blobs><NextMarker/></E>".encode())]
    assert [each.name async for each in upstream.walk("", "")] == ["a\ufffeb"]


def gives_token(text: str, seconds: int = 3600) -> Act:
    token = {"access_token": text, "expires_on": str(int(time.time()) + seconds)}
    return says(200, json.dumps(token).encode())


def of_identity(azure: Misbehaving, answers: list[Act], blobs: list[Act]) -> None:
    """Answer requests for tokens and those for blobs apart."""

    def act(conversation: Conversation) -> None:
        is_token = b"/msi/token" in azure.targets[-1]
        (answers if is_token else blobs).pop(0)(conversation)

    azure.otherwise = act


@pytest_twisted.async_yield_fixture
async def machine(azure: Misbehaving, threads: Threads) -> AsyncIterator[AzureUpstream]:
    """A gateway with the machine's identity."""
    environment = {"IDENTITY_ENDPOINT": f"{azure.url}/msi/token", "IDENTITY_HEADER": "h"}
    upstream = gateway(azure, threads, environment, use_managed_identity=True)
    yield upstream
    await upstream.stop()


def bearers(azure: Misbehaving) -> list[str]:
    lines = [line for request in azure.requests for line in request.decode().split("\r\n")]
    return [line for line in lines if line.lower().startswith("authorization:")]


@pytest_twisted.ensureDeferred
async def test_a_token_is_kept_until_it_is_refused(
    azure: Misbehaving, machine: AzureUpstream
) -> None:
    expired = refuses(401, "InvalidAuthenticationInfo")
    of_identity(azure, [gives_token("one"), gives_token("two")], [MADE, MADE, expired, MADE])
    for _ in range(3):
        assert await machine.put("a", b"", Appearance()) == "0x1"
    assert [line.rpartition(" ")[2] for line in bearers(azure)] == ["one"] * 3 + ["two"]


@pytest_twisted.ensureDeferred
async def test_a_token_that_is_refused_anew_is_an_error(
    azure: Misbehaving, machine: AzureUpstream
) -> None:
    refused = refuses(401, "InvalidAuthenticationInfo")
    of_identity(azure, [gives_token("one"), gives_token("two")], [refused, refused])
    with pytest.raises(UpstreamRefused):
        await machine.open("a", None, 0, 1)
    of_identity(azure, [gives_token("three")], [delivers(b"x", 0, 1)])


@pytest_twisted.ensureDeferred
async def test_a_token_that_ends_soon_is_renewed(
    azure: Misbehaving, machine: AzureUpstream
) -> None:
    of_identity(azure, [gives_token("one", 60), gives_token("two")], [MADE, MADE])
    await machine.put("a", b"", Appearance())
    await machine.put("a", b"", Appearance())
    assert [line.rpartition(" ")[2] for line in bearers(azure)] == ["one", "two"]


@pytest_twisted.ensureDeferred
async def test_the_source_of_a_copy_is_read_with_the_same_identity(
    azure: Misbehaving, machine: AzureUpstream
) -> None:
    of_identity(azure, [gives_token("one")], [MADE, MADE])
    await machine.assemble("a", [Piece("b", "0x1", 0, 2, 3)], Appearance())
    request = azure.requests[1].decode().lower()
    assert f"x-ms-copy-source: {azure.url}/c/b\r\n" in request
    assert "x-ms-copy-source-authorization: bearer one\r\n" in request
    assert 'x-ms-source-if-match: "0x1"\r\n' in request
    assert "x-ms-source-range: bytes=0-1\r\n" in request


@pytest_twisted.ensureDeferred
async def test_a_machine_without_identity_is_told_so(
    azure: Misbehaving, machine: AzureUpstream
) -> None:
    of_identity(azure, [says(400, b'{"error": "invalid_request"}')], [])
    with pytest.raises(ConfigError) as caught:
        await machine.start()
    assert caught.value.key_path == "storage.azure.use_managed_identity"
    of_identity(azure, [says(200, b"no token")], [])
    with pytest.raises(UpstreamFailed):
        await machine.start()


COPY = [Piece("b", "0x1", 0, 2, 3)]


@pytest_twisted.ensureDeferred
async def test_copies_and_lists_of_blocks_may_take_longer_than_all_else(
    azure: Misbehaving, threads: Threads
) -> None:
    section = UpstreamSection(attempts=1, silence_timeout_seconds=0.2, copy_timeout_seconds=30)
    upstream = gateway(azure, threads, section=section, sas_token="sv=2021&sig=secret")
    late = later(0.5, MADE)
    azure.acts = [late, late]
    assert await upstream.assemble("a", COPY, Appearance()) == "0x1"
    azure.acts = [late]
    with pytest.raises(UpstreamFailed):
        await upstream.put("a", b"content", Appearance())
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_a_copy_that_never_ends_is_given_up_as_configured(
    azure: Misbehaving, threads: Threads
) -> None:
    section = UpstreamSection(attempts=1, copy_timeout_seconds=0.2)
    upstream = gateway(azure, threads, section=section, sas_token="sv=2021&sig=secret")
    azure.acts = [stalls]
    copying = Deferred.fromCoroutine(upstream.assemble("a", COPY, Appearance()))
    with pytest.raises(UpstreamFailed):
        await copying.addTimeout(20, reactor)
    await upstream.stop()
