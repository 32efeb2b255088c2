from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.errors import S3Error
from bleepstore.protocol.address import Addressing
from bleepstore.protocol.query import parse_query
from bleepstore.values import Address, RequestHead


def head(target: bytes, host: str = "localhost:9000") -> RequestHead:
    return RequestHead("GET", target, {"host": host}, "127.0.0.1", False, "R", 0)


def parse(target: bytes, host: str = "localhost:9000", *domains: str) -> Address:
    return Addressing(domains).parse(head(target, host))


def code_of(target: bytes) -> str:
    with pytest.raises(S3Error) as caught:
        parse(target)
    return caught.value.code


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (b"/", Address()),
        (b"/?x=1", Address()),
        (b"/bucket", Address("bucket")),
        (b"/bucket/", Address("bucket")),
        (b"/bucket/?prefix=a/b", Address("bucket")),
        (b"/bucket/a/b", Address("bucket", "a/b")),
        (b"/bucket/a//b", Address("bucket", "a//b")),
        (b"/bucket//a", Address("bucket", "/a")),
        (b"/bucket/a/../b", Address("bucket", "a/../b")),
        (b"/bucket/../../etc/passwd", Address("bucket", "../../etc/passwd")),
        (b"/bucket/dir/", Address("bucket", "dir/")),
        (b"/bucket/a%2Fb", Address("bucket", "a/b")),
        (b"/bucket/100%25", Address("bucket", "100%")),
        (b"/bucket/a+b", Address("bucket", "a+b")),
        (b"/bucket/%0A", Address("bucket", "\n")),
        (b"/bucket/%F0%9F%98%80", Address("bucket", "\N{GRINNING FACE}")),
        (b"/bucket/a?versionId=1", Address("bucket", "a")),
        (b"/bucket/%3F", Address("bucket", "?")),
    ],
)
def test_path_style(target: bytes, address: Address) -> None:
    assert parse(target) == address


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=256))
def test_every_key_that_s3_allows_survives(key: str) -> None:
    assert parse(b"/bucket/" + quote(key, safe="").encode()).key == key


def test_the_longest_key_is_1024_bytes_of_utf8() -> None:
    assert parse(b"/bucket/" + quote("é" * 512).encode()).key == "é" * 512
    assert code_of(b"/bucket/" + quote("é" * 512 + "a").encode()) == "KeyTooLongError"


@pytest.mark.parametrize("target", [b"/bucket/%FF", b"/bucket/%00", b"/%FF/key", b"/bucket/a%00b"])
def test_what_is_no_text_is_refused(target: bytes) -> None:
    assert code_of(target) == "InvalidURI"


@pytest.mark.parametrize("target", [b"//key", b"/..", b"/-bucket-/k", b"/b%2Fc/k", b"/ab%0A/k"])
def test_what_can_be_no_bucket_is_refused(target: bytes) -> None:
    assert code_of(target) == "InvalidBucketName"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("bucket.s3.example.com", Address("bucket", "a/b")),
        ("bucket.s3.example.com:9000", Address("bucket", "a/b")),
        ("BUCKET.S3.Example.COM", Address("bucket", "a/b")),
        ("my.dotted.bucket.s3.example.com", Address("my.dotted.bucket", "a/b")),
        ("bucket.other.example", Address("bucket", "a/b")),
    ],
)
def test_virtual_hosted_style(host: str, address: Address) -> None:
    assert parse(b"/a/b", host, "s3.example.com", "other.example") == address


@pytest.mark.parametrize("host", ["s3.example.com", "[::1]:9000", "10.0.0.1", "", "example.com"])
def test_any_other_host_is_path_style(host: str) -> None:
    assert parse(b"/bucket/k", host, "s3.example.com") == Address("bucket", "k")


def test_a_hosted_bucket_without_key() -> None:
    assert parse(b"/", "bucket.s3.example.com", "s3.example.com") == Address("bucket")


def test_queries_keep_blank_values_and_the_first_of_a_repeated_name() -> None:
    assert parse_query(b"acl&a=1&a=2&b=x%20y+z") == {"acl": "", "a": "1", "b": "x y z"}


@pytest.mark.parametrize("raw", [b"a=%FF", b"&".join(b"a%d=1" % n for n in range(300)), b"\xff"])
def test_queries_within_limits(raw: bytes) -> None:
    with pytest.raises(S3Error) as caught:
        parse_query(raw)
    assert caught.value.code == "InvalidURI"


@given(st.binary(max_size=200))
def test_no_query_is_worse_than_an_s3_error(raw: bytes) -> None:
    try:
        parse_query(raw)
    except S3Error as error:
        assert error.code == "InvalidURI"
