from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.auth.canonical import (
    canonical_path,
    canonical_query,
    canonical_request,
    canonical_value,
    query_fields,
)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        (b"", "/"),
        (b"/", "/"),
        (b"//a/./../b//", "//a/./../b//"),
        (b"/a%2fb%7E", "/a/b~"),
        (b"/a+b c", "/a%2Bb%20c"),
        (b"/%c3%a9", "/%C3%A9"),
        (b"/\xc3\xa9", "/%C3%A9"),
        (b"/%ff\xfe", "/%FF%FE"),
        (b"/%zz%", "/%25zz%25"),
        (b"/a'(b)*!$", "/a%27%28b%29%2A%21%24"),
    ],
)
def test_path(raw: bytes, canonical: str) -> None:
    assert canonical_path(raw) == canonical


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        (b"", ""),
        (b"acl", "acl="),
        (b"b=2&a=1", "a=1&b=2"),
        (b"a=2&a=1&a", "a=&a=1&a=2"),
        (b"a-b=1&a=1", "a=1&a-b=1"),
        (b"a=x+y%2B/", "a=x%20y%2B%2F"),
        (b"&&a=1&", "a=1"),
        (b"a=b=c", "a=b%3Dc"),
        (b"%zz=\xff", "%25zz=%FF"),
        (b"X-Amz-Signature=abc&X-Amz-Date=d", "X-Amz-Date=d"),
    ],
)
def test_query(raw: bytes, canonical: str) -> None:
    assert canonical_query(query_fields(raw)) == canonical


@given(st.binary())
def test_paths_of_any_bytes_are_already_canonical_the_second_time(raw: bytes) -> None:
    once = canonical_path(raw)
    assert canonical_path(once.encode("ascii")) == once


@given(st.binary())
def test_queries_of_any_bytes_are_already_canonical_the_second_time(raw: bytes) -> None:
    once = query_fields(raw)
    text = "&".join(f"{name}={value}" for name, value in once)
    assert query_fields(text.encode("ascii")) == once


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("  a   b\tc ", "a b c"),
        ("", ""),
        ("é  é", "é é"),
        ("é\u00a0\u2003é", "é\u00a0\u2003é"),
        ('"a  b"', '"a b"'),
    ],
)
def test_header_value(value: str, canonical: str) -> None:
    assert canonical_value(value) == canonical


def test_bytes_that_are_not_utf8_are_signed_as_they_are() -> None:
    value = b"\xff".decode("utf-8", "surrogateescape")
    request = canonical_request("GET", "/", "", {"x-amz-meta-a": value}, ["x-amz-meta-a"], "hash")
    assert request == b"GET\n/\n\nx-amz-meta-a:\xff\n\nx-amz-meta-a\nhash"


def test_a_signed_header_that_is_missing_has_no_line() -> None:
    request = canonical_request("GET", "/", "", {}, ["host"], "hash")
    assert request == b"GET\n/\n\n\nhost\nhash"


_escaped = st.lists(
    st.sampled_from([b"%", b"/", b"+", b"=", b"&", b"a", b"~", b" "])
    | st.integers(0, 255).map(lambda byte: b"%%%02X" % byte)
    | st.integers(0, 255).map(lambda byte: b"%%%02x" % byte),
    max_size=8,
).map(b"".join)


@given(_escaped)
def test_paths_have_one_spelling(raw: bytes) -> None:
    assert canonical_path(b"/" + raw) == "/" + quote(unquote_to_bytes(raw), safe="/~")


@given(_escaped)
def test_queries_have_one_spelling(raw: bytes) -> None:
    pairs = [field.partition(b"=") for field in raw.split(b"&") if field]
    assert query_fields(raw) == sorted(
        (
            quote(unquote_to_bytes(name.replace(b"+", b" ")), safe="~"),
            quote(unquote_to_bytes(value.replace(b"+", b" ")), safe="~"),
        )
        for name, _, value in pairs
    )
