"""DeleteObjects and races of conditional writers, against the real daemon."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.e2e.clients import ask_signed, boto3_client, refused
from tests.e2e.daemon import Daemon


def delete(s3: Any, bucket: str, *objects: dict[str, str], quiet: bool = False) -> Any:
    return s3.delete_objects(Bucket=bucket, Delete={"Objects": list(objects), "Quiet": quiet})


def keys_of(s3: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_keys_are_deleted_whether_they_exist_or_not(s3: Any, bucket: str) -> None:
    for key in ("a", "b & <c>", "d"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = delete(s3, bucket, {"Key": "b & <c>"}, {"Key": "nothing"}, {"Key": "a"})
    assert answer["Deleted"] == [{"Key": "b & <c>"}, {"Key": "nothing"}, {"Key": "a"}]
    assert "Errors" not in answer
    assert keys_of(s3, bucket) == ["d"]
    quiet = delete(s3, bucket, {"Key": "d"}, quiet=True)
    assert "Deleted" not in quiet
    assert keys_of(s3, bucket) == []


def test_a_thousand_keys_go_at_once(s3: Any, bucket: str) -> None:
    keys = [f"folder/{number:04}" for number in range(1000)]
    for key in keys[::50]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x" * 100_000)
    answer = delete(s3, bucket, *({"Key": key} for key in keys))
    assert [each["Key"] for each in answer["Deleted"]] == keys
    assert keys_of(s3, bucket) == []
    with refused("MalformedXML", 400):
        delete(s3, bucket, *({"Key": key} for key in [*keys, "one more"]))


def test_versions_and_markers_are_deleted(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    (marked,) = delete(s3, bucket, {"Key": "k"})["Deleted"]
    marker = marked["DeleteMarkerVersionId"]
    assert marked == {"Key": "k", "DeleteMarker": True, "DeleteMarkerVersionId": marker}
    answer = delete(
        s3, bucket, {"Key": "k", "VersionId": second}, {"Key": "k", "VersionId": marker}
    )
    assert answer["Deleted"] == [
        {"Key": "k", "VersionId": second},
        {
            "Key": "k",
            "VersionId": marker,
            "DeleteMarker": True,
            "DeleteMarkerVersionId": marker,
        },
    ]
    assert s3.head_object(Bucket=bucket, Key="k")["VersionId"] == first


def test_each_key_has_its_own_error(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="b", Body=b"2")
    answer = delete(
        s3,
        bucket,
        {"Key": "a", "ETag": etag},
        {"Key": "b", "ETag": etag},
        {"Key": "c", "VersionId": "nonsense"},
        {"Key": "k" * 1025},
        quiet=True,
    )
    errors = [(each["Key"][:1], each["Code"]) for each in answer["Errors"]]
    assert errors == [
        ("b", "PreconditionFailed"),
        ("c", "InvalidArgument"),
        ("k", "KeyTooLongError"),
    ]
    assert answer["Errors"][1]["VersionId"] == "nonsense"
    assert keys_of(s3, bucket) == ["b"]


def test_what_is_to_be_deleted_must_be_checked(daemon: Daemon, bucket: str) -> None:
    body = b"<Delete><Object><Key>k</Key></Object></Delete>"
    target = f"/{bucket}?delete="
    unchecked = ask_signed(daemon, "POST", target, {}, body)
    assert (unchecked.status, unchecked.error_code) == (400, "InvalidRequest")
    right = base64.b64encode(hashlib.md5(body).digest()).decode()
    assert ask_signed(daemon, "POST", target, {"content-md5": right}, body).status == 200
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    headers = {"x-amz-checksum-sha256": wrong}
    assert ask_signed(daemon, "POST", target, headers, body).error_code == "BadDigest"
    headers = {"content-md5": base64.b64encode(hashlib.md5(b"<Delete/>").digest()).decode()}
    assert ask_signed(daemon, "POST", target, headers, b"<Delete/>").error_code == "MalformedXML"


def test_a_stranger_deletes_nothing(s3: Any, bobs_s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    with refused("AccessDenied", 403):
        delete(bobs_s3, bucket, {"Key": "k"})
    assert keys_of(s3, bucket) == ["k"]


def test_only_the_owner_of_a_bucket_deletes_versions(s3: Any, bobs_s3: Any, bucket: str) -> None:
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    answer = delete(bobs_s3, bucket, {"Key": "k", "VersionId": version}, {"Key": "k"})
    assert [each["Code"] for each in answer["Errors"]] == ["AccessDenied"]
    assert [each["DeleteMarker"] for each in answer["Deleted"]] == [True]
    assert s3.head_object(Bucket=bucket, Key="k", VersionId=version)["ContentLength"] == 1


@pytest.mark.parametrize("size", [10, 200_000])
def test_of_a_hundred_conditional_creators_one_wins(
    daemon: Daemon, s3: Any, bucket: str, size: int
) -> None:
    client = boto3_client(daemon, max_pool_connections=100)
    start = Barrier(100)

    def create(number: int) -> int:
        start.wait()
        body = bytes([number]) * size
        try:
            client.put_object(Bucket=bucket, Key="lock", Body=body, IfNoneMatch="*")
        except client.exceptions.ClientError as error:
            status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return status
        return number - 1000

    with ThreadPoolExecutor(100) as pool:
        outcomes = sorted(pool.map(create, range(100)))
    winner = outcomes[0] + 1000
    assert outcomes[1:] == [412] * 99
    assert s3.get_object(Bucket=bucket, Key="lock")["Body"].read() == bytes([winner]) * size
