"""CopyObject through boto3."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.clients import ask_signed, refused
from tests.e2e.daemon import Daemon

KIB = 1024
LATER = datetime.now(UTC) + timedelta(hours=1)
EARLIER = datetime.now(UTC) - timedelta(hours=1)
OTHER_ETAG = '"00000000000000000000000000000000"'


def put(s3: Any, bucket: str, key: str = "source", body: bytes = b"abc", **options: Any) -> Any:
    return s3.put_object(Bucket=bucket, Key=key, Body=body, **options)


def copy(s3: Any, bucket: str, key: str = "copy", source: str = "source", **options: Any) -> Any:
    place: dict[str, str] = {"Bucket": options.pop("source_bucket", bucket), "Key": source}
    if "version_id" in options:
        place["VersionId"] = options.pop("version_id")
    return s3.copy_object(Bucket=bucket, Key=key, CopySource=place, **options)


def content(s3: Any, bucket: str, key: str, **options: Any) -> bytes:
    data: bytes = s3.get_object(Bucket=bucket, Key=key, **options)["Body"].read()
    return data


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.mark.parametrize("size", [0, 10, 64 * KIB, 64 * KIB + 1, 3000 * KIB])
def test_a_copy_is_an_object_of_its_own(s3: Any, bucket: str, size: int) -> None:
    data = os.urandom(size)
    original = put(s3, bucket, body=data)
    copied = copy(s3, bucket)
    assert copied["CopyObjectResult"]["ETag"] == original["ETag"]
    assert copied["CopyObjectResult"]["ChecksumCRC32"] == original["ChecksumCRC32"]
    assert abs(copied["CopyObjectResult"]["LastModified"] - datetime.now(UTC)) < timedelta(
        minutes=1
    )
    s3.delete_object(Bucket=bucket, Key="source")
    got = s3.get_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert got["Body"].read() == data
    assert got["ChecksumCRC32"] == original["ChecksumCRC32"]


@pytest.mark.parametrize("key", ["a b/ü+%", "a//b", "../up", "x?versionId=y", "?", "plus+and%2B"])
def test_sources_of_any_name(s3: Any, bucket: str, key: str) -> None:
    put(s3, bucket, key, key.encode())
    copy(s3, bucket, source=key)
    assert content(s3, bucket, "copy") == key.encode()


def test_sources_as_other_clients_spell_them(daemon: Daemon, s3: Any, bucket: str) -> None:
    put(s3, bucket, "a b+c")
    for number, source in enumerate(
        (f"/{bucket}/a b+c", f"{bucket}/a%20b%2Bc", quote(f"/{bucket}/a b+c", safe=""))
    ):
        headers = {"x-amz-copy-source": source}
        assert ask_signed(daemon, "PUT", f"/{bucket}/{number}", headers).status == 200
        assert content(s3, bucket, str(number)) == b"abc"


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("", 400, "InvalidArgument"),
        ("/", 400, "InvalidArgument"),
        ("bucket", 400, "InvalidArgument"),
        ("bucket/", 400, "InvalidArgument"),
        ("/bucket/", 400, "InvalidArgument"),
        ("b/%ff", 400, "InvalidArgument"),
        ("no-such-bucket/k", 404, "NoSuchBucket"),
        ("{bucket}/no-such-key", 404, "NoSuchKey"),
        ("{bucket}/source?versionId=", 400, "InvalidArgument"),
        ("{bucket}/source?versionId=x", 400, "InvalidArgument"),
        ("arn:aws:s3:eu-central-1:123456789012:accesspoint/p/object/k", 501, "NotImplemented"),
    ],
)
def test_sources_that_are_none(
    daemon: Daemon, s3: Any, bucket: str, source: str, status: int, code: str
) -> None:
    put(s3, bucket)
    headers = {"x-amz-copy-source": source.format(bucket=bucket)}
    answer = ask_signed(daemon, "PUT", f"/{bucket}/copy", headers)
    assert (answer.status, answer.error_code) == (status, code)


def test_a_copy_brings_everything_along_but_its_storage_class(s3: Any, bucket: str) -> None:
    put(
        s3,
        bucket,
        ContentType="text/plain",
        CacheControl="no-cache",
        Metadata={"a": "b"},
        Tagging="t=1",
        StorageClass="STANDARD_IA",
    )
    copy(s3, bucket, ContentType="ignored/ignored", Metadata={"ignored": "x"})
    head = s3.head_object(Bucket=bucket, Key="copy")
    assert head["ContentType"] == "text/plain"
    assert head["CacheControl"] == "no-cache"
    assert head["Metadata"] == {"a": "b"}
    assert "StorageClass" not in head
    tags = s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"]
    assert tags == [{"Key": "t", "Value": "1"}]


def test_a_copy_may_replace_metadata_and_tags(s3: Any, bucket: str) -> None:
    put(s3, bucket, ContentType="text/plain", Metadata={"a": "b"}, Tagging="t=1")
    copy(
        s3,
        bucket,
        MetadataDirective="REPLACE",
        Metadata={"c": "d"},
        TaggingDirective="REPLACE",
        Tagging="u=2",
        StorageClass="STANDARD_IA",
    )
    head = s3.head_object(Bucket=bucket, Key="copy")
    assert head["ContentType"] == "binary/octet-stream"
    assert head["Metadata"] == {"c": "d"}
    assert head["StorageClass"] == "STANDARD_IA"
    tags = s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"]
    assert tags == [{"Key": "u", "Value": "2"}]


def test_directives_that_are_none(s3: Any, bucket: str) -> None:
    put(s3, bucket)
    for options in ({"MetadataDirective": "MOVE"}, {"TaggingDirective": "copy"}):
        with refused("InvalidArgument", 400):
            copy(s3, bucket, **options)


def test_a_source_cannot_be_decrypted(daemon: Daemon, s3: Any, bucket: str) -> None:
    put(s3, bucket)
    headers = {
        "x-amz-copy-source": f"{bucket}/source",
        "x-amz-copy-source-server-side-encryption-customer-algorithm": "AES256",
    }
    answer = ask_signed(daemon, "PUT", f"/{bucket}/copy", headers)
    assert (answer.status, answer.error_code) == (501, "NotImplemented")


def test_onto_itself_something_must_change(s3: Any, bucket: str) -> None:
    put(s3, bucket, "k", Metadata={"a": "b"})
    with refused("InvalidRequest", 400) as caught:
        copy(s3, bucket, "k", "k")
    assert "without changing the object's metadata" in str(caught[0])
    copy(s3, bucket, "k", "k", MetadataDirective="REPLACE", Metadata={"c": "d"})
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["Metadata"] == {"c": "d"}
    copy(s3, bucket, "k", "k", StorageClass="STANDARD_IA")
    assert content(s3, bucket, "k") == b"abc"


@pytest.mark.parametrize("algorithm", ["CRC32C", "SHA1", "SHA256", "CRC64NVME"])
@pytest.mark.parametrize("size", [0, 100, 300 * KIB])
def test_another_checksum_is_computed(s3: Any, bucket: str, algorithm: str, size: int) -> None:
    data = os.urandom(size)
    put(s3, bucket, body=data, ChecksumAlgorithm="CRC32")
    expected = put(s3, bucket, "other", data, ChecksumAlgorithm=algorithm)
    result = copy(s3, bucket, ChecksumAlgorithm=algorithm)["CopyObjectResult"]
    assert result[f"Checksum{algorithm}"] == expected[f"Checksum{algorithm}"]
    assert "ChecksumCRC32" not in result
    head = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == expected[f"Checksum{algorithm}"]


def test_across_buckets(s3: Any, bobs_s3: Any, bucket: str) -> None:
    other = f"{bucket}-other"
    s3.create_bucket(Bucket=other, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    put(s3, bucket)
    copy(s3, other, source_bucket=bucket)
    assert content(s3, other, "copy") == b"abc"
    strangers = f"{bucket}-bobs"
    bobs_s3.create_bucket(
        Bucket=strangers, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    for source in ("source", "no-such-key"):
        with refused("AccessDenied", 403):
            copy(bobs_s3, strangers, source=source, source_bucket=bucket)
    with refused("AccessDenied", 403):
        copy(s3, bucket, ExpectedSourceBucketOwner="b" * 64)


def test_versions(s3: Any, versioned: str) -> None:
    first = put(s3, versioned, "k", b"first")["VersionId"]
    second = put(s3, versioned, "k", b"second")["VersionId"]
    restored = copy(s3, versioned, "k", "k", version_id=first)
    assert restored["CopySourceVersionId"] == first
    assert restored["VersionId"] not in (first, second)
    assert content(s3, versioned, "k") == b"first"
    assert content(s3, versioned, "k", VersionId=second) == b"second"
    assert copy(s3, versioned, source="k")["CopySourceVersionId"] == restored["VersionId"]
    with refused("NoSuchVersion", 404):
        copy(s3, versioned, source="k", version_id="A" * 32)


def test_delete_markers_cannot_be_copied(s3: Any, versioned: str) -> None:
    put(s3, versioned)
    marker = s3.delete_object(Bucket=versioned, Key="source")["VersionId"]
    with refused("NoSuchKey", 404):
        copy(s3, versioned)
    with refused("InvalidRequest", 400):
        copy(s3, versioned, version_id=marker)


@pytest.mark.parametrize(
    ("conditions", "is_met"),
    [
        ({"IfMatch": "{etag}"}, True),
        ({"IfMatch": OTHER_ETAG}, False),
        ({"IfNoneMatch": OTHER_ETAG}, True),
        ({"IfNoneMatch": "{etag}"}, False),
        ({"IfUnmodifiedSince": LATER}, True),
        ({"IfUnmodifiedSince": EARLIER}, False),
        ({"IfModifiedSince": EARLIER}, True),
        ({"IfModifiedSince": LATER}, False),
        # These two stand in AWS's reference of CopyObject.
        ({"IfMatch": "{etag}", "IfUnmodifiedSince": EARLIER}, True),
        ({"IfNoneMatch": "{etag}", "IfModifiedSince": EARLIER}, False),
    ],
)
def test_conditions_on_the_source(
    s3: Any, bucket: str, conditions: dict[str, Any], is_met: bool
) -> None:
    etag = put(s3, bucket)["ETag"]
    options = {
        f"CopySource{name}": value.format(etag=etag) if isinstance(value, str) else value
        for name, value in conditions.items()
    }
    if is_met:
        copy(s3, bucket, **options)
    else:
        with refused("PreconditionFailed", 412):
            copy(s3, bucket, **options)


def test_conditions_on_the_target(s3: Any, bucket: str) -> None:
    put(s3, bucket)
    copy(s3, bucket, IfNoneMatch="*")
    with refused("PreconditionFailed", 412):
        copy(s3, bucket, IfNoneMatch="*")
    etag = s3.head_object(Bucket=bucket, Key="copy")["ETag"]
    copy(s3, bucket, IfMatch=etag)
    with refused("PreconditionFailed", 412):
        copy(s3, bucket, IfMatch=OTHER_ETAG)
    with refused("NoSuchKey", 404):
        copy(s3, bucket, "fresh", IfMatch=etag)


def test_an_object_of_parts_keeps_them(s3: Any, bucket: str) -> None:
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="source")["UploadId"]
    where = {"Bucket": bucket, "Key": "source", "UploadId": upload_id}
    etag = s3.upload_part(PartNumber=1, Body=b"abc", **where)["ETag"]
    done = s3.complete_multipart_upload(
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}, **where
    )
    assert copy(s3, bucket)["CopyObjectResult"]["ETag"] == done["ETag"]
    assert s3.head_object(Bucket=bucket, Key="copy", PartNumber=1)["PartsCount"] == 1
    result = copy(s3, bucket, "other", ChecksumAlgorithm="SHA256")["CopyObjectResult"]
    assert result["ChecksumType"] == "FULL_OBJECT"
    assert content(s3, bucket, "other") == b"abc"


def test_a_copy_onto_itself_undoes_no_write(s3: Any, bucket: str) -> None:
    put(s3, bucket, "k", b"0")

    def write() -> bytes:
        for number in range(40):
            put(s3, bucket, "k", b"%d" % number)
        return b"39"

    def touch() -> None:
        for number in range(40):
            copy(s3, bucket, "k", "k", MetadataDirective="REPLACE", Metadata={"n": str(number)})

    with ThreadPoolExecutor(2) as pool:
        writing, touching = pool.submit(write), pool.submit(touch)
        touching.result()
        assert content(s3, bucket, "k") in [b"%d" % number for number in range(40)]
        expected = writing.result()
    assert content(s3, bucket, "k") == expected
