"""Multipart uploads through boto3."""

from __future__ import annotations

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from attrs import define, field
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tests.e2e.clients import ask_signed, boto3_client, refused
from tests.e2e.daemon import Daemon, looks_at_files
from tests.e2e.waiting import wait_for
from tests.storage.on_disk import blobs_on_disk

MIB = 1024 * 1024
PART = os.urandom(5 * MIB)
LAST = b"the last part may be small"


def composite(*parts: bytes) -> str:
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    return f'"{hashlib.md5(digests).hexdigest()}-{len(parts)}"'


@define
class Upload:
    """A multipart upload as a client keeps track of it."""

    s3: Any
    bucket: str
    key: str
    options: dict[str, Any] = field(factory=dict)
    upload_id: str = ""
    created: dict[str, Any] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.created = self.s3.create_multipart_upload(
            Bucket=self.bucket, Key=self.key, **self.options
        )
        self.upload_id = self.created["UploadId"]

    @property
    def where(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key, "UploadId": self.upload_id}

    def put(self, number: int, data: bytes, **options: Any) -> dict[str, Any]:
        answer = self.s3.upload_part(PartNumber=number, Body=data, **self.where, **options)
        named = {k: v for k, v in answer.items() if k == "ETag" or k.startswith("Checksum")}
        return {"PartNumber": number, **named}

    def copy(self, number: int, source: Any, **options: Any) -> dict[str, Any]:
        answer = self.s3.upload_part_copy(
            PartNumber=number, CopySource=source, **self.where, **options
        )
        named = answer["CopyPartResult"]
        named.pop("LastModified")
        return {"PartNumber": number, **named}

    def complete(self, *parts: dict[str, Any], **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.s3.complete_multipart_upload(
            MultipartUpload={"Parts": list(parts)}, **self.where, **options
        )
        return answer

    def abort(self) -> None:
        self.s3.abort_multipart_upload(**self.where)

    def numbers(self) -> list[int]:
        return [part["PartNumber"] for part in self.s3.list_parts(**self.where).get("Parts", [])]


def bare(part: dict[str, Any]) -> dict[str, Any]:
    """A part as old clients name it, without checksums."""
    return {"PartNumber": part["PartNumber"], "ETag": part["ETag"]}


def content(s3: Any, bucket: str, key: str, **options: Any) -> bytes:
    data: bytes = s3.get_object(Bucket=bucket, Key=key, **options)["Body"].read()
    return data


def test_parts_become_an_object(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "dir/k", {"ContentType": "text/plain", "Metadata": {"a": "b"}})
    assert upload.created["Bucket"] == bucket
    assert upload.created["Key"] == "dir/k"
    second, first = upload.put(2, LAST), upload.put(1, PART)
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="dir/k")
    done = upload.complete(bare(first), bare(second))
    assert done["ETag"] == composite(PART, LAST)
    assert done["Key"] == "dir/k"
    assert done["Location"].endswith(f"/{bucket}/dir/k")
    assert done["ChecksumType"] == "FULL_OBJECT"
    assert "VersionId" not in done
    got = s3.get_object(Bucket=bucket, Key="dir/k")
    assert got["Body"].read() == PART + LAST
    assert got["ETag"] == done["ETag"]
    assert got["ContentType"] == "text/plain"
    assert got["Metadata"] == {"a": "b"}
    assert content(s3, bucket, "dir/k", Range=f"bytes={5 * MIB - 3}-{5 * MIB + 2}") == (
        PART[-3:] + LAST[:3]
    )
    with refused("NoSuchUpload", 404):
        s3.list_parts(**upload.where)


