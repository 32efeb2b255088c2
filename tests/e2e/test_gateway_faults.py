"""The daemon as a gateway to an upstream that fails: what its clients get.

How each kind of failure is seen from the inside is tested with the gateways' client and upstreams.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.admin import assert_sound
from tests.e2e.clients import ask, ask_signed, boto3_client, refused, signed_headers
from tests.e2e.daemon import Daemon
from tests.upstreams import s3 as upstreams
from tests.upstreams.faulty import FaultyProxy

MIB = 1024 * 1024
NO_BUCKET = b"<Error><Code>NoSuchBucket</Code></Error>"
DENIED = b"<Error><Code>AccessDenied</Code></Error>"


def canned(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n" + body


@pytest.fixture
def proxy() -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(upstreams.running().url)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture
def gateway(tmp_path: Path, proxy: FaultyProxy) -> Iterator[Daemon]:
    service = upstreams.running()
    settings = {**service.settings(service.new_bucket()), "endpoint_url": proxy.endpoint_url}
    upstream = {"attempts": 3, "silence_timeout_seconds": 3, "max_backoff_seconds": 0.1}
    daemon = Daemon(
        tmp_path / "gateway",
        {"storage": {"backend": "aws", "aws": settings, "upstream": upstream}},
    )
    daemon.start()
    try:
        yield daemon
        assert "Traceback" not in daemon.log
        assert upstreams.running().secret_key not in daemon.log
        proxy.mend()
        daemon.stop()
        assert_sound(daemon)
    finally:
        if daemon.is_running:
            daemon.kill()


@pytest.fixture
def bucket(gateway: Daemon) -> str:
    client = boto3_client(gateway)
    client.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return "bucket"


@pytest.fixture
def client(gateway: Daemon) -> Any:
    return boto3_client(gateway)


def test_a_reset_in_the_middle_of_an_upload_is_made_up_for(
    client: Any, bucket: str, proxy: FaultyProxy
) -> None:
    data = os.urandom(20 * MIB)
    proxy.up_bytes = 9 * MIB
    client.put_object(Bucket=bucket, Key="k", Body=data)
    assert proxy.up_bytes is None
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == data


def test_an_upload_that_never_arrives_is_not_acknowledged(
    client: Any, bucket: str, proxy: FaultyProxy
) -> None:
    for size in (MIB, 20 * MIB):
        proxy.up_bytes, proxy.is_lasting = size // 2, True
        with refused("ServiceUnavailable", 503):
            client.put_object(Bucket=bucket, Key="k", Body=os.urandom(size))
        proxy.mend()
    with refused("404", 404):
        client.head_object(Bucket=bucket, Key="k")


def test_throttling_reaches_the_client(
    gateway: Daemon, client: Any, bucket: str, proxy: FaultyProxy
) -> None:
    client.put_object(Bucket=bucket, Key="there", Body=b"x")
    proxy.canned = canned(503, b"", "Retry-After: 7")
    proxy.reset()
    asks = [("PUT", "k", b"x"), ("PUT", "k", bytes(9 * MIB)), ("GET", "there", b"")]
    for method, key, body in asks:
        answer = ask_signed(gateway, method, f"/bucket/{key}", body=body)
        assert (answer.status, answer.error_code) == (503, "SlowDown")
        assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("body", [b"", NO_BUCKET, b"<html>page not found</html>"])
def test_only_what_the_upstream_calls_absent_is_forgotten(
    gateway: Daemon, client: Any, bucket: str, proxy: FaultyProxy, body: bytes
) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"content")
    for method in ("GET", "HEAD"):
        proxy.canned = canned(404, b"" if method == "HEAD" else body)
        proxy.reset()
        ask_signed(gateway, method, "/bucket/k")
        proxy.mend()
        assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"content"


@pytest.mark.parametrize(
    "answer", [canned(500), canned(403, DENIED), b"this is not HTTP\r\n\r\n", canned(404)]
)
def test_other_failures_are_not_the_clients(
    gateway: Daemon, client: Any, bucket: str, proxy: FaultyProxy, answer: bytes
) -> None:
    proxy.canned = answer
    proxy.reset()
    with refused("ServiceUnavailable", 503):
        client.put_object(Bucket=bucket, Key="k", Body=b"x")
    if DENIED in answer:
        assert "check the rights that the credentials have there" in gateway.log
    proxy.mend()
    client.put_object(Bucket=bucket, Key="k", Body=b"x")


def test_an_upstream_that_is_down_comes_back(client: Any, bucket: str, proxy: FaultyProxy) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"x" * MIB)
    proxy.stop()
    with refused("ServiceUnavailable", 503):
        client.put_object(Bucket=bucket, Key="new", Body=b"x")
    with refused("ServiceUnavailable", 503):
        client.get_object(Bucket=bucket, Key="k")
    proxy.start()
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x" * MIB


def assert_cut(gateway: Daemon) -> None:
    """A GET ends in an error, or too soon: before its first byte or after."""
    with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)) as connection:
        connection.request("GET", "/bucket/k", headers=signed_headers(gateway, "GET", "/bucket/k"))
        answer = connection.getresponse()
        if answer.status != 200:
            assert answer.status == 503
            return
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            answer.read()


def test_a_download_that_is_cut_is_not_taken_for_complete(
    gateway: Daemon, client: Any, bucket: str, proxy: FaultyProxy
) -> None:
    data = os.urandom(8 * MIB)
    client.put_object(Bucket=bucket, Key="k", Body=data)
    proxy.down_bytes, proxy.is_lasting = 3 * MIB, True
    assert_cut(gateway)
    proxy.mend()
    target = "/bucket/k"
    assert ask(gateway, "GET", target, signed_headers(gateway, "GET", target)).body == data


@pytest.mark.parametrize("size", [MIB, 12 * MIB])
def test_a_download_that_is_changed_on_its_way_is_not_taken_for_complete(
    gateway: Daemon, client: Any, bucket: str, proxy: FaultyProxy, size: int
) -> None:
    mark = b"here it is changed"
    # Many times, since the proxy overlooks what comes in two pieces.
    data = b"".join(mark + os.urandom(size // 16) for _ in range(16))
    client.put_object(Bucket=bucket, Key="k", Body=data)
    proxy.flipped = mark
    assert_cut(gateway)
    proxy.mend()
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == data
