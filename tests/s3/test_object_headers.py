from __future__ import annotations

import pytest

from bleepstore.errors import S3Error
from bleepstore.s3.checksums import DeclaredChecksum, declared_checksum
from bleepstore.s3.object_headers import (
    object_headers,
    overridden,
    storage_class,
    stored_headers,
    user_metadata,
)
from bleepstore.s3.unsupported import refuse_unsupported_headers
from bleepstore.values import ChecksumAlgorithm, ObjectVersion, Owner


def code_of(function: object, *arguments: object) -> str:
    assert callable(function)
    with pytest.raises(S3Error) as caught:
        function(*arguments)
    return caught.value.code


def test_system_metadata_is_kept_and_framing_is_not() -> None:
    headers = {
        "content-type": "text/plain",
        "content-encoding": "aws-chunked,gzip",
        "cache-control": "no-store",
        "host": "x",
    }
    assert stored_headers(headers) == {
        "content-type": "text/plain",
        "content-encoding": "gzip",
        "cache-control": "no-store",
    }
    assert stored_headers({"content-encoding": "aws-chunked"}) == {
        "content-type": "binary/octet-stream"
    }


def test_user_metadata_is_unicode_and_comes_back_encoded() -> None:
    metadata = user_metadata({"x-amz-meta-a": "plain", "x-amz-meta-b": "Zoë", "other": "x"})
    assert metadata == {"a": "plain", "b": "Zoë"}
    version = ObjectVersion("k", "null", 0, Owner("o"), user_metadata=metadata)
    shown = dict(object_headers(version))
    assert shown["x-amz-meta-a"] == "plain"
    assert user_metadata({"x-amz-meta-b": shown["x-amz-meta-b"]}) == {"b": "Zoë"}
    assert shown["x-amz-meta-b"].isascii()


def test_a_decoded_word_cannot_smuggle_a_header() -> None:
    sneaky = "=?UTF-8?Q?a=0D=0AX-Evil:_1?="
    assert user_metadata({"x-amz-meta-a": sneaky}) == {"a": sneaky}


def test_user_metadata_has_a_limit_of_two_kibibytes() -> None:
    assert user_metadata({"x-amz-meta-a": "x" * 2047}) == {"a": "x" * 2047}
    assert code_of(user_metadata, {"x-amz-meta-a": "x" * 2048}) == "MetadataTooLarge"
    assert code_of(user_metadata, {"x-amz-meta-a": "é" * 1024}) == "MetadataTooLarge"


def test_metadata_that_is_no_text_is_refused() -> None:
    value = b"\xff".decode("utf-8", "surrogateescape")
    assert code_of(user_metadata, {"x-amz-meta-a": value}) == "InvalidArgument"


def test_response_overrides() -> None:
    stored = [("content-type", "a/b"), ("etag", '"x"')]
    query = {"response-content-type": "c/d", "response-expires": "never"}
    assert overridden(stored, query, is_anonymous=False) == [
        ("etag", '"x"'),
        ("content-type", "c/d"),
        ("expires", "never"),
    ]
    assert code_of(overridden, stored, query, True) == "InvalidRequest"
    evil = {"response-content-type": "a\r\nX-Evil: 1"}
    assert code_of(overridden, stored, evil, False) == "InvalidArgument"


def test_storage_classes_that_would_need_a_restore_are_refused() -> None:
    assert storage_class({}) == "STANDARD"
    assert storage_class({"x-amz-storage-class": "STANDARD_IA"}) == "STANDARD_IA"
    assert code_of(storage_class, {"x-amz-storage-class": "GLACIER"}) == "InvalidStorageClass"


@pytest.mark.parametrize(
    "name", ["x-amz-server-side-encryption", "x-amz-object-lock-mode", "x-amz-write-offset-bytes"]
)
def test_what_cannot_be_done_is_refused_by_name(name: str) -> None:
    with pytest.raises(S3Error) as caught:
        refuse_unsupported_headers({name: "x"})
    assert caught.value.code == "NotImplemented"
    assert caught.value.elements == {"Header": name}


def test_declared_checksums() -> None:
    crc32 = ChecksumAlgorithm.CRC32
    assert declared_checksum({}, ()) == DeclaredChecksum(ChecksumAlgorithm.CRC64NVME)
    assert declared_checksum({"x-amz-checksum-crc32": "AAAAAA=="}, ()) == DeclaredChecksum(
        crc32, "AAAAAA=="
    )
    assert declared_checksum({}, ("x-amz-checksum-crc32",)) == DeclaredChecksum(
        crc32, in_trailer=True
    )
    assert declared_checksum({"x-amz-sdk-checksum-algorithm": "SHA1"}, ()) == DeclaredChecksum(
        ChecksumAlgorithm.SHA1
    )


@pytest.mark.parametrize(
    ("headers", "trailer"),
    [
        ({"x-amz-checksum-crc32": "AAAA"}, ()),
        ({"x-amz-checksum-crc32": "!!"}, ()),
        ({"x-amz-checksum-md4": "AAAA"}, ()),
        ({"x-amz-sdk-checksum-algorithm": "MD4"}, ()),
        ({}, ("x-amz-checksum-md4",)),
        ({}, ("content-type",)),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, ("x-amz-checksum-sha1",)),
    ],
)
def test_checksums_that_make_no_sense(headers: dict[str, str], trailer: tuple[str, ...]) -> None:
    assert code_of(declared_checksum, headers, trailer) == "InvalidRequest"
