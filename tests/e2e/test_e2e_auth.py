"""Who gets in: signatures in headers and queries, clocks, hosts and strangers."""

from __future__ import annotations

import http.client
import socket
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from attrs import evolve
from botocore import UNSIGNED
from botocore.config import Config

from bleepstore.clock import Clock
from tests.e2e.clients import (
    Answer,
    ask,
    ask_signed,
    boto3_client,
    presigned,
    refused,
    signed_headers,
    signer,
)
from tests.e2e.daemon import ALICE, BOB, REGION, Daemon, User

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def test_a_wrong_secret_is_told_what_should_have_been_signed(daemon: Daemon) -> None:
    with refused("SignatureDoesNotMatch", 403) as caught:
        boto3_client(daemon, evolve(ALICE, secret_key="wrong")).list_buckets()
    error: Any = caught[0].response["Error"]
    assert error["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    assert error["CanonicalRequest"].startswith("GET\n/\n")


def test_an_unknown_access_key_is_refused(daemon: Daemon) -> None:
    with refused("InvalidAccessKeyId", 403):
        boto3_client(daemon, User("AKIANOBODY", "secret", "")).list_buckets()


def test_one_users_key_with_anothers_secret_is_refused(daemon: Daemon) -> None:
    mixed = evolve(BOB, secret_key=ALICE.secret_key)
    with refused("SignatureDoesNotMatch", 403):
        boto3_client(daemon, mixed).list_buckets()


def test_strangers_are_refused(daemon: Daemon, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"secret")
    stranger = boto3.client(
        "s3",
        endpoint_url=daemon.endpoint,
        region_name=REGION,
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )
    for name, arguments in (
        ("get_object", {"Key": "k"}),
        ("put_object", {"Key": "k", "Body": b"x"}),
        ("delete_object", {"Key": "k"}),
        ("list_objects_v2", {}),
        ("delete_bucket", {}),
    ):
        with refused("AccessDenied", 403):
            getattr(stranger, name)(Bucket=bucket, **arguments)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"secret"


def test_a_presigned_url_reads_and_writes(daemon: Daemon, s3: Any, bucket: str) -> None:
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b"})
    assert _ask_url(daemon, "PUT", put, b"by url").status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b"})
    assert _ask_url(daemon, "GET", get).body == b"by url"


def test_a_presigned_url_is_for_its_method_and_key_only(
    daemon: Daemon, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.put_object(Bucket=bucket, Key="other", Body=b"y")
    target = presigned(daemon, "GET", f"/{bucket}/k")
    assert ask(daemon, "GET", target).status == 200
    for method, changed in (
        ("DELETE", target),
        ("GET", target.replace("/k?", "/other?")),
        ("GET", target + "&response-content-type=text%2Fhtml"),
        ("GET", target.replace("X-Amz-Expires=600", "X-Amz-Expires=6000")),
    ):
        answer = ask(daemon, method, changed)
        assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_a_presigned_url_expires(daemon: Daemon, bucket: str) -> None:
    then = Clock().now_ms() - HOUR_MS
    host = {"host": f"127.0.0.1:{daemon.port}"}
    target = signer().presign("GET", f"/{bucket}/k".encode(), host, 60, then).decode()
    for expired in (target, presigned(daemon, "GET", f"/{bucket}/k", 0)):
        answer = ask(daemon, "GET", expired)
        assert (answer.status, answer.error_code) == (403, "AccessDenied")
        assert b"Request has expired" in answer.body


@pytest.mark.parametrize("seconds", [604_801, -1])
def test_a_presigned_url_lives_at_most_a_week(daemon: Daemon, bucket: str, seconds: int) -> None:
    answer = ask(daemon, "GET", presigned(daemon, "GET", f"/{bucket}/k", seconds))
    assert (answer.status, answer.error_code) == (400, "AuthorizationQueryParametersError")


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_wrong_is_noticed(daemon: Daemon, minutes: int) -> None:
    now_ms = Clock().now_ms() + minutes * MINUTE_MS
    host = {"host": f"127.0.0.1:{daemon.port}"}
    headers = signer().sign_headers("GET", b"/", host, "UNSIGNED-PAYLOAD", now_ms)
    answer = ask(daemon, "GET", "/", headers)
    assert (answer.status, answer.error_code) == (403, "RequestTimeTooSkewed")


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_may_be_a_little_wrong(daemon: Daemon, minutes: int) -> None:
    now_ms = Clock().now_ms() + minutes * MINUTE_MS
    host = {"host": f"127.0.0.1:{daemon.port}"}
    headers = signer().sign_headers("GET", b"/", host, "UNSIGNED-PAYLOAD", now_ms)
    assert ask(daemon, "GET", "/", headers).status == 200


def test_another_region_is_named(daemon: Daemon) -> None:
    host = {"host": f"127.0.0.1:{daemon.port}"}
    headers = signer(region="us-west-2").sign_headers(
        "GET", b"/", host, "UNSIGNED-PAYLOAD", Clock().now_ms()
    )
    answer = ask(daemon, "GET", "/", headers)
    assert (answer.status, answer.error_code) == (400, "AuthorizationHeaderMalformed")
    assert f"<Region>{REGION}</Region>".encode() in answer.body


@pytest.mark.parametrize(
    "value",
    [
        "",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=x",
        "AWS4-HMAC-SHA256 Credential=x/y/z, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 nonsense nonsense",
        "AWS AKIAALICE:c2lnbmF0dXJl",
        "Basic YWxpY2U6c2VjcmV0",
        "Bearer token",
    ],
)
def test_nonsense_in_the_authorization_header_is_refused(daemon: Daemon, value: str) -> None:
    answer = ask(daemon, "GET", "/", {"authorization": value, "x-amz-date": "20260101T000000Z"})
    assert 400 <= answer.status <= 403
    assert answer.error_code


def test_a_header_that_was_signed_and_changed_is_noticed(daemon: Daemon, bucket: str) -> None:
    target = f"/{bucket}/k"
    headers = signed_headers(daemon, "PUT", target, {"x-amz-meta-colour": "blue"})
    answer = ask(daemon, "PUT", target, headers | {"x-amz-meta-colour": "red"}, b"x")
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_an_amz_header_that_was_not_signed_is_refused(daemon: Daemon, bucket: str) -> None:
    target = f"/{bucket}/k"
    headers = signed_headers(daemon, "PUT", target)
    answer = ask(daemon, "PUT", target, headers | {"x-amz-meta-sneaked": "in"}, b"x")
    assert answer.status == 403


def test_a_signature_for_one_bucket_does_not_open_another(
    daemon: Daemon, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    headers = signed_headers(daemon, "GET", "/another-bucket/k")
    answer = ask(daemon, "GET", f"/{bucket}/k", headers)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")
    for_other_host = signed_headers(daemon, "GET", "/k", {"host": "another-bucket.localhost"})
    answer = ask(daemon, "GET", "/k", for_other_host | {"host": f"{bucket}.localhost"})
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_buckets_are_host_names_below_the_domain(
    daemon: Daemon, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def resolve_localhost(host: Any, *arguments: Any, **more: Any) -> Any:
        name = "127.0.0.1" if str(host).endswith(".localhost") else host
        return resolve(name, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_localhost)
    hosted = boto3_client(
        daemon,
        s3={"addressing_style": "virtual"},
        endpoint_url=f"http://localhost:{daemon.port}",
    )
    hosted.put_object(Bucket=bucket, Key="a/b", Body=b"hosted")
    assert hosted.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"hosted"
    assert hosted.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    answer = ask_signed(daemon, "GET", f"/{bucket}/a/b")
    assert answer.body == b"hosted"


def test_a_presigned_head_of_a_missing_key_has_no_body(daemon: Daemon, bucket: str) -> None:
    answer = ask(daemon, "HEAD", presigned(daemon, "HEAD", f"/{bucket}/k"))
    assert (answer.status, answer.body) == (404, b"")


def _ask_url(daemon: Daemon, method: str, url: str, body: bytes = b"") -> Answer:
    parts = urlsplit(url)
    assert parts.port == daemon.port
    return ask(daemon, method, f"{parts.path}?{parts.query}", body=body)


def test_the_secret_is_never_in_the_log(daemon: Daemon) -> None:
    with refused("SignatureDoesNotMatch"):
        boto3_client(daemon, evolve(BOB, secret_key="not-bobs")).list_buckets()
    assert BOB.secret_key not in daemon.log
    assert ALICE.secret_key not in daemon.log
    assert "Signature=" not in daemon.log


def test_keep_alive_survives_a_refusal(daemon: Daemon, bucket: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
    connection.connect()
    before = connection.sock.getsockname()
    connection.request("GET", f"/{bucket}/k", headers={"Host": f"127.0.0.1:{daemon.port}"})
    refusal = connection.getresponse()
    refusal.read()
    assert refusal.status == 403
    connection.request("GET", "/", headers=signed_headers(daemon, "GET", "/"))
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    assert connection.sock.getsockname() == before
    connection.close()
