"""What the tests of authentication share: Amazon's example account and a stopped server."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Coroutine, Mapping
from typing import Any, TypeVar

import pytest
from attrs import evolve, frozen
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from bleepstore.auth.authenticate import Authenticated, Authenticator
from bleepstore.auth.signer import Signer
from bleepstore.clock import StoppedClock
from bleepstore.errors import S3Error
from bleepstore.interfaces import ICredentials
from bleepstore.values import Credential, Owner, RequestHead

T = TypeVar("T")

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"
HOST = "examplebucket.s3.amazonaws.com"
NOW_MS = 1_369_353_600_000
TIMESTAMP = "20130524T000000Z"
SCOPE = "20130524/us-east-1/s3/aws4_request"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
CREDENTIAL = Credential(ACCESS_KEY, SECRET_KEY, Owner("owner-id", "owner"))
SIGNER = Signer(ACCESS_KEY, SECRET_KEY, REGION)


@implementer(ICredentials)
@frozen
class OneCredential:
    """Knows the example account and nobody else."""

    def find(self, access_key: str) -> Awaitable[Credential | None]:
        return succeed(CREDENTIAL if access_key == ACCESS_KEY else None)


def authenticator(
    now_ms: int = NOW_MS, region: str = REGION, public_hosts: tuple[str, ...] = ()
) -> Authenticator:
    return Authenticator(OneCredential(), region, StoppedClock(now_ms), public_hosts)


def head(
    method: str = "GET", target: bytes = b"/", headers: Mapping[str, str] | None = None
) -> RequestHead:
    return RequestHead(
        method=method,
        target=target,
        headers={"host": HOST} if headers is None else headers,
        remote_address="192.0.2.1",
        secure=False,
        request_id="0123456789ABCDEF",
        received_ms=NOW_MS,
    )


def signed_head(
    method: str = "GET",
    target: bytes = b"/",
    headers: Mapping[str, str] | None = None,
    payload_hash: str = EMPTY_SHA256,
    now_ms: int = NOW_MS,
    signer: Signer = SIGNER,
) -> RequestHead:
    all_headers = {"host": HOST, **(headers or {})}
    return head(
        method, target, signer.sign_headers(method, target, all_headers, payload_hash, now_ms)
    )


def with_headers(request: RequestHead, **changes: str | None) -> RequestHead:
    """Change, add or (None) remove headers; underscores stand for hyphens."""
    headers = dict(request.headers)
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"), None)
        if value is not None:
            headers[name.replace("_", "-")] = value
    return evolve(request, headers=headers)


def result_of(coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
    """The result of a coroutine that waits for nothing that has not happened."""
    results: list[Any] = []
    Deferred.fromCoroutine(coroutine).addBoth(results.append)
    assert results, "still waiting"
    if isinstance(results[0], Failure):
        results[0].raiseException()
    result: T = results[0]
    return result


def accept(request: RequestHead, server: Authenticator | None = None) -> Authenticated:
    return result_of((server or authenticator()).authenticate(request))


def refuse(request: RequestHead, server: Authenticator | None = None) -> S3Error:
    with pytest.raises(S3Error) as caught:
        accept(request, server)
    return caught.value
