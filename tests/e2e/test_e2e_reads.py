"""Ranges, conditions and overrides on reads."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.clients import ask, ask_signed, boto3_client, presigned, refused
from tests.e2e.daemon import REGION, Daemon

_SMALL = bytes(range(256)) * 4
_LARGE = os.urandom(3 * 1024 * 1024 + 11)


@pytest.fixture(scope="module")
def shelf(daemon: Daemon) -> str:
    """A bucket with one small and one large object."""
    client = boto3_client(daemon)
    client.create_bucket(Bucket="shelf", CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_object(Bucket="shelf", Key="small", Body=_SMALL)
    client.put_object(Bucket="shelf", Key="large", Body=_LARGE)
    return "shelf"


@pytest.mark.parametrize(("key", "data"), [("small", _SMALL), ("large", _LARGE)])
@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=1000-99999999999", 1000, None),
        ("bytes=-99999999999", 0, None),
    ],
)
def test_a_range_is_cut_out(
    s3: Any, shelf: str, key: str, data: bytes, asked: str, first: int, end: int | None
) -> None:
    got = s3.get_object(Bucket=shelf, Key=key, Range=asked)
    expected = data[first:end]
    start = first % len(data)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["Body"].read() == expected
    assert got["ContentRange"] == f"bytes {start}-{start + len(expected) - 1}/{len(data)}"
    head = s3.head_object(Bucket=shelf, Key=key, Range=asked)
    assert head["ContentLength"] == len(expected)


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_outside_the_object_is_refused(s3: Any, shelf: str, asked: str) -> None:
    with refused("InvalidRange", 416) as caught:
        s3.get_object(Bucket=shelf, Key="small", Range=asked)
    answer: Any = caught[0].response
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-range"] == "bytes */1024"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "lines=1-2", "bytes=a-b", "bytes=0-1,4-5", "bytes=-"]
)
def test_a_range_that_is_not_understood_is_ignored(daemon: Daemon, shelf: str, asked: str) -> None:
    answer = ask_signed(daemon, "GET", f"/{shelf}/small", {"range": asked})
    assert (answer.status, answer.body) == (200, _SMALL)


def test_conditions_that_hold_let_the_read_pass(s3: Any, shelf: str) -> None:
    found = s3.head_object(Bucket=shelf, Key="small")
    etag, modified = found["ETag"], found["LastModified"]
    day = timedelta(days=1)
    for condition in (
        {"IfMatch": etag},
        {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": modified - day},
        {"IfUnmodifiedSince": modified},
        {"IfMatch": etag, "IfUnmodifiedSince": modified - day},
        {"IfNoneMatch": '"other"', "IfModifiedSince": modified},
    ):
        assert s3.get_object(Bucket=shelf, Key="small", **condition)["Body"].read() == _SMALL


def test_conditions_that_fail_stop_the_read(s3: Any, shelf: str) -> None:
    found = s3.head_object(Bucket=shelf, Key="small")
    etag, modified = found["ETag"], found["LastModified"]
    day = timedelta(days=1)
    for condition, code, status in (
        ({"IfMatch": '"other"'}, "PreconditionFailed", 412),
        ({"IfUnmodifiedSince": modified - day}, "PreconditionFailed", 412),
        ({"IfNoneMatch": etag}, "304", 304),
        ({"IfModifiedSince": modified}, "304", 304),
        ({"IfNoneMatch": etag, "IfModifiedSince": modified - day}, "304", 304),
        ({"IfMatch": etag, "IfNoneMatch": etag}, "304", 304),
    ):
        with refused(code, status):
            s3.get_object(Bucket=shelf, Key="small", **condition)


def test_not_modified_repeats_the_validators_and_has_no_body(daemon: Daemon, shelf: str) -> None:
    found = ask_signed(daemon, "HEAD", f"/{shelf}/small")
    again = ask_signed(daemon, "GET", f"/{shelf}/small", {"if-none-match": found.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == found.headers["etag"]
    assert again.headers["last-modified"] == found.headers["last-modified"]


def test_if_range_decides_whether_the_range_counts(daemon: Daemon, shelf: str) -> None:
    etag = ask_signed(daemon, "HEAD", f"/{shelf}/small").headers["etag"]
    for condition, status in ((etag, 206), ('"other"', 200)):
        answer = ask_signed(
            daemon, "GET", f"/{shelf}/small", {"range": "bytes=0-3", "if-range": condition}
        )
        assert answer.status == status


def test_response_overrides_replace_headers(s3: Any, shelf: str) -> None:
    got = s3.get_object(
        Bucket=shelf,
        Key="small",
        ResponseContentType="text/css",
        ResponseContentDisposition='attachment; filename="ä b.css"'.encode().decode("latin-1"),
        ResponseCacheControl="no-store",
        ResponseContentEncoding="identity",
        ResponseContentLanguage="fr",
    )
    assert got["ContentType"] == "text/css"
    assert got["CacheControl"] == "no-store"
    assert got["ContentEncoding"] == "identity"
    assert got["ContentLanguage"] == "fr"
    assert got["ContentDisposition"].startswith("attachment; filename=")


def test_an_override_cannot_split_the_response(daemon: Daemon, shelf: str) -> None:
    target = f"/{shelf}/small?response-content-type=a%0D%0AX-Injected%3A%201"
    answer = ask_signed(daemon, "GET", target)
    assert answer.headers["x-injected"] is None
    assert (answer.status, answer.error_code) == (400, "InvalidArgument")


def test_an_override_in_a_presigned_url_counts(daemon: Daemon, shelf: str) -> None:
    target = presigned(daemon, "GET", f"/{shelf}/small?response-content-type=text%2Fcss")
    answer = ask(daemon, "GET", target)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/css"
