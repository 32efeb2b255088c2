"""What bad input gets: the right error, no surprise in the log, and an unharmed store."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.clients import ask_signed, presigned, refused, signed_headers
from tests.e2e.daemon import REGION, Daemon

_HANG_SECONDS = 20
_FUZZ_PATIENCE_SECONDS = 0.03


@pytest.fixture(autouse=True)
def _unharmed(daemon: Daemon, s3: Any) -> Iterator[None]:
    """After each test the daemon runs, answers, and has nothing to regret."""
    yield
    assert s3.list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "Traceback" not in daemon.log


def _send(daemon: Daemon, data: bytes, patience_seconds: float = 1) -> bytes:
    """Everything that comes back for these bytes.

    Half a request has no answer, so we end our side when nothing has come for a while; the daemon
    has to end its side then.
    """
    address = ("127.0.0.1", daemon.port)
    with socket.create_connection(address) as connection:
        with suppress(ConnectionError):
            connection.sendall(data)
        answer, is_over = _receive(connection, patience_seconds)
        if is_over:
            return answer
        connection.shutdown(socket.SHUT_WR)
        rest, is_over = _receive(connection, _HANG_SECONDS)
        assert is_over, "the connection hangs"
        return answer + rest


def _receive(connection: socket.socket, patience_seconds: float) -> tuple[bytes, bool]:
    """What comes, and whether the other side has ended the connection."""
    connection.settimeout(patience_seconds)
    answer = b""
    try:
        while block := connection.recv(65536):
            answer += block
    except TimeoutError:
        return answer, False
    except ConnectionError:
        pass
    return answer, True


def _statuses(answer: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"^HTTP/1.1 (\d{3}) ", answer, re.MULTILINE)]


# --- heads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n: empty\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: 1e3\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        b"PUT /b/k HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET * HTTP/1.1\r\nhost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /%zz/%1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET /?%zz=%1&&&==&; HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ],
)
def test_a_head_that_is_none_is_refused(daemon: Daemon, head: bytes) -> None:
    (status,) = _statuses(_send(daemon, head))
    assert 400 <= status < 500


def test_tls_on_a_port_without_it_gets_no_answer(daemon: Daemon) -> None:
    assert _send(daemon, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)) == b""


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x-many: a\r\n" * 10_000 + b"\r\n",
    ],
)
def test_a_head_that_is_too_large_is_refused(daemon: Daemon, head: bytes) -> None:
    (status,) = _statuses(_send(daemon, head))
    assert 400 <= status < 500


def test_a_large_head_within_the_limit_is_read(daemon: Daemon, s3: Any, bucket: str) -> None:
    given = {f"x-filler-{number}": "f" * 1000 for number in range(20)}
    assert ask_signed(daemon, "PUT", f"/{bucket}/k", given, b"x").status == 200


# --- bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("received", [0, 1, 1000, 70_000])
def test_a_truncated_upload_leaves_nothing(
    daemon: Daemon, s3: Any, bucket: str, received: int
) -> None:
    _send(daemon, _put_head(daemon, bucket, 100_000) + bytes(received))
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="k")


def test_a_truncated_upload_leaves_the_object_that_was_there(
    daemon: Daemon, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    _send(daemon, _put_head(daemon, bucket, 200_000) + bytes(150_000))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"before"


def _put_head(daemon: Daemon, bucket: str, length: int) -> bytes:
    target = presigned(daemon, "PUT", f"/{bucket}/k")
    host = f"127.0.0.1:{daemon.port}"
    return f"PUT {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n".encode()


_DOCUMENTS = [
    b"<",
    b"not xml",
    b"<CreateBucketConfiguration>",
    b"<Wrong/>",
    b"\xff\xfe\x00",
    b'<!DOCTYPE a [<!ENTITY b "c">]><CreateBucketConfiguration>&b;</CreateBucketConfiguration>',
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><CreateBucketConfiguration/>',
    b"<CreateBucketConfiguration>" + b"<a>" * 10_000 + b"</a>" * 10_000,
]


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_xml_that_is_malformed_is_refused(daemon: Daemon, s3: Any, document: bytes) -> None:
    answer = ask_signed(daemon, "PUT", "/malformed", body=document)
    assert (answer.status, answer.error_code) == (400, "MalformedXML")
    with refused("404"):
        s3.head_bucket(Bucket="malformed")


def test_xml_that_is_too_large_is_refused(daemon: Daemon) -> None:
    document = b"<CreateBucketConfiguration>" + b" " * 5_000_000 + b"</CreateBucketConfiguration>"
    answer = ask_signed(daemon, "PUT", "/too-large", body=document)
    assert answer.status == 400
    assert answer.error_code in {"MaxMessageLengthExceeded", "MalformedXML", "EntityTooLarge"}


def test_a_client_that_leaves_during_a_download_costs_nothing(
    daemon: Daemon, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=bytes(20_000_000))
    target = presigned(daemon, "GET", f"/{bucket}/k")
    request = f"GET {target} HTTP/1.1\r\nhost: 127.0.0.1:{daemon.port}\r\n\r\n".encode()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
            connection.sendall(request)
            connection.recv(1000)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == bytes(20_000_000)


# --- anything ------------------------------------------------------------------------------------

_tokens = st.sampled_from(
    [b"GET", b"PUT", b"POST", b"DELETE", b"HEAD", b"OPTIONS", b"get", b"\x00", b"", b"X" * 50]
)
_paths = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"/", b"//", b"/b", b"/b/k", b"/..", b"*", b"/b/%00", b"/b?acl", b"/?x=%"]),
    st.builds(lambda a, b: b"/b/" + a + b"?" + b, st.binary(max_size=20), st.binary(max_size=40)),
)
_names = st.one_of(
    st.sampled_from(
        [
            b"host", b"content-length", b"transfer-encoding", b"expect", b"authorization",
            b"x-amz-date", b"x-amz-content-sha256", b"x-amz-decoded-content-length", b"range",
            b"x-amz-trailer", b"connection", b"content-md5", b"if-match", b"x-amz-meta-a", b"date",
        ]
    ),
    st.binary(max_size=20),
)  # fmt: skip
_AUTHORIZATION = (
    b"AWS4-HMAC-SHA256 Credential=AKIAALICE/20260101/eu-central-1/s3/aws4_request, "
    b"SignedHeaders=host, Signature=00"
)
_values = st.one_of(
    st.sampled_from(
        [
            b"0", b"1", b"5", b"99999999999999999999", b"chunked", b"100-continue", b"close",
            _AUTHORIZATION, b"UNSIGNED-PAYLOAD", b"20260101T000000Z",
            b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", b"bytes=0-", b"localhost", b"b.localhost",
        ]
    ),
    st.binary(max_size=40),
)  # fmt: skip
_heads = st.builds(
    lambda method, path, headers: (
        method
        + b" "
        + path
        + b" HTTP/1.1\r\n"
        + b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        + b"\r\n"
    ),
    _tokens,
    _paths,
    st.lists(st.tuples(_names, _values), max_size=6),
)


@settings(max_examples=300)
@given(data=st.one_of(st.binary(max_size=300), st.builds(bytes.__add__, _heads, st.binary())))
def test_no_bytes_make_the_daemon_fail_or_hang(daemon: Daemon, data: bytes) -> None:
    assert not [
        status for status in _statuses(_send(daemon, data, _FUZZ_PATIENCE_SECONDS)) if status == 500
    ]


@pytest.fixture(scope="module")
def framed(s3: Any) -> str:
    """A bucket for uploads whose framing is at fault, not their address."""
    s3.create_bucket(Bucket="framed", CreateBucketConfiguration={"LocationConstraint": REGION})
    return "framed"


_signed_names = st.sampled_from(
    [
        "content-md5", "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm", "range", "if-match",
        "if-none-match", "if-range", "if-modified-since", "x-amz-meta-a", "x-amz-storage-class",
        "content-type", "expires", "x-amz-tagging", "x-amz-acl", "x-amz-checksum-mode",
        "x-amz-copy-source", "x-amz-object-ownership", "content-encoding", "x-amz-trailer",
    ]
)  # fmt: skip
_signed_values = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=30
).map(str.strip)
_query_names = st.sampled_from(
    [
        "list-type", "prefix", "delimiter", "marker", "max-keys", "continuation-token",
        "encoding-type", "start-after", "versionId", "partNumber", "uploadId", "acl", "uploads",
        "response-content-type", "max-buckets", "location", "tagging", "delete", "select", "x-id",
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(
    method=st.sampled_from(["GET", "PUT", "HEAD", "DELETE", "POST"]),
    path=st.sampled_from(["/", "/fuzzed", "/fuzzed/k", "/fuzzed/a%2F%2Fb", "/fuzz-missing"]),
    query=st.dictionaries(
        _query_names, st.one_of(st.text(max_size=12), st.integers().map(str)), max_size=3
    ),
    headers=st.dictionaries(_signed_names, _signed_values, max_size=4),
    body=st.binary(max_size=200),
)
def test_no_authenticated_request_makes_the_daemon_fail(
    daemon: Daemon,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> None:
    """A caller with a right to everything may still send anything."""
    target = path + ("?" + urlencode(query, errors="surrogatepass") if query else "")
    if method == "PUT" and path == "/fuzzed":
        body = b""
    answer = ask_signed(daemon, method, target, headers, body)
    assert answer.status < 500 or answer.status == 501


@settings(max_examples=150)
@given(body=st.binary(max_size=2000))
def test_no_chunk_framing_makes_the_daemon_fail(daemon: Daemon, framed: str, body: bytes) -> None:
    said = {"x-amz-decoded-content-length": "10", "x-amz-trailer": "x-amz-checksum-crc32"}
    kind = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    signed = signed_headers(daemon, "PUT", f"/{framed}/k", said, kind)
    lines = [f"{name}: {value}\r\n" for name, value in signed.items()]
    head = f"PUT /{framed}/k HTTP/1.1\r\n" + "".join(lines) + f"content-length: {len(body)}\r\n\r\n"
    statuses = _statuses(_send(daemon, head.encode() + body, _FUZZ_PATIENCE_SECONDS))
    assert all(400 <= status < 500 for status in statuses)
