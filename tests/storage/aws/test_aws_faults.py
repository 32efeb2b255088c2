"""The aws upstream against a service that misbehaves in ways of S3's own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve

from bleepstore.config.gateways import AwsSection, UpstreamSection
from bleepstore.errors import (
    BlobChanged,
    BlobMissing,
    RangeRefused,
    StorageFull,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamRefused,
)
from bleepstore.storage.aws.upstream import AwsUpstream
from bleepstore.storage.remote.upstream import Piece
from bleepstore.streams.threads import Threads
from bleepstore.values import Appearance
from tests.storage.backing import means
from tests.storage.remote.misbehaving import Act, Misbehaving, breaks_off, resets, says, stalls
from tests.streams.gathering import Gathering

MIB = 1024 * 1024
SECTION = UpstreamSection(silence_timeout_seconds=0.3, attempts=3, max_backoff_seconds=0.01)
PLAIN = Appearance()
EMPTY_BUCKET = says(200, b"<ListBucketResult/>")


def error(status: int, code: str) -> Act:
    return says(status, f"<Error><Code>{code}</Code></Error>".encode())


def keys(name: str) -> Act:
    given = {
        "AccessKeyId": name,
        "SecretAccessKey": "secret",
        "Token": f"token-of-{name}",
        "Expiration": "2100-01-01T00:00:00Z",
    }
    return says(200, json.dumps(given).encode())


@pytest_twisted.async_yield_fixture
async def service() -> AsyncIterator[Misbehaving]:
    async with Misbehaving(otherwise=says(500)) as started:
        yield started


@pytest_twisted.async_yield_fixture
async def upstream(
    service: Misbehaving, threads: Threads, tmp_path: Path
) -> AsyncIterator[AwsUpstream]:
    """With an access key that never ends."""
    section = AwsSection(
        bucket="bucket", endpoint_url=service.url, access_key_id="a", secret_access_key="s"
    )
    upstream = AwsUpstream(section, SECTION, means(threads, tmp_path), {})
    service.acts = [EMPTY_BUCKET]
    await upstream.start()
    service.requests.clear()
    yield upstream
    await upstream.stop()


@pytest_twisted.async_yield_fixture
async def container() -> AsyncIterator[Misbehaving]:
    """Gives out access keys."""
    async with Misbehaving() as started:
        yield started


@pytest_twisted.async_yield_fixture
async def temporary(
    service: Misbehaving, container: Misbehaving, threads: Threads, tmp_path: Path
) -> AsyncIterator[AwsUpstream]:
    """With an access key that the container was given."""
    section = AwsSection(bucket="bucket", endpoint_url=service.url)
    environment = {
        "AWS_SHARED_CREDENTIALS_FILE": "",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{container.url}/keys",
    }
    upstream = AwsUpstream(section, SECTION, means(threads, tmp_path), environment)
    service.acts, container.acts = [EMPTY_BUCKET], [keys("first")]
    await upstream.start()
    service.requests.clear()
    yield upstream
    await upstream.stop()


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest_twisted.ensureDeferred
async def test_an_ended_token_is_replaced(
    temporary: AwsUpstream, service: Misbehaving, container: Misbehaving
) -> None:
    service.acts = [error(400, "ExpiredToken"), says(200, b"", 'ETag: "tag"')]
    container.acts = [keys("second")]
    assert await temporary.put("object", b"content", PLAIN) == "tag"
    first, second = service.requests
    assert b"Credential=first/" in first
    assert b"token-of-first" in first
    assert b"Credential=second/" in second
    assert b"token-of-second" in second


@pytest_twisted.ensureDeferred
async def test_an_ended_token_is_noticed_without_a_document(
    temporary: AwsUpstream, service: Misbehaving, container: Misbehaving
) -> None:
    """HEAD has none."""
    service.acts = [says(400), says(404), error(404, "NoSuchKey")]
    container.acts = [keys("second")]
    assert await temporary.look("object") is None


@pytest_twisted.ensureDeferred
async def test_a_token_that_stays_ended_is_replaced_once(
    temporary: AwsUpstream, service: Misbehaving, container: Misbehaving
) -> None:
    service.otherwise = error(400, "ExpiredToken")
    container.acts = [keys("second")]
    with pytest.raises(UpstreamRefused, match="ended"):
        await temporary.open("object", None, 0, 1)
    assert len(service.requests) == 2


@pytest_twisted.ensureDeferred
async def test_keys_that_never_change_are_not_tried_twice(
    upstream: AwsUpstream, service: Misbehaving
) -> None:
    service.acts = [error(403, "InvalidAccessKeyId")]
    with pytest.raises(UpstreamRefused, match="no such access key"):
        await upstream.put("object", b"content", PLAIN)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (error(403, "AccessDenied"), UpstreamRefused),
        (error(403, "SignatureDoesNotMatch"), UpstreamRefused),
        (error(403, "InvalidObjectState"), UpstreamFailed),
        (error(503, "SlowDown"), UpstreamBusy),
        (error(400, "EntityTooLarge"), UpstreamFailed),
        (error(404, "NoSuchBucket"), UpstreamFailed),
        (error(507, "InsufficientStorage"), StorageFull),
        (says(200), UpstreamFailed),
        (says(403), UpstreamRefused),
        (says(500, b"not XML"), UpstreamFailed),
        (resets, UpstreamFailed),
        (stalls, UpstreamFailed),
    ],
)
@pytest_twisted.ensureDeferred
async def test_nothing_is_stored_unless_s3_says_so(
    upstream: AwsUpstream, service: Misbehaving, act: Act, expected: type[Exception]
) -> None:
    service.otherwise = act
    with pytest.raises(expected) as caught:
        await upstream.put("object", b"content", PLAIN)
    if expected is UpstreamFailed:
        assert not isinstance(caught.value, UpstreamBusy | UpstreamRefused)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (error(404, "NoSuchKey"), BlobMissing),
        (error(416, "InvalidRange"), RangeRefused),
        (error(412, "PreconditionFailed"), BlobChanged),
        (error(404, "NoSuchBucket"), UpstreamFailed),
        (says(404), UpstreamFailed),
        (says(404, b"<html>page not found"), UpstreamFailed),
        (says(206, b"1234", "Content-Range: bytes 4-7/9", 'ETag: "other"'), BlobChanged),
        (says(206, b"123", "Content-Range: bytes 4-6/7", 'ETag: "tag"'), BlobMissing),
        (says(206, b"1234", "Content-Range: bytes 0-3/9", 'ETag: "tag"'), UpstreamFailed),
        (says(206, b"1234", 'ETag: "tag"'), UpstreamFailed),
        (says(200, b"12345678", 'ETag: "tag"'), UpstreamFailed),
    ],
)
@pytest_twisted.ensureDeferred
async def test_only_the_right_stretch_is_read(
    upstream: AwsUpstream, service: Misbehaving, act: Act, expected: type[Exception]
) -> None:
    service.acts = [act]
    with pytest.raises(expected):
        await upstream.open("object", "tag", 4, 4)


NOT_ABOUT_THE_OBJECT = [
    error(404, "NoSuchBucket"),
    error(403, "AccessDenied"),
    says(404),
    says(404, b"<html>page not found"),
]


@pytest.mark.parametrize("act", [*NOT_ABOUT_THE_OBJECT, says(206, b"a", "ETag: x")])
@pytest_twisted.ensureDeferred
async def test_nothing_counts_as_absent_unless_s3_says_so(
    upstream: AwsUpstream, service: Misbehaving, act: Act
) -> None:
    service.acts = [says(404), act]
    with pytest.raises(UpstreamFailed):
        await upstream.look("object")
    service.acts = [says(404), error(404, "NoSuchKey")]
    assert await upstream.look("object") is None
    assert [request.split(b" ")[0] for request in service.requests[-2:]] == [b"HEAD", b"GET"]


def listing(*names: str) -> Act:
    keys = "".join(f"<Contents><Key>{name}</Key></Contents>" for name in names)
    return says(200, f"<ListBucketResult>{keys}</ListBucketResult>".encode())


SILENT = [says(404), says(404, b"<html>page not found")]


@pytest.mark.parametrize("act", SILENT)
@pytest_twisted.ensureDeferred
async def test_a_404_without_words_is_held_against_the_listing(
    upstream: AwsUpstream, service: Misbehaving, act: Act
) -> None:
    """Some services of this kind say no more than that."""
    service.acts = [says(404), act, listing("object2")]
    assert await upstream.look("object") is None
    assert b"max-keys=1&prefix=object " in service.requests[-1]
    for doing in (
        lambda: upstream.open("object", "tag", 4, 4),
        lambda: upstream.assemble("copy", [Piece("object", "tag", 0, 4, 4)], PLAIN),
    ):
        service.acts = [act, listing()]
        with pytest.raises(BlobMissing):
            await doing()
        for listed in (listing("object"), error(404, "NoSuchBucket"), says(404), says(200)):
            service.acts = [act, listed]
            with pytest.raises(UpstreamFailed):
                await doing()


@pytest.mark.parametrize(("said", "found"), [("", "a%2Bb+c"), ("url", "a+b c")])
@pytest_twisted.ensureDeferred
async def test_names_are_encoded_if_the_service_says_so(
    upstream: AwsUpstream, service: Misbehaving, said: str, found: str
) -> None:
    type_ = f"<EncodingType>{said}</EncodingType>" if said else ""
    one = "<Contents><Key>a%2Bb+c</Key><Size>1</Size><ETag>t</ETag></Contents>"
    page = f"<ListBucketResult>{type_}{one}</ListBucketResult>"
    service.acts = [says(200, page.encode())]
    assert [each.name async for each in upstream.walk("", "")] == [found]


@pytest.mark.parametrize("act", NOT_ABOUT_THE_OBJECT)
@pytest_twisted.ensureDeferred
async def test_nothing_counts_as_deleted_unless_s3_says_so(
    upstream: AwsUpstream, service: Misbehaving, act: Act
) -> None:
    there = says(200, b"", "ETag: tag")
    service.acts = [act]
    with pytest.raises(UpstreamFailed):
        await upstream.delete(["object"])
    service.acts = [there, act]
    with pytest.raises(UpstreamFailed):
        await upstream.delete_if("object", "tag")
    service.acts = [error(404, "NoSuchKey"), there, error(404, "NoSuchKey")]
    await upstream.delete(["object"])
    await upstream.delete_if("object", "tag")


@pytest_twisted.ensureDeferred
async def test_a_download_that_is_cut_fails(upstream: AwsUpstream, service: Misbehaving) -> None:
    service.acts = [breaks_off(b"12", 4, hard=True)]
    producer = await upstream.open("object", None, 0, 4)
    with pytest.raises(UpstreamFailed):
        await producer.startProducing(Gathering())


COPIED = says(200, b"<CopyObjectResult><ETag>&quot;tag&quot;</ETag></CopyObjectResult>")
WHOLE = [Piece("source", None, 0, 4, 4)]


@pytest_twisted.ensureDeferred
async def test_an_error_behind_a_success_is_tried_again(
    upstream: AwsUpstream, service: Misbehaving
) -> None:
    service.acts = [error(200, "InternalError"), says(200, b"\n \n<Copy"), COPIED]
    with pytest.raises(UpstreamFailed):
        await upstream.assemble("object", WHOLE, PLAIN)
    service.acts = [error(200, "InternalError"), error(200, "SlowDown"), COPIED]
    assert await upstream.assemble("object", WHOLE, PLAIN) == "tag"
    service.otherwise = error(200, "InternalError")
    with pytest.raises(UpstreamFailed, match="InternalError"):
        await upstream.assemble("object", WHOLE, PLAIN)


NOTED = says(200, b"", 'ETag: "note"')
STRETCHES = [Piece("source", "tag", start, 5 * MIB, 12 * MIB) for start in (0, 7 * MIB)]


@pytest_twisted.ensureDeferred
async def test_an_upload_to_a_natural_name_is_not_begun_twice(
    upstream: AwsUpstream, service: Misbehaving
) -> None:
    for act in (resets, stalls, says(500)):
        service.requests.clear()
        service.acts = [NOTED, act]
        with pytest.raises(UpstreamFailed):
            await upstream.assemble("object", STRETCHES, PLAIN)
        assert [each[:4] for each in service.requests] == [b"PUT ", b"POST"]
    service.requests.clear()
    service.acts = [NOTED, says(503), error(403, "AccessDenied"), says(204)]
    with pytest.raises(UpstreamRefused):
        await upstream.assemble("object", STRETCHES, PLAIN)
    assert [each[:4] for each in service.requests] == [b"PUT ", b"POST", b"POST", b"DELE"]


BEGUN = says(
    200,
    b'<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<UploadId>id</UploadId></InitiateMultipartUploadResult>",
)
PART = says(200, b"", 'ETag: "098f6bcd4621d373cade4e832627b4f6"')


@pytest.mark.parametrize(
    "acts",
    [
        [error(200, "InternalError")] * 3,
        [error(404, "NoSuchUpload"), says(404)],
        [error(404, "NoSuchUpload"), says(200, b"", 'ETag: "of-another"')],
        [error(400, "InvalidPart")],
        [says(200, b"<CompleteMultipartUploadResult>")],
    ],
)
@pytest_twisted.ensureDeferred
async def test_an_upload_is_not_over_before_s3_says_so(
    upstream: AwsUpstream, service: Misbehaving, acts: list[Act]
) -> None:
    service.acts = [BEGUN, PART, *acts]
    upload = await upstream.begin("object", 8 * 1024 * 1024)
    await upload.write(b"test")
    with pytest.raises(UpstreamFailed):
        await upload.finish()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<ListBucketResult>",
        b"<Other/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><ListBucketResult>&b;</ListBucketResult>',
        b"<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>",
    ],
)
@pytest_twisted.ensureDeferred
async def test_nonsense_is_no_listing(
    upstream: AwsUpstream, service: Misbehaving, document: bytes
) -> None:
    service.acts = [says(200, document)]
    with pytest.raises(UpstreamFailed):
        [each async for each in upstream.walk("", "")]


@pytest_twisted.ensureDeferred
async def test_throttling_is_passed_on(upstream: AwsUpstream, service: Misbehaving) -> None:
    service.otherwise = says(503, b"<Error><Code>SlowDown</Code></Error>", "Retry-After: 20")
    with pytest.raises(UpstreamBusy) as caught:
        await upstream.put("object", b"content", PLAIN)
    assert caught.value.retry_after_seconds == 20


def test_the_section_does_not_show_the_secret() -> None:
    section: Any = evolve(AwsSection(), secret_access_key="very secret")
    assert "very secret" not in repr(section)
