"""What every answer carries, and when the daemon lets a client send."""

from __future__ import annotations

import hashlib
import re
import socket
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.e2e.clients import ask, ask_signed, presigned, refused, signed_headers
from tests.e2e.daemon import Daemon

_LAST = {"connection": "close"}
_INVITE = {"expect": "100-continue", **_LAST}


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/"), ("GET", "/no-such-bucket-here/k"), ("PUT", "/NOT~VALID"), ("GET", "/?policy")],
)
def test_every_answer_carries_the_common_headers(daemon: Daemon, method: str, target: str) -> None:
    answer = ask_signed(daemon, method, target)
    assert answer.headers["server"] == "BleepStore"
    assert re.fullmatch("[0-9A-F]{16}", answer.headers["x-amz-request-id"])
    assert answer.headers["x-amz-id-2"]
    assert parsedate_to_datetime(answer.headers["date"])


def test_request_ids_differ_and_are_in_the_log(daemon: Daemon) -> None:
    ids = {ask_signed(daemon, "GET", "/").headers["x-amz-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(each in daemon.log for each in ids)


def test_an_error_is_a_document(daemon: Daemon) -> None:
    answer = ask_signed(daemon, "GET", "/no-such-bucket-here/some%20key")
    document = ElementTree.fromstring(answer.body)
    found = {child.tag: child.text for child in document}
    assert document.tag == "Error"
    assert found["Code"] == "NoSuchBucket"
    assert found["BucketName"] == "no-such-bucket-here"
    assert found["RequestId"] == answer.headers["x-amz-request-id"]
    assert answer.headers["content-type"] == "application/xml"


def test_an_error_to_head_has_no_body(daemon: Daemon) -> None:
    answer = ask_signed(daemon, "HEAD", "/no-such-bucket-here")
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("method", ["PATCH", "BREW", "TRACE"])
def test_methods_that_s3_does_not_have_are_refused(daemon: Daemon, method: str) -> None:
    answer = ask_signed(daemon, method, "/some-bucket/k")
    assert (answer.status, answer.error_code) == (405, "MethodNotAllowed")


def test_an_upload_is_invited_after_it_is_authorized(daemon: Daemon, s3: Any, bucket: str) -> None:
    data = b"x" * 100_000
    target = f"/{bucket}/k"
    signed = signed_headers(daemon, "PUT", target, {"content-length": str(len(data))})
    with _connect(daemon) as connection:
        connection.sendall(_head("PUT", target, signed | _INVITE))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(data)
        assert _read_until_end(connection).startswith(b"HTTP/1.1 200 ")
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'


@pytest.mark.parametrize("reason", ["unsigned", "no bucket", "too large"])
def test_a_refused_upload_is_not_invited(daemon: Daemon, bucket: str, reason: str) -> None:
    target = "/no-such-bucket-here/k" if reason == "no bucket" else f"/{bucket}/k"
    length = 6 * 1024**4 if reason == "too large" else 1_000_000
    headers = _host(daemon, length)
    if reason != "unsigned":
        headers = signed_headers(daemon, "PUT", target, headers)
    with _connect(daemon) as connection:
        connection.sendall(_head("PUT", target, headers | _INVITE))
        answer = _read_until_end(connection)
    assert re.match(rb"HTTP/1.1 4\d\d ", answer)


def test_a_refused_body_is_not_taken_for_a_request(daemon: Daemon, bucket: str) -> None:
    hidden = b"GET /hidden-request HTTP/1.1\r\nhost: x\r\n\r\n"
    headers = {"host": f"127.0.0.1:{daemon.port}", "content-length": str(len(hidden))}
    with _connect(daemon) as connection:
        connection.sendall(_head("PUT", f"/{bucket}/k", headers) + hidden)
        connection.sendall(_head("GET", "/", signed_headers(daemon, "GET", "/") | _LAST))
        answers = _read_until_end(connection)
    assert re.findall(rb"HTTP/1.1 (\d+) ", answers) == [b"403", b"200"]
    assert "hidden-request" not in daemon.log


def test_requests_may_follow_each_other_without_waiting(
    daemon: Daemon, s3: Any, bucket: str
) -> None:
    head = _host(daemon, 70_000)
    puts = b"".join(
        _head("PUT", presigned(daemon, "PUT", f"/{bucket}/{name}"), head | more) + bytes(70_000)
        for name, more in (("a", {}), ("b", {}), ("c", _LAST))
    )
    with _connect(daemon) as connection:
        connection.sendall(puts)
        answers = _read_until_end(connection)
    assert re.findall(rb"HTTP/1.1 (\d+) ", answers) == [b"200"] * 3
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 3


def test_health_needs_no_signature(daemon: Daemon) -> None:
    for path, says in (("/healthz", b"ok"), ("/readyz", b"ready"), ("/health", b'"checks"')):
        answer = ask(daemon, "GET", path)
        assert (answer.status, says in answer.body) == (200, True)
    assert b"bleepstore_s3_operations_total" in ask(daemon, "GET", "/metrics").body


def test_a_page_can_only_be_read(daemon: Daemon, s3: Any) -> None:
    assert ask(daemon, "DELETE", "/metrics").status == 404
    with refused("InvalidBucketName"):
        s3.create_bucket(Bucket="health")


def _host(daemon: Daemon, length: int) -> dict[str, str]:
    return {"host": f"127.0.0.1:{daemon.port}", "content-length": str(length)}


def _connect(daemon: Daemon) -> socket.socket:
    return socket.create_connection(("127.0.0.1", daemon.port), timeout=30)


def _head(method: str, target: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _read_until_end(connection: socket.socket) -> bytes:
    """All that comes until the daemon closes, as ``connection: close`` has asked it to."""
    return b"".join(iter(lambda: connection.recv(65536), b""))
