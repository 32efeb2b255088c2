"""Putting, reading and deleting objects through boto3."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.clients import ask_signed, refused
from tests.e2e.daemon import Daemon

KIB = 1024
MIB = 1024 * KIB


def _md5(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


@pytest.mark.parametrize(
    "size",
    [0, 1, KIB, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, MIB, MIB + 1, 5 * MIB + 7],
)
def test_bytes_come_back(s3: Any, bucket: str, size: int) -> None:
    data = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=data)
    assert put["ETag"] == _md5(data)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == data
    assert got["ContentLength"] == size
    assert got["ETag"] == _md5(data)
    assert got["AcceptRanges"] == "bytes"
    assert abs(got["LastModified"] - datetime.now(UTC)) < timedelta(minutes=1)


def test_bytes_of_many_large_uploads_at_once_stay_in_order(s3: Any, bucket: str) -> None:
    """Their blocks share a few threads: more than one upload, and fewer than a crowd."""

    def come_back(number: int) -> bool:
        data, key = os.urandom(12 * MIB), f"k{number}"
        s3.put_object(Bucket=bucket, Key=key, Body=data)
        return bool(s3.get_object(Bucket=bucket, Key=key)["Body"].read() == data)

    with ThreadPoolExecutor(6) as clients:
        assert all(clients.map(come_back, range(12)))


def test_everything_said_of_an_object_comes_back(s3: Any, bucket: str) -> None:
    said = {
        "ContentType": "text/plain; charset=utf-8",
        "ContentEncoding": "gzip",
        "ContentDisposition": 'attachment; filename="a b.txt"',
        "ContentLanguage": "de",
        "CacheControl": "max-age=60, public",
        "Metadata": {"colour": "blue", "Mixed-Case": "kept value  here"},
    }
    expires = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", Expires=expires, **said)
    for found in (s3.head_object(Bucket=bucket, Key="k"), s3.get_object(Bucket=bucket, Key="k")):
        said_again = {name: found[name] for name in said if name != "Metadata"}
        assert said_again == {name: said[name] for name in said if name != "Metadata"}
        assert found["Metadata"] == {"colour": "blue", "mixed-case": "kept value  here"}
        assert found["ExpiresString"] == "Wed, 02 Jan 2030 03:04:05 GMT"
        assert found["ContentLength"] == 3


def test_an_object_has_a_type_without_being_given_one(daemon: Daemon, bucket: str) -> None:
    assert ask_signed(daemon, "PUT", f"/{bucket}/k", body=b"x").status == 200
    answer = ask_signed(daemon, "HEAD", f"/{bucket}/k")
    assert answer.headers["content-type"] == "binary/octet-stream"
    assert answer.headers["content-length"] == "1"
    assert answer.body == b""


def test_unicode_metadata_comes_back_as_s3_shows_it(daemon: Daemon, bucket: str) -> None:
    plain = {"x-amz-meta-place": "Zürich 🏔"}
    assert ask_signed(daemon, "PUT", f"/{bucket}/k", plain, b"x").status == 200
    encoded = ask_signed(daemon, "HEAD", f"/{bucket}/k").headers["x-amz-meta-place"]
    prefix, payload = encoded[: len("=?UTF-8?B?")], encoded[len("=?UTF-8?B?") : -2]
    assert prefix == "=?UTF-8?B?"
    assert base64.b64decode(payload).decode() == "Zürich 🏔"
    again = {"x-amz-meta-place": encoded}
    assert ask_signed(daemon, "PUT", f"/{bucket}/k", again, b"x").status == 200
    assert ask_signed(daemon, "HEAD", f"/{bucket}/k").headers["x-amz-meta-place"] == encoded


def test_metadata_has_a_limit(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"a": "x" * 2047})
    with refused("MetadataTooLarge", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"a": "x" * 2048})


def test_an_overwrite_replaces_everything(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"old", Metadata={"a": "1"}, ContentType="a/b")
    s3.put_object(Bucket=bucket, Key="k", Body=b"newer")
    found = s3.get_object(Bucket=bucket, Key="k")
    assert found["Body"].read() == b"newer"
    assert found["Metadata"] == {}
    assert found["ContentType"] == "binary/octet-stream"


def test_a_reader_of_the_old_version_is_not_disturbed(s3: Any, bucket: str) -> None:
    old = os.urandom(20 * MIB)
    s3.put_object(Bucket=bucket, Key="k", Body=old)
    reading = s3.get_object(Bucket=bucket, Key="k")["Body"]
    first = reading.read(KIB)
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    assert first + reading.read() == old
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_a_deleted_object_is_gone_and_may_be_deleted_again(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for _ in range(2):
        deleted = s3.delete_object(Bucket=bucket, Key="k")
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="k")
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="k")


def test_what_is_not_there_is_not_found(s3: Any, bucket: str) -> None:
    with refused("NoSuchKey", 404) as caught:
        s3.get_object(Bucket=bucket, Key="nothing")
    error: Any = caught[0].response
    assert error["Error"]["Key"] == "nothing"
    for ask in (s3.get_object, s3.delete_object):
        with refused("NoSuchBucket", 404):
            ask(Bucket="no-such-bucket-here", Key="k")
    with refused("NoSuchBucket", 404):
        s3.put_object(Bucket="no-such-bucket-here", Key="k", Body=b"x" * MIB)


def test_a_right_content_md5_is_accepted_and_a_wrong_one_refused(s3: Any, bucket: str) -> None:
    right = base64.b64encode(hashlib.md5(b"abc").digest()).decode()
    wrong = base64.b64encode(hashlib.md5(b"abd").digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ContentMD5=right)
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="other", Body=b"abc", ContentMD5=wrong)
    with refused("InvalidDigest", 400):
        s3.put_object(Bucket=bucket, Key="other", Body=b"abc", ContentMD5="not base64")
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]


def test_a_stored_checksum_is_shown_when_asked_for(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ChecksumAlgorithm="SHA256")
    expected = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    assert put["ChecksumSHA256"] == expected
    shown = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert shown["ChecksumSHA256"] == expected
    assert shown["ChecksumType"] == "FULL_OBJECT"


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_boto3_verifies_every_checksum_on_the_way_back(
    s3: Any, bucket: str, algorithm: str
) -> None:
    data = os.urandom(100_000)
    s3.put_object(Bucket=bucket, Key="k", Body=data, ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == data
    assert got[f"Checksum{algorithm}"]


def test_a_wrong_checksum_is_refused(s3: Any, bucket: str) -> None:
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ChecksumSHA256=wrong)
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="k")


def test_a_file_of_unknown_kind_is_uploaded_and_downloaded(s3: Any, bucket: str) -> None:
    data = os.urandom(3 * MIB)
    s3.upload_fileobj(io.BytesIO(data), bucket, "folder/file")
    back = io.BytesIO()
    s3.download_fileobj(bucket, "folder/file", back)
    assert back.getvalue() == data


def test_conditional_creation_happens_once(s3: Any, bucket: str) -> None:
    first = s3.put_object(Bucket=bucket, Key="lock", Body=b"1", IfNoneMatch="*")
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="lock", Body=b"2", IfNoneMatch="*")
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="lock", Body=b"2", IfMatch='"0123456789abcdef"')
    s3.put_object(Bucket=bucket, Key="lock", Body=b"2", IfMatch=first["ETag"])
    assert s3.get_object(Bucket=bucket, Key="lock")["Body"].read() == b"2"


def test_the_storage_class_comes_back_unless_it_is_the_standard(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"", StorageClass="STANDARD_IA")
    assert s3.head_object(Bucket=bucket, Key="k")["StorageClass"] == "STANDARD_IA"
    s3.put_object(Bucket=bucket, Key="k", Body=b"", StorageClass="STANDARD")
    assert "StorageClass" not in s3.head_object(Bucket=bucket, Key="k")
    with refused("InvalidStorageClass", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", StorageClass="CARDBOARD_BOX")
