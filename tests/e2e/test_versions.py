"""Versions and delete markers, through boto3 on the real daemon."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.clients import ask_signed, refused
from tests.e2e.daemon import Daemon


def set_versioning(s3: Any, bucket: str, status: str = "Enabled") -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def put(s3: Any, bucket: str, key: str, body: bytes) -> str:
    version_id: str = s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    return version_id


def read(s3: Any, bucket: str, key: str, **version: str) -> bytes:
    data: bytes = s3.get_object(Bucket=bucket, Key=key, **version)["Body"].read()
    return data


def listed(s3: Any, bucket: str, **query: Any) -> list[tuple[str, str, bool]]:
    """Key, version and whether it is the latest one; delete markers have a star behind the key."""
    answer = s3.list_object_versions(Bucket=bucket, **query)
    rows = [(v["Key"], v["VersionId"], v["IsLatest"]) for v in answer.get("Versions", [])]
    markers = answer.get("DeleteMarkers", [])
    rows += [(f"{m['Key']}*", m["VersionId"], m["IsLatest"]) for m in markers]
    return sorted(rows)


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    set_versioning(s3, bucket)
    return bucket


def test_the_state_of_a_bucket(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    for status in ("Enabled", "Suspended", "Enabled"):
        set_versioning(s3, bucket, status)
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == status
    with refused("NotImplemented", 501):
        s3.put_bucket_versioning(
            Bucket=bucket,
            MFA="device 123456",
            VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"},
        )
    with refused("IllegalVersioningConfigurationException", 400):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={})
    with refused("MalformedXML", 400):
        set_versioning(s3, bucket, "Off")


def test_every_version_can_be_read(s3: Any, versioned: str) -> None:
    first, second = (put(s3, versioned, "k", body) for body in (b"1", b"22"))
    assert first != second
    assert read(s3, versioned, "k") == b"22"
    assert read(s3, versioned, "k", VersionId=first) == b"1"
    head = s3.head_object(Bucket=versioned, Key="k", VersionId=first)
    assert (head["VersionId"], head["ContentLength"]) == (first, 1)
    assert s3.head_object(Bucket=versioned, Key="k")["VersionId"] == second
    assert listed(s3, versioned) == sorted([("k", first, False), ("k", second, True)])


def test_a_delete_hides_and_its_marker_can_be_deleted(s3: Any, versioned: str) -> None:
    version = put(s3, versioned, "k", b"1")
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    marker = deleted["VersionId"]
    assert deleted["DeleteMarker"] is True
    with refused("NoSuchKey", 404) as caught:
        s3.get_object(Bucket=versioned, Key="k")
    error: Any = caught[0].response
    headers = error["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", marker)
    assert "Contents" not in s3.list_objects_v2(Bucket=versioned)
    assert listed(s3, versioned) == [("k", version, False), ("k*", marker, True)]
    assert read(s3, versioned, "k", VersionId=version) == b"1"
    undone = s3.delete_object(Bucket=versioned, Key="k", VersionId=marker)
    assert (undone["DeleteMarker"], undone["VersionId"]) == (True, marker)
    assert read(s3, versioned, "k") == b"1"


def test_a_delete_marker_cannot_be_read(daemon: Daemon, s3: Any, versioned: str) -> None:
    put(s3, versioned, "k", b"1")
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    for method in ("GET", "HEAD"):
        answer = ask_signed(daemon, method, f"/{versioned}/k?versionId={marker}")
        assert answer.status == 405
        assert answer.headers["allow"] == "DELETE"
        assert answer.headers["x-amz-delete-marker"] == "true"
        assert answer.headers["x-amz-version-id"] == marker
        assert answer.headers["last-modified"]
    with refused("MethodNotAllowed", 405):
        s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=marker)


def test_deleting_the_newest_version_brings_back_the_one_before(s3: Any, versioned: str) -> None:
    first, second, third = (put(s3, versioned, "k", body) for body in (b"1", b"2", b"3"))
    deleted = s3.delete_object(Bucket=versioned, Key="k", VersionId=third)
    assert deleted["VersionId"] == third
    assert "DeleteMarker" not in deleted
    assert read(s3, versioned, "k") == b"2"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=first)
    assert listed(s3, versioned) == [("k", second, True)]
    s3.delete_object(Bucket=versioned, Key="k", VersionId=second)
    assert listed(s3, versioned) == []
    s3.delete_bucket(Bucket=versioned)


def test_what_is_no_version_and_what_is_none_of_this_key(s3: Any, versioned: str) -> None:
    put(s3, versioned, "k", b"1")
    other = put(s3, versioned, "other", b"1")
    with refused("NoSuchVersion", 404):
        s3.get_object(Bucket=versioned, Key="k", VersionId=other)
    for version_id in ("nonsense", "x" * 31 + "!"):
        with refused("InvalidArgument", 400):
            s3.get_object(Bucket=versioned, Key="k", VersionId=version_id)
        with refused("InvalidArgument", 400):
            s3.delete_object(Bucket=versioned, Key="k", VersionId=version_id)
    with refused("NoSuchVersion", 404):
        s3.get_object(Bucket=versioned, Key="k", VersionId="null")


def test_objects_from_before_versioning_are_null_versions(s3: Any, bucket: str) -> None:
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"0")
    assert listed(s3, bucket) == [("k", "null", True)]
    set_versioning(s3, bucket)
    new = put(s3, bucket, "k", b"1")
    assert read(s3, bucket, "k", VersionId="null") == b"0"
    assert listed(s3, bucket) == sorted([("k", "null", False), ("k", new, True)])
    set_versioning(s3, bucket, "Suspended")
    assert put(s3, bucket, "k", b"2") == "null"
    assert read(s3, bucket, "k", VersionId="null") == b"2"
    assert listed(s3, bucket) == sorted([("k", "null", True), ("k", new, False)])
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert (marker["VersionId"], marker["DeleteMarker"]) == ("null", True)
    assert listed(s3, bucket) == sorted([("k", new, False), ("k*", "null", True)])


def test_a_bucket_with_only_a_delete_marker_is_not_empty(s3: Any, versioned: str) -> None:
    s3.delete_object(Bucket=versioned, Key="k")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=versioned)


def test_conditional_deletes(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    with refused("PreconditionFailed", 412):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch='"0123456789abcdef0123456789abcdef"')
    assert read(s3, bucket, "k") == b"1"
    with refused("NotImplemented", 501):
        s3.delete_object(Bucket=bucket, Key="k", IfMatchSize=1)
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    with refused("NoSuchKey", 404):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch="*")


def test_versions_are_paged_in_order_and_completely(s3: Any, versioned: str) -> None:
    expected = []
    for key in ("a", "b/1", "b/2", "c"):
        ids = [put(s3, versioned, key, b"x") for _ in range(3)]
        expected += [(key, version_id) for version_id in reversed(ids)]
    for size in (1, 2, 5, 1000):
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=versioned, PaginationConfig={"PageSize": size}
        )
        found = [(v["Key"], v["VersionId"]) for page in pages for v in page["Versions"]]
        assert found == expected, size


def test_prefix_delimiter_and_markers_of_a_listing(s3: Any, versioned: str) -> None:
    ids = {key: put(s3, versioned, key, b"x") for key in ("a", "b/1", "b/2", "c d")}
    newest = put(s3, versioned, "a", b"y")
    page = s3.list_object_versions(Bucket=versioned, Delimiter="/", MaxKeys=3)
    assert [v["VersionId"] for v in page["Versions"]] == [newest, ids["a"]]
    assert page["CommonPrefixes"] == [{"Prefix": "b/"}]
    assert (page["IsTruncated"], page["NextKeyMarker"]) == (True, "b/")
    rest = s3.list_object_versions(
        Bucket=versioned, Delimiter="/", KeyMarker=page["NextKeyMarker"], EncodingType="url"
    )
    assert [v["Key"] for v in rest["Versions"]] == ["c%20d"]
    assert "CommonPrefixes" not in rest
    assert listed(s3, versioned, Prefix="b/") == sorted(
        [("b/1", ids["b/1"], True), ("b/2", ids["b/2"], True)]
    )
    inside = s3.list_object_versions(
        Bucket=versioned, Prefix="a", KeyMarker="a", VersionIdMarker=newest
    )
    assert [v["VersionId"] for v in inside["Versions"]] == [ids["a"]]
    assert listed(s3, versioned, Prefix="a", KeyMarker="a") == []


def test_markers_that_make_no_sense(daemon: Daemon, s3: Any, versioned: str) -> None:
    with refused("InvalidArgument", 400):
        s3.list_object_versions(Bucket=versioned, VersionIdMarker="x" * 32)
    with refused("InvalidArgument", 400):
        s3.list_object_versions(Bucket=versioned, KeyMarker="k", VersionIdMarker="x")
    target = f"/{versioned}?key-marker=k&version-id-marker=&versions="
    assert ask_signed(daemon, "GET", target).error_code == "InvalidArgument"
