"""Tags of objects and buckets, and what GetObjectAttributes tells, through boto3."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.e2e.clients import ask_signed, refused
from tests.e2e.daemon import Daemon

TWO = [{"Key": "project", "Value": "Ä/1"}, {"Key": "empty", "Value": ""}]


def tags_of(s3: Any, bucket: str, key: str = "k", **version: str) -> Any:
    return s3.get_object_tagging(Bucket=bucket, Key=key, **version)["TagSet"]


def test_tags_of_an_object_are_put_read_and_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc")
    assert tags_of(s3, bucket) == []
    assert "TagCount" not in s3.head_object(Bucket=bucket, Key="k")
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": TWO})
    assert tags_of(s3, bucket) == TWO
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 2
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 2
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": TWO[:1]})
    assert tags_of(s3, bucket) == TWO[:1]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert tags_of(s3, bucket) == []


def test_an_upload_brings_its_tags_in_a_header(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="project=%C3%84%2F1&empty=")
    assert tags_of(s3, bucket) == TWO
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert tags_of(s3, bucket) == []
    for header, code in (("a=1&a=2", "InvalidArgument"), ("aws:a=1", "InvalidTag")):
        with refused(code, 400):
            s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging=header)


def test_tags_belong_to_a_version(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1", Tagging="n=1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2", Tagging="n=2")["VersionId"]
    answer = s3.put_object_tagging(Bucket=bucket, Key="k", VersionId=first, Tagging={"TagSet": TWO})
    assert answer["VersionId"] == first
    assert tags_of(s3, bucket, VersionId=first) == TWO
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["VersionId"] == second
    assert tags_of(s3, bucket) == [{"Key": "n", "Value": "2"}]
    assert s3.delete_object_tagging(Bucket=bucket, Key="k")["VersionId"] == second
    assert tags_of(s3, bucket, VersionId=second) == []
    with refused("NoSuchVersion", 404):
        tags_of(s3, bucket, VersionId="x" * 32)
    with refused("InvalidArgument", 400):
        tags_of(s3, bucket, VersionId="x")


def test_tags_of_what_is_not_there(s3: Any, bucket: str) -> None:
    with refused("NoSuchKey", 404):
        tags_of(s3, bucket)
    with refused("NoSuchKey", 404):
        s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": TWO})
    with refused("NoSuchKey", 404):
        s3.delete_object_tagging(Bucket=bucket, Key="k")


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([("k", "1"), ("k", "2")], "InvalidTag"),
        ([("k" * 129, "")], "InvalidTag"),
        ([("k", "v" * 257)], "InvalidTag"),
        ([("aws:k", "")], "InvalidTag"),
        ([("k#", "")], "InvalidTag"),
        ([(f"k{number}", "") for number in range(11)], "BadRequest"),
    ],
)
def test_tags_have_limits(s3: Any, bucket: str, tags: list[tuple[str, str]], code: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    tag_set = [{"Key": key, "Value": value} for key, value in tags]
    with refused(code, 400):
        s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tag_set})
    assert tags_of(s3, bucket) == []


def test_tags_of_a_bucket(s3: Any, bucket: str) -> None:
    with refused("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)
    fifty = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": fifty})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == fifty
    with refused("BadRequest", 400):
        s3.put_bucket_tagging(
            Bucket=bucket, Tagging={"TagSet": [*fifty, {"Key": "one more", "Value": ""}]}
        )
    s3.delete_bucket_tagging(Bucket=bucket)
    with refused("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)


def test_a_damaged_document_is_refused(daemon: Daemon, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    body = b"<Tagging><TagSet/></Tagging>"
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    wrong = {"x-amz-checksum-sha256": other}
    answer = ask_signed(daemon, "PUT", f"/{bucket}/k?tagging", wrong, body)
    assert answer.error_code == "BadDigest"


def test_strangers_neither_read_nor_write_tags(s3: Any, bobs_s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with refused("AccessDenied", 403):
        tags_of(bobs_s3, bucket)
    with refused("AccessDenied", 403):
        bobs_s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": TWO})
    with refused("AccessDenied", 403):
        bobs_s3.get_bucket_tagging(Bucket=bucket)


def test_the_attributes_of_an_object(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ChecksumAlgorithm="SHA256")
    found = s3.get_object_attributes(
        Bucket=bucket,
        Key="k",
        ObjectAttributes=["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"],
    )
    assert found["ETag"] == put["ETag"].strip('"')
    assert found["Checksum"] == {
        "ChecksumSHA256": put["ChecksumSHA256"],
        "ChecksumType": "FULL_OBJECT",
    }
    assert (found["StorageClass"], found["ObjectSize"]) == ("STANDARD", 3)
    assert found["LastModified"] == s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert "ObjectParts" not in found
    size = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectSize"])
    assert "ETag" not in size


def test_attributes_that_do_not_exist(daemon: Daemon, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc")
    with refused("InvalidArgument", 400):
        s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ETag", "Colour"])
    assert ask_signed(daemon, "GET", f"/{bucket}/k?attributes").error_code == "InvalidRequest"
    with refused("NoSuchKey", 404):
        s3.get_object_attributes(Bucket=bucket, Key="nothing", ObjectAttributes=["ETag"])
    asked = {"x-amz-object-attributes": "ObjectParts", "x-amz-max-parts": "x"}
    answer = ask_signed(daemon, "GET", f"/{bucket}/k?attributes", asked)
    assert answer.error_code == "InvalidArgument"


def test_a_range_has_no_checksum_of_the_whole(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"abcdef", ChecksumAlgorithm="CRC32")
    whole = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (whole["ChecksumType"], bool(whole["ChecksumCRC32"])) == ("FULL_OBJECT", True)
    part = s3.get_object(Bucket=bucket, Key="k", Range="bytes=1-2", ChecksumMode="ENABLED")
    assert part["Body"].read() == b"bc"
    assert "ChecksumCRC32" not in part
    assert "ChecksumCRC32" not in s3.head_object(Bucket=bucket, Key="k")


def test_others_may_write_and_read_an_object_but_not_its_tags(
    s3: Any, bobs_s3: Any, bucket: str
) -> None:
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="public-read", Tagging="a=1")
    assert "TagCount" not in bobs_s3.head_object(Bucket=bucket, Key="k")
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 1
    bobs_s3.put_object(Bucket=bucket, Key="bobs", Body=b"")
    with refused("AccessDenied", 403):
        bobs_s3.put_object(Bucket=bucket, Key="bobs", Body=b"", Tagging="a=1")


def test_the_parts_of_an_object_are_attributes_and_paged(s3: Any, bucket: str) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")
    upload = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    parts = []
    for number, size in ((1, 5 * 1024 * 1024), (2, 7)):
        sent = s3.upload_part(
            **upload, PartNumber=number, Body=b"x" * size, ChecksumAlgorithm="SHA256"
        )
        kept = {name: sent[name] for name in ("ETag", "ChecksumSHA256")}
        parts.append({"PartNumber": number, **kept})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    asked = {"Bucket": bucket, "Key": "k", "ObjectAttributes": ["ObjectParts", "Checksum"]}
    found = s3.get_object_attributes(**asked, MaxParts=1)
    assert found["Checksum"]["ChecksumType"] == "COMPOSITE"
    first = found["ObjectParts"]
    assert (first["TotalPartsCount"], first["IsTruncated"]) == (2, True)
    rest = s3.get_object_attributes(**asked, PartNumberMarker=first["NextPartNumberMarker"])
    shown = [*first["Parts"], *rest["ObjectParts"]["Parts"]]
    assert [part["Size"] for part in shown] == [5 * 1024 * 1024, 7]
    assert [part["ChecksumSHA256"] for part in shown] == [each["ChecksumSHA256"] for each in parts]
    assert rest["ObjectParts"]["IsTruncated"] is False
