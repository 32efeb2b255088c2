"""Whatever a stranger sends, authentication answers or refuses; it never breaks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bleepstore.auth.payload import SIGNED_CHUNKS
from bleepstore.errors import S3Error
from tests.auth.signing import (
    ACCESS_KEY,
    EMPTY_SHA256,
    HOST,
    SCOPE,
    TIMESTAMP,
    accept,
    authenticator,
    head,
    signed_head,
)

# As header values come from the wire: bytes decoded with surrogateescape.
_any_value = st.binary(max_size=60).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
_grammar = st.lists(
    st.sampled_from(
        [
            "AWS4-HMAC-SHA256",
            " ",
            "Credential=",
            f"{ACCESS_KEY}/{SCOPE}",
            "/",
            ",",
            "=",
            "SignedHeaders=",
            "host;x-amz-date;x-amz-content-sha256",
            ";",
            "Signature=",
            "0" * 64,
            "\x00",
            "\udcff",
            "é",
            "%",
            "AWS ",
            ":",
        ]
    ),
    max_size=14,
).map("".join)
_payload_hashes = st.sampled_from([EMPTY_SHA256, SIGNED_CHUNKS]) | _any_value
_dates = st.sampled_from(
    [
        TIMESTAMP,
        "00010101T000000Z",
        "99991231T235959Z",
        "Fri, 24 May 2013 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "\u0662\u0660\u0661\u0663\u0660\u0665\u0662\u0664T000000Z",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    authorization=_any_value | _grammar | _grammar.map(lambda text: f"AWS4-HMAC-SHA256 {text}"),
    payload_hash=_payload_hashes,
    date=_dates | _any_value,
    date_header=st.sampled_from(["date", "x-amz-date"]),
)
def test_any_headers(authorization: str, payload_hash: str, date: str, date_header: str) -> None:
    headers = {
        "host": HOST,
        "authorization": authorization,
        "x-amz-content-sha256": payload_hash,
        date_header: date,
    }
    try:
        authenticated = accept(head("PUT", b"/", headers))
    except S3Error:
        return
    assert authenticated.principal.is_anonymous


_names = st.sampled_from(
    [
        b"X-Amz-Algorithm",
        b"X-Amz-Credential",
        b"X-Amz-Date",
        b"X-Amz-Expires",
        b"X-Amz-SignedHeaders",
        b"X-Amz-Signature",
        b"X-Amz-Content-Sha256",
        b"Signature",
        b"X-Amz-Security-Token",
    ]
)
_field_values = st.binary(max_size=30) | st.sampled_from(
    [
        b"AWS4-HMAC-SHA256",
        f"{ACCESS_KEY}/{SCOPE}".encode(),
        TIMESTAMP.encode(),
        b"60",
        b"host",
        b"%00",
        b"%ff",
        b"00010101T000000Z",
        b"99991231T235959Z",
    ]
)
_GOOD = {
    b"X-Amz-Algorithm": b"AWS4-HMAC-SHA256",
    b"X-Amz-Credential": f"{ACCESS_KEY}/{SCOPE}".encode(),
    b"X-Amz-Date": TIMESTAMP.encode(),
    b"X-Amz-Expires": b"60",
    b"X-Amz-SignedHeaders": b"host",
    b"X-Amz-Signature": b"0" * 64,
}


@settings(max_examples=300, deadline=None)
@given(changes=st.dictionaries(_names, _field_values, max_size=3), rest=st.binary(max_size=20))
def test_any_query(changes: dict[bytes, bytes], rest: bytes) -> None:
    fields = [name + b"=" + value for name, value in {**_GOOD, **changes}.items()]
    with pytest.raises(S3Error):
        accept(head("GET", b"/?" + b"&".join([*fields, rest])))


@settings(max_examples=100, deadline=None)
@given(path=st.binary(max_size=30), value=_any_value)
def test_any_bytes_in_a_signed_request(path: bytes, value: str) -> None:
    request = signed_head("GET", b"/" + path, {"x-amz-meta-a": value})
    assert accept(request).principal.access_key == ACCESS_KEY


@given(now_ms=st.integers(0, 4_000_000_000_000))
def test_any_time(now_ms: int) -> None:
    request = signed_head(now_ms=now_ms)
    assert accept(request, authenticator(now_ms)).principal.access_key == ACCESS_KEY
