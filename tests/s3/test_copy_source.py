from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.errors import S3Error
from bleepstore.s3.copy_source import (
    MAX_COPY_BYTES,
    CopySource,
    check_copy_size,
    parse_copy_range,
    parse_copy_source,
)
from bleepstore.values import ByteRange

VERSION = "A" * 32


def source(text: str) -> CopySource:
    return parse_copy_source({"x-amz-copy-source": text})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bucket/key", CopySource("bucket", "key")),
        ("/bucket/key", CopySource("bucket", "key")),
        ("%2Fbucket%2Fkey", CopySource("bucket", "key")),
        ("bucket//key", CopySource("bucket", "/key")),
        ("bucket/a/b/", CopySource("bucket", "a/b/")),
        ("bucket/a+b%20c", CopySource("bucket", "a+b c")),
        ("bucket/ü", CopySource("bucket", "ü")),
        ("bucket/%C3%BC", CopySource("bucket", "ü")),
        ("bucket/what?", CopySource("bucket", "what?")),
        (f"bucket/key?versionId={VERSION}", CopySource("bucket", "key", VERSION)),
        ("bucket/key?versionId=null", CopySource("bucket", "key", "null")),
        (f"bucket/key%3FversionId={VERSION}", CopySource("bucket", f"key?versionId={VERSION}")),
    ],
)
def test_spellings_of_a_source(text: str, expected: CopySource) -> None:
    assert source(text) == expected


@given(st.text(min_size=1).filter(lambda key: key.isprintable()))
def test_a_quoted_key_comes_back(key: str) -> None:
    assert source(f"bucket/{quote(key, safe='')}") == CopySource("bucket", key)


@given(st.text())
def test_any_text_is_a_source_or_an_error_of_the_protocol(text: str) -> None:
    try:
        found = source(text)
    except S3Error as error:
        assert error.code in ("InvalidArgument", "NotImplemented")
    else:
        assert found.bucket
        assert found.key


def copy_range(text: str, size_bytes: int = 100) -> ByteRange:
    return parse_copy_range({"x-amz-copy-source-range": text}, size_bytes)


def test_ranges_of_a_source() -> None:
    assert parse_copy_range({}, 100) == ByteRange(0, 100)
    assert parse_copy_range({}, 0) == ByteRange(0, 0)
    assert copy_range("bytes=0-99") == ByteRange(0, 100)
    assert copy_range("bytes=7-7") == ByteRange(7, 1)


@pytest.mark.parametrize(
    "text", ["", "bytes", "bytes=", "bytes=-1", "bytes=1-", "0-1", "bytes=0-1,2-3", "bytes= 0-1"]
)
def test_what_is_no_range_of_a_source(text: str) -> None:
    with pytest.raises(S3Error) as caught:
        copy_range(text)
    assert caught.value.code == "InvalidArgument"
    assert "must be of the form bytes=first-last" in caught.value.message


@pytest.mark.parametrize("text", ["bytes=0-100", "bytes=100-100", "bytes=2-1"])
def test_ranges_outside_of_the_source(text: str) -> None:
    with pytest.raises(S3Error) as caught:
        copy_range(text)
    assert caught.value.code == "InvalidArgument"
    assert caught.value.message == "Range specified is not valid for source object of size: 100"


def test_sources_have_a_greatest_size() -> None:
    check_copy_size(MAX_COPY_BYTES)
    assert copy_range(f"bytes=1-{MAX_COPY_BYTES}", MAX_COPY_BYTES * 2).length == MAX_COPY_BYTES
    for refused in (
        lambda: check_copy_size(MAX_COPY_BYTES + 1),
        lambda: parse_copy_range({}, MAX_COPY_BYTES + 1),
        lambda: copy_range(f"bytes=0-{MAX_COPY_BYTES}", MAX_COPY_BYTES * 2),
    ):
        with pytest.raises(S3Error) as caught:
            refused()
        assert caught.value.code == "InvalidRequest"
        assert caught.value.message.endswith("5368709120")