def test_completing_twice_answers_the_same(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    part = bare(upload.put(1, LAST))
    first, second = upload.complete(part), upload.complete(part)
    for answer in (first, second):
        answer.pop("ResponseMetadata")
    assert first == second
    with refused("NoSuchUpload", 404):
        upload.abort()
    with refused("NoSuchUpload", 404):
        upload.put(1, b"late")


def test_completing_again_with_other_parts_is_no_second_hearing(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    part = bare(upload.put(1, LAST))
    upload.complete(part)
    with refused("NoSuchUpload", 404):
        upload.complete(part | {"ETag": '"00"'})
    with refused("NoSuchUpload", 404):
        upload.complete(part, part | {"PartNumber": 2})


def test_a_part_put_again_takes_the_place_of_the_first(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    old, new = bare(upload.put(3, b"old")), bare(upload.put(3, b"new!"))
    assert upload.numbers() == [3]
    with refused("InvalidPart", 400):
        upload.complete(old)
    upload.complete(new)
    assert content(s3, bucket, "k") == b"new!"


def test_parts_that_are_not_named_go_away(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    upload.put(1, PART)
    upload.complete(bare(upload.put(5, LAST)))
    assert content(s3, bucket, "k") == LAST


def test_an_aborted_upload_is_gone(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    part = upload.put(1, LAST)
    upload.abort()
    for late in (
        upload.abort,
        upload.numbers,
        lambda: upload.put(2, b"x"),
        lambda: upload.complete(bare(part)),
    ):
        with refused("NoSuchUpload", 404):
            late()
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_what_the_list_of_parts_may_not_be(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    small, large = bare(upload.put(1, b"small")), bare(upload.put(2, PART))
    with refused("InvalidPartOrder", 400):
        upload.complete(large, small)
    with refused("InvalidPartOrder", 400):
        upload.complete(small, small)
    with refused("EntityTooSmall", 400) as caught:
        upload.complete(small, large)
    error: Any = caught[0].response["Error"]
    assert error["ProposedSize"] == "5"
    assert error["MinSizeAllowed"] == str(5 * MIB)
    assert error["PartNumber"] == "1"
    with refused("InvalidPart", 400):
        upload.complete(small, {**large, "ETag": '"00000000000000000000000000000000"'})
    with refused("InvalidPart", 400):
        upload.complete(small, {**large, "PartNumber": 9})
    with refused("MalformedXML", 400):
        upload.complete()
    assert upload.numbers() == [1, 2]
    upload.complete(large)


@pytest.mark.parametrize("number", ["0", "10001", "x", "-1", "", "1.5", "99999999999999999999"])
def test_part_numbers_have_bounds(daemon: Daemon, s3: Any, bucket: str, number: str) -> None:
    upload = Upload(s3, bucket, "k")
    target = f"/{bucket}/k?partNumber={number}&uploadId={upload.upload_id}"
    answer = ask_signed(daemon, "PUT", target, body=b"x")
    assert (answer.status, answer.error_code) == (400, "InvalidArgument")


@pytest.mark.parametrize("number", [1, 10_000])
def test_the_first_and_the_last_part_number(s3: Any, bucket: str, number: int) -> None:
    upload = Upload(s3, bucket, "k")
    upload.complete(bare(upload.put(number, b"x")))
    assert content(s3, bucket, "k") == b"x"


def test_an_upload_that_never_was(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    for changed in ({"UploadId": "nonsense"}, {"Key": "other"}):
        with refused("NoSuchUpload", 404):
            s3.upload_part(PartNumber=1, Body=b"x", **{**upload.where, **changed})
        with refused("NoSuchUpload", 404):
            s3.abort_multipart_upload(**{**upload.where, **changed})


def test_parts_are_listed_in_pages(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    for number in (9, 2, 10_000, 30, 4):
        upload.put(number, b"%d" % number)
    pages = s3.get_paginator("list_parts").paginate(
        **upload.where, PaginationConfig={"PageSize": 2}
    )
    found = [[part["PartNumber"] for part in page["Parts"]] for page in pages]
    assert found == [[2, 4], [9, 30], [10_000]]
    page = s3.list_parts(**upload.where, PartNumberMarker=9, MaxParts=1)
    assert page["IsTruncated"]
    assert page["NextPartNumberMarker"] == 30
    (part,) = page["Parts"]
    assert (part["Size"], part["ETag"]) == (2, f'"{hashlib.md5(b"30").hexdigest()}"')
    assert page["Initiator"]["ID"] == page["Owner"]["ID"] == "a" * 64


def test_uploads_are_listed_in_pages(s3: Any, bucket: str) -> None:
    keys = ["a", "a", "d/1", "d/2", "z"]
    uploads = [Upload(s3, bucket, key) for key in keys]
    paginator = s3.get_paginator("list_multipart_uploads")
    found = [
        (each["Key"], each["UploadId"])
        for page in paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
        for each in page["Uploads"]
    ]
    assert found == [(each.key, each.upload_id) for each in uploads]
    rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", MaxUploads=3)
    assert [each["Key"] for each in rolled["Uploads"]] == ["a", "a"]
    assert rolled["CommonPrefixes"] == [{"Prefix": "d/"}]
    assert rolled["IsTruncated"]
    rest = s3.list_multipart_uploads(
        Bucket=bucket,
        Delimiter="/",
        KeyMarker=rolled["NextKeyMarker"],
        UploadIdMarker=rolled.get("NextUploadIdMarker", ""),
    )
    assert [each["Key"] for each in rest["Uploads"]] == ["z"]
    assert "CommonPrefixes" not in rest
    below = s3.list_multipart_uploads(Bucket=bucket, Prefix="d/")
    assert [each["Key"] for each in below["Uploads"]] == ["d/1", "d/2"]


def test_keys_of_uploads_are_encoded_on_demand(daemon: Daemon, bucket: str) -> None:
    # XML cannot hold the control character, so boto3 could not read the answer.
    assert ask_signed(daemon, "POST", f"/{bucket}/%C3%BC%26%07?uploads=").status == 200
    answer = ask_signed(daemon, "GET", f"/{bucket}?encoding-type=url&uploads=")
    assert b"<Key>%C3%BC%26%07</Key>" in answer.body
    answer = ask_signed(daemon, "GET", f"/{bucket}?encoding-type=no&uploads=")
    assert answer.error_code == "InvalidArgument"


def test_the_transfer_manager_with_many_parts_at_once(s3: Any, bucket: str) -> None:
    data = os.urandom(33 * MIB + 5)
    config = TransferConfig(
        multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=6
    )
    s3.upload_fileobj(io.BytesIO(data), bucket, "big", Config=config)
    got = io.BytesIO()
    s3.download_fileobj(bucket, "big", got, Config=config)
    assert got.getvalue() == data
    head = s3.head_object(Bucket=bucket, Key="big")
    assert head["ETag"].endswith('-7"')
    s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "copied in parts", Config=config)
    assert content(s3, bucket, "copied in parts") == data


def test_reading_by_part(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, "k")
    parts = [bare(upload.put(number, data)) for number, data in ((2, PART), (7, LAST))]
    upload.complete(*parts)
    got = s3.get_object(Bucket=bucket, Key="k", PartNumber=7, ChecksumMode="ENABLED")
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["Body"].read() == LAST
    assert got["PartsCount"] == 2
    assert got["ContentRange"] == f"bytes {len(PART)}-{len(PART) + len(LAST) - 1}/{5242880 + 26}"
    assert got["ChecksumCRC64NVME"]
    head = s3.head_object(Bucket=bucket, Key="k", PartNumber=2)
    assert head["ContentLength"] == len(PART)
    assert head["PartsCount"] == 2
    assert "PartsCount" not in s3.head_object(Bucket=bucket, Key="k")
    with refused("InvalidPartNumber", 416):
        s3.get_object(Bucket=bucket, Key="k", PartNumber=1)
    with refused("InvalidRequest", 400):
        s3.get_object(Bucket=bucket, Key="k", PartNumber=2, Range="bytes=0-1")


def test_an_object_in_one_piece_is_its_first_part(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc")
    got = s3.get_object(Bucket=bucket, Key="k", PartNumber=1)
    assert got["Body"].read() == b"abc"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert "PartsCount" not in got
    with refused("InvalidPartNumber", 416):
        s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert content(s3, bucket, "empty", PartNumber=1) == b""


ALGORITHMS = [
    ("CRC32", "COMPOSITE"),
    ("CRC32", "FULL_OBJECT"),
    ("CRC32C", "COMPOSITE"),
    ("CRC32C", "FULL_OBJECT"),
    ("CRC64NVME", "FULL_OBJECT"),
    ("SHA1", "COMPOSITE"),
    ("SHA256", "COMPOSITE"),
]


@pytest.mark.parametrize(("algorithm", "kind"), ALGORITHMS)
def test_checksums_of_parts_and_of_the_object(
    s3: Any, bucket: str, algorithm: str, kind: str
) -> None:
    upload = Upload(s3, bucket, "k", {"ChecksumAlgorithm": algorithm, "ChecksumType": kind})
    assert upload.created["ChecksumAlgorithm"] == algorithm
    assert upload.created["ChecksumType"] == kind
    name = f"Checksum{algorithm}"
    first = upload.put(1, PART, ChecksumAlgorithm=algorithm)
    second = upload.put(2, LAST, ChecksumAlgorithm=algorithm)
    listed = s3.list_parts(**upload.where)
    assert listed["ChecksumAlgorithm"] == algorithm
    assert [part[name] for part in listed["Parts"]] == [first[name], second[name]]
    done = upload.complete(first, second, MpuObjectSize=len(PART) + len(LAST))
    assert done["ChecksumType"] == kind
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (done[name], kind)
    if kind == "FULL_OBJECT":
        whole = s3.put_object(
            Bucket=bucket, Key="whole", Body=PART + LAST, ChecksumAlgorithm=algorithm
        )
        assert whole[name] == done[name]
    else:
        assert done[name].endswith("-2")
    by_part = s3.get_object(Bucket=bucket, Key="k", PartNumber=2, ChecksumMode="ENABLED")
    assert by_part[name] == second[name]


def test_checksums_that_do_not_fit(s3: Any, bucket: str) -> None:
    with refused("InvalidRequest", 400):
        Upload(s3, bucket, "k", {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"})
    with refused("InvalidRequest", 400):
        Upload(s3, bucket, "k", {"ChecksumType": "FULL_OBJECT"})
    upload = Upload(s3, bucket, "k", {"ChecksumAlgorithm": "SHA256"})
    with refused("InvalidRequest", 400):
        upload.put(1, b"x", ChecksumAlgorithm="CRC32")
    with refused("BadDigest", 400):
        upload.put(1, b"x", ChecksumSHA256="A" * 43 + "=")
    part = upload.put(1, b"x", ChecksumAlgorithm="SHA256")
    with refused("InvalidRequest", 400):
        upload.complete(bare(part))
    with refused("InvalidPart", 400):
        upload.complete({**part, "ChecksumSHA256": "A" * 43 + "="})
    with refused("InvalidRequest", 400):
        upload.complete(part, ChecksumType="FULL_OBJECT")
    with refused("InvalidRequest", 400):
        upload.complete(part, ChecksumCRC32="AAAAAA==")
    with refused("InvalidRequest", 400):
        upload.complete(part, ChecksumSHA256="short")
    with refused("BadDigest", 400):
        upload.complete(part, ChecksumSHA256="A" * 43 + "=-1")
    with refused("InvalidRequest", 400):
        upload.complete(part, MpuObjectSize=2)
    upload.complete(part, MpuObjectSize=1)


def test_a_full_object_checksum_can_be_expected(s3: Any, bucket: str) -> None:
    options = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    upload = Upload(s3, bucket, "k", options)
    part = upload.put(1, LAST, ChecksumAlgorithm="CRC32")
    with refused("BadDigest", 400):
        upload.complete(part, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT")
    upload.complete(part, ChecksumCRC32=part["ChecksumCRC32"], ChecksumType="FULL_OBJECT")


def test_conditions_of_a_completion(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"there")
    etag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    upload = Upload(s3, bucket, "k")
    part = bare(upload.put(1, LAST))
    with refused("PreconditionFailed", 412):
        upload.complete(part, IfNoneMatch="*")
    with refused("PreconditionFailed", 412):
        upload.complete(part, IfMatch='"00000000000000000000000000000000"')
    upload.complete(part, IfMatch=etag)
    fresh = Upload(s3, bucket, "fresh")
    part = bare(fresh.put(1, LAST))
    with refused("NoSuchKey", 404):
        fresh.complete(part, IfMatch=etag)
    fresh.complete(part, IfNoneMatch="*")


def test_parts_are_copied_from_objects(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=PART + LAST)
    source = {"Bucket": bucket, "Key": "source"}
    whole = s3.head_object(Bucket=bucket, Key="source")["ETag"]
    upload = Upload(s3, bucket, "k")
    parts = [
        upload.copy(1, source),
        upload.copy(2, source, CopySourceRange=f"bytes=1-{5 * MIB}"),
        upload.put(3, b"and put"),
    ]
    assert parts[0]["ETag"] == whole
    upload.complete(*map(bare, parts))
    s3.delete_object(Bucket=bucket, Key="source")
    data = PART + LAST
    assert content(s3, bucket, "k") == data + data[1 : 5 * MIB + 1] + b"and put"


def test_a_copied_part_has_the_checksum_that_the_upload_asked_for(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=PART + LAST, ChecksumAlgorithm="CRC32C")
    source = {"Bucket": bucket, "Key": "source"}
    options = {"ChecksumAlgorithm": "CRC32C", "ChecksumType": "FULL_OBJECT"}
    upload = Upload(s3, bucket, "k", options)
    parts = [
        upload.copy(1, source, CopySourceRange=f"bytes=0-{len(PART) - 1}"),
        upload.copy(2, source, CopySourceRange=f"bytes={len(PART)}-{len(PART) + len(LAST) - 1}"),
    ]
    assert parts[0]["ETag"] == f'"{hashlib.md5(PART).hexdigest()}"'
    done = upload.complete(*parts)
    head = s3.head_object(Bucket=bucket, Key="source", ChecksumMode="ENABLED")
    assert done["ChecksumCRC32C"] == head["ChecksumCRC32C"]


@pytest.mark.parametrize(
    "asked", ["bytes=-2", "0-2", "bytes=0", "bytes=0-x", "bytes=0-", "bytes=0-1,3-4", "bytes=0-5"]
)
def test_ranges_of_sources_that_cannot_be(s3: Any, bucket: str, asked: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"12345")
    upload = Upload(s3, bucket, "k")
    with refused("InvalidArgument", 400):
        upload.copy(1, {"Bucket": bucket, "Key": "source"}, CopySourceRange=asked)


def test_one_upload_attacked_from_all_sides_keeps_its_bytes(s3: Any, bucket: str) -> None:
    """Whatever order parts, completions and aborts take effect in, an object is whole or absent."""
    for turn in range(6):
        key = f"k{turn}"
        upload = Upload(s3, bucket, key)
        versions = [os.urandom(100_000) for _ in range(4)]
        etags = [f'"{hashlib.md5(data).hexdigest()}"' for data in versions]
        upload.put(1, versions[0])

        def tried(action: Any, *arguments: Any) -> str:
            try:
                action(*arguments)
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return "done"

        with ThreadPoolExecutor(9) as pool:
            puts = [pool.submit(tried, upload.put, 1, data) for data in versions]
            completions = [
                pool.submit(tried, upload.complete, {"PartNumber": 1, "ETag": etag})
                for etag in etags
            ]
            aborts = [pool.submit(tried, upload.abort)] if turn % 2 else []
            codes = {each.result() for each in (*puts, *completions, *aborts)}
        assert codes <= {"done", "NoSuchUpload", "InvalidPart"}
        is_complete = any(each.result() == "done" for each in completions)
        found = s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
        assert len(found) == is_complete
        if is_complete:
            assert content(s3, bucket, key) in versions


@looks_at_files
@pytest.mark.parametrize("pack_max_bytes", [0, "1MiB"])
def test_no_byte_outlives_the_last_that_refers_to_it(
    own_daemon: Daemon, pack_max_bytes: int | str
) -> None:
    """Parts that were replaced, left out or aborted, sources that copies still need."""
    local = {"inline_max_bytes": 0, "pack_max_bytes": pack_max_bytes}
    own_daemon.settings = {"storage": {"garbage_grace_seconds": 0, "local": local}}
    own_daemon.start()
    s3 = boto3_client(own_daemon)
    s3.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket="bucket", Key="source", Body=b"source")
    upload = Upload(s3, "bucket", "k")
    upload.put(1, b"left out")
    upload.put(2, b"replaced")
    last = upload.copy(2, "bucket/source")
    aborted = Upload(s3, "bucket", "k")
    aborted.put(1, b"aborted")
    aborted.copy(2, "bucket/source")
    aborted.abort()
    upload.complete(bare(last))
    s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/k")
    s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "source"}, {"Key": "k"}]})
    assert content(s3, "bucket", "copy") == b"source"
    wait_for(lambda: len(blobs(own_daemon)) == 1, "the deletion of one")
    assert content(s3, "bucket", "copy") == b"source"
    s3.delete_object(Bucket="bucket", Key="copy")
    wait_for(lambda: not blobs(own_daemon), "the deletion")
    own_daemon.stop()


def test_parts_and_objects_have_a_greatest_size(own_daemon: Daemon) -> None:
    own_daemon.settings = {"server": {"max_object_size": 5 * MIB + 10}}
    own_daemon.start()
    s3 = boto3_client(own_daemon)
    s3.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    upload = Upload(s3, "bucket", "k")
    with refused("EntityTooLarge", 400):
        upload.put(1, PART + b"0123456789!")
    parts = [bare(upload.put(1, PART)), bare(upload.put(2, b"0123456789!"))]
    with refused("EntityTooLarge", 400):
        upload.complete(*parts)
    upload.complete(parts[0], bare(upload.put(2, b"0123456789")))
    own_daemon.stop()


def blobs(daemon: Daemon) -> list[str]:
    """All that has the bytes of something."""
    return blobs_on_disk(daemon.objects_path)
