"""Signatures, held against those that Microsoft's own library makes."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy
from azure.storage.blob._shared_access_signature import BlobSharedAccessSignature

from bleepstore.clock import StoppedClock, parse_http_date
from bleepstore.storage.azure.access import KeyAccess, SasAccess
from bleepstore.storage.azure.signing import VERSION, read_token, shared_key
from bleepstore.storage.remote.client import Outgoing
from tests.upstreams.azure import KEY

ACCOUNT = "myaccount"
RAW_KEY = base64.b64decode(KEY)
DATE = "Fri, 26 Jun 2015 23:39:12 GMT"
INSTANT_MS = parse_http_date(DATE) or 0


def theirs(method: str, url: str, headers: dict[str, str], body_bytes: int) -> str:
    length = {"content-length": str(body_bytes)} if body_bytes else {}
    request = HttpRequest(method, url, headers={**headers, **length})
    policy = SharedKeyCredentialPolicy(ACCOUNT, KEY)
    context = PipelineContext(SimpleNamespace())  # type: ignore[arg-type]
    policy.on_request(PipelineRequest(request, context))
    return str(request.headers["Authorization"])


BASE = {"x-ms-date": DATE, "x-ms-version": VERSION}


@pytest.mark.parametrize(
    ("method", "url", "headers", "body_bytes"),
    [
        ("GET", "https://h/mycontainer?restype=container&comp=metadata&timeout=20", {}, 0),
        ("PUT", "https://h/c/a%20b/%C3%BC//%25", {"content-md5": "aGVsbG8="}, 1234),
        ("PUT", "https://h/c/b?comp=block&blockid=YWJj%2B%2F%3D%3D", {}, 8 * 1024 * 1024),
        ("GET", "http://127.0.0.1:1/myaccount/c/b", {"if-match": '"0x8D"'}, 0),
        (
            "PUT",
            "https://h/c/b?comp=blocklist",
            {
                "x-ms-meta-a1": "digit",
                "x-ms-meta-a_": "underscore",
                "x-ms-meta-a_b": "both",
                "x-ms-meta-ab": "letter",
                "x-ms-meta-a": "one",
                "x-ms-meta-_": "only",
                "x-ms-blob-content-type": "text/plain",
                "x-ms-blob-content-md5": "aGVsbG8=",
                "x-ms-source-range": "bytes=0-1",
                "x-ms-source-if-match": '"0x8D"',
                "x-ms-copy-source": "https://h/c/a?sig=b",
            },
            20,
        ),
    ],
)
def test_requests_are_signed_as_by_microsoft(
    method: str, url: str, headers: dict[str, str], body_bytes: int
) -> None:
    signed = {**BASE, **headers}
    ours = shared_key(ACCOUNT, RAW_KEY, method, url, signed, body_bytes)
    assert ours == theirs(method, url, signed, body_bytes)


@pytest.mark.parametrize("name", ["b", "a b/ü%20//🪣", "x?y=z&sig"])
def test_the_right_to_read_is_signed_as_by_microsoft(name: str) -> None:
    ours = parse_qs(read_token(ACCOUNT, RAW_KEY, "container", name, INSTANT_MS))
    signer = BlobSharedAccessSignature(ACCOUNT, KEY)
    signer.x_ms_version = VERSION  # the library's own is the newest that it knows
    theirs = signer.generate_blob("container", name, permission="r", expiry="2015-06-26T23:39:12Z")
    assert ours == parse_qs(theirs)


def test_no_secret_is_shown() -> None:
    accesses = [
        KeyAccess(ACCOUNT, RAW_KEY, StoppedClock(INSTANT_MS)),
        SasAccess("sv=2021&sig=secret"),
    ]
    assert "secret" not in repr(accesses)
    assert repr(RAW_KEY)[2:10] not in repr(accesses)
    assert "secret" not in repr(Outgoing("GET", "https://h/c?sig=secret", {"a": "secret"}))
