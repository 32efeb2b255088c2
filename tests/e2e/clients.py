"""Clients of the daemon: boto3, and signed requests over a bare HTTP connection."""

from __future__ import annotations

import hashlib
import http.client
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from bleepstore.auth.signer import Signer
from bleepstore.clock import Clock
from tests.e2e.daemon import ALICE, REGION, Daemon, User

_TIMEOUT_SECONDS = 30


def boto3_client(daemon: Daemon, user: User = ALICE, **options: Any) -> Any:
    """A boto3 S3 client that asks once and does not wait for ever.

    Args:
        options: ``endpoint_url``, ``verify`` and ``region`` of the client; all others are its configuration.
    """
    options.setdefault("s3", {"addressing_style": "path"})
    options.setdefault("endpoint_url", daemon.endpoint)
    endpoint_url, verify = options.pop("endpoint_url"), options.pop("verify", None)
    region = options.pop("region", REGION)
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        verify=verify,
        region_name=region,
        aws_access_key_id=user.access_key,
        aws_secret_access_key=user.secret_key,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=_TIMEOUT_SECONDS,
            read_timeout=_TIMEOUT_SECONDS,
            **options,
        ),
    )


@contextmanager
def refused(code: str, status: int | None = None) -> Iterator[list[ClientError]]:
    """Expects boto3 to raise an error of this code; the list then holds it."""
    caught: list[ClientError] = []
    with pytest.raises(ClientError) as info:
        yield caught
    caught.append(info.value)
    error: Any = info.value.response
    assert error["Error"]["Code"] == code
    if status is not None:
        assert error["ResponseMetadata"]["HTTPStatusCode"] == status


class Answer(NamedTuple):
    """A response that is over."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def error_code(self) -> str:
        """The ``Code`` of an error document; empty without one."""
        found = re.search(rb"<Code>(.*?)</Code>", self.body)
        return found[1].decode() if found else ""


def signer(user: User = ALICE, region: str = REGION) -> Signer:
    return Signer(user.access_key, user.secret_key, region)


def ask(
    daemon: Daemon,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """One request exactly as given (with Content-Length for a body) on a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=_TIMEOUT_SECONDS)
    with closing(connection):
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        given = {"host": f"127.0.0.1:{daemon.port}", **(headers or {})}
        if (body or method == "PUT") and "transfer-encoding" not in given:
            given.setdefault("content-length", str(len(body)))
        for name, value in given.items():
            connection.putheader(name, value.encode("utf-8"))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


def signed_headers(
    daemon: Daemon,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    payload_hash: str = "UNSIGNED-PAYLOAD",
    user: User = ALICE,
) -> dict[str, str]:
    """Headers for :func:`ask`, signed now."""
    given = {"host": f"127.0.0.1:{daemon.port}", **(headers or {})}
    return signer(user).sign_headers(method, target.encode(), given, payload_hash, Clock().now_ms())


def ask_signed(
    daemon: Daemon,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    user: User = ALICE,
) -> Answer:
    """One request whose headers and body are signed."""
    payload_hash = hashlib.sha256(body).hexdigest()
    signed = signed_headers(daemon, method, target, headers, payload_hash, user)
    return ask(daemon, method, target, signed, body)


def presigned(
    daemon: Daemon, method: str, target: str, expires_seconds: int = 600, user: User = ALICE
) -> str:
    """The target with a signature in its query, valid from now on."""
    host = {"host": f"127.0.0.1:{daemon.port}"}
    made = signer(user).presign(method, target.encode(), host, expires_seconds, Clock().now_ms())
    return made.decode("ascii")
