"""botocore signs, we verify: an independent implementation over all of Unicode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from attrs import evolve
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode, percent_encode_sequence
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bleepstore.auth.canonical import canonical_path, query_fields
from bleepstore.values import RequestHead
from tests.auth.signing import (
    ACCESS_KEY,
    NOW_MS,
    REGION,
    SECRET_KEY,
    accept,
    head,
    refuse,
)

_CREDENTIALS = Credentials(ACCESS_KEY, SECRET_KEY)
_HOST = "localhost:9000"

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_pieces = st.sampled_from(["/", "//", "..", ".", "%", "%2F", "+", " ", "~", "é", "😀", "\n", "&="])
_keys = st.lists(_text | _pieces, max_size=5).map("".join)
_names = st.sampled_from(
    ["prefix", "marker", "list-type", "a", "a-b", "a.b", "A", "versionId", "é"]
)
_queries = st.dictionaries(
    _names | st.text("ab-._~%+ é", min_size=1, max_size=4), _keys, max_size=4
)
# Field values (RFC 9110 section 5.5) with spaces; botocore takes other white space for spaces.
_values = st.text(
    st.one_of(
        st.characters(min_codepoint=0x20, max_codepoint=0x7E),
        st.characters(min_codepoint=0xA1, exclude_categories=["Cs", "Zs", "Zl", "Zp"]),
        st.just(" "),
    ),
    max_size=20,
)
_headers = st.dictionaries(
    st.sampled_from(["x-amz-meta-a", "x-amz-meta-b", "content-type", "range", "x-amz-acl"]),
    _values,
    max_size=3,
)


@contextmanager
def _at_the_time_of_the_server() -> Iterator[None]:
    now = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    with patch("botocore.auth.get_current_datetime", return_value=now):
        yield


def _url(key: str, query: dict[str, str]) -> str:
    url = f"http://{_HOST}/bucket/{percent_encode(key, safe='/~')}"
    return f"{url}?{percent_encode_sequence(query)}" if query else url


def _head_of(request: AWSRequest, headers: dict[str, str]) -> RequestHead:
    method, url = request.method, request.url
    assert isinstance(method, str)
    assert isinstance(url, str)
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return head(method, target.encode("ascii"), {"host": _HOST, **headers})


def _signed(method: str, key: str, query: dict[str, str], headers: dict[str, str]) -> RequestHead:
    request = AWSRequest(method=method, url=_url(key, query), headers=headers, data=b"data")
    with _at_the_time_of_the_server():
        S3SigV4Auth(_CREDENTIALS, "s3", REGION).add_auth(request)
    return _head_of(request, {name.lower(): value for name, value in request.headers.items()})


@settings(max_examples=150, deadline=None)
@given(method=st.sampled_from(["GET", "PUT"]), key=_keys, query=_queries, headers=_headers)
def test_headers_signed_by_botocore_verify(
    method: str, key: str, query: dict[str, str], headers: dict[str, str]
) -> None:
    authenticated = accept(_signed(method, key, query, headers))
    assert authenticated.principal.access_key == ACCESS_KEY


@settings(max_examples=150, deadline=None)
@given(key=_keys, query=_queries, expires=st.integers(1, 604800))
def test_urls_presigned_by_botocore_verify(key: str, query: dict[str, str], expires: int) -> None:
    request = AWSRequest(method="GET", url=_url(key, query))
    with _at_the_time_of_the_server():
        S3SigV4QueryAuth(_CREDENTIALS, "s3", REGION, expires=expires).add_auth(request)
    authenticated = accept(_head_of(request, {}))
    assert authenticated.principal.access_key == ACCESS_KEY


def _meaning(target: bytes) -> tuple[str, list[tuple[str, str]]]:
    path, _, query = target.partition(b"?")
    return canonical_path(path), query_fields(query)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), key=_keys, query=_queries)
def test_a_target_with_one_bit_changed_does_not_verify(
    data: st.DataObject, key: str, query: dict[str, str]
) -> None:
    request = _signed("GET", key, query, {})
    changed = bytearray(request.target)
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    # ``%c3`` for ``%C3`` and the like say the same.
    assume(_meaning(bytes(changed)) != _meaning(request.target))
    refuse(evolve(request, target=bytes(changed)))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), headers=_headers)
def test_a_signed_header_with_one_bit_changed_does_not_verify(
    data: st.DataObject, headers: dict[str, str]
) -> None:
    request = _signed("GET", "key", {}, headers)
    name = data.draw(st.sampled_from(sorted(request.headers)))
    value = bytearray(request.headers[name].strip().encode())
    assume(value)
    position = data.draw(st.integers(0, len(value) - 1))
    value[position] ^= 1 << data.draw(st.integers(0, 7))
    changed = value.decode("utf-8", "surrogateescape")
    assume(changed.split() != request.headers[name].split())
    assume(not _says_the_same(name, changed, request.headers[name]))
    refuse(evolve(request, headers={**request.headers, name: changed}))


def _says_the_same(name: str, changed: str, original: str) -> bool:
    """The separators in an Authorization header may be written in more than one way."""

    def parts(text: str) -> list[str]:
        return text.replace(",", " ").split()

    return name == "authorization" and parts(changed) == parts(original)


def test_a_date_header_stands_in_for_x_amz_date() -> None:
    request = _signed("GET", "key", {}, {"Date": "to be replaced"})
    assert request.headers["date"].startswith("Fri, 24 May 2013 00:00:00 ")
    assert "x-amz-date" not in request.headers
    assert accept(request).principal.access_key == ACCESS_KEY


@pytest.mark.parametrize("method", ["PUT", "HEAD", "get"])
def test_another_method_does_not_verify(method: str) -> None:
    request = _signed("GET", "key", {}, {})
    assert refuse(evolve(request, method=method)).code == "SignatureDoesNotMatch"
