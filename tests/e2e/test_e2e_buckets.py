"""Buckets through boto3."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.clients import ask_signed, boto3_client, refused
from tests.e2e.daemon import ALICE, BOB, REGION, Daemon

_HERE = {"LocationConstraint": REGION}


def test_a_new_bucket_is_found_and_located(s3: Any, bucket: str) -> None:
    head = s3.head_bucket(Bucket=bucket)
    assert head["BucketRegion"] == REGION
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION


def test_buckets_are_listed_with_their_owner(s3: Any, bucket: str) -> None:
    listing = s3.list_buckets()
    assert listing["Owner"]["ID"] == ALICE.owner_id
    assert bucket in [each["Name"] for each in listing["Buckets"]]
    assert all(each["CreationDate"] for each in listing["Buckets"])


def test_buckets_are_listed_page_by_page(s3: Any) -> None:
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=_HERE)
    pages = s3.get_paginator("list_buckets").paginate(
        Prefix="paged-", PaginationConfig={"PageSize": 2}
    )
    sizes, found = [], []
    for page in pages:
        sizes.append(len(page["Buckets"]))
        found += [each["Name"] for each in page["Buckets"]]
        assert page["Prefix"] == "paged-"
    assert found == names
    assert sizes == [2, 2, 1]


def test_somebody_elses_buckets_are_not_listed(bobs_s3: Any, bucket: str) -> None:
    assert bucket not in [each["Name"] for each in bobs_s3.list_buckets()["Buckets"]]


def test_a_bucket_of_ones_own_is_not_made_twice(s3: Any, bucket: str) -> None:
    with refused("BucketAlreadyOwnedByYou", 409):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=_HERE)


def test_a_name_that_somebody_else_has_is_taken(bobs_s3: Any, bucket: str) -> None:
    with refused("BucketAlreadyExists", 409):
        bobs_s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=_HERE)


@pytest.mark.parametrize(
    "name", ["ab", "Upper", "a..b", "192.168.0.1", "xn--abc", "-abc", "a" * 64]
)
def test_names_outside_the_rules_are_refused(daemon: Daemon, name: str) -> None:
    answer = ask_signed(daemon, "PUT", f"/{name}")
    assert (answer.status, answer.error_code) == (400, "InvalidBucketName")


def test_another_region_is_refused(s3: Any) -> None:
    with refused("IllegalLocationConstraintException", 400):
        s3.create_bucket(
            Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"}
        )


def test_a_bucket_without_a_configuration_is_made_here(daemon: Daemon, s3: Any) -> None:
    answer = ask_signed(daemon, "PUT", "/without-configuration")
    assert answer.status == 200
    assert answer.headers["location"] == "/without-configuration"
    location = s3.get_bucket_location(Bucket="without-configuration")
    assert location["LocationConstraint"] == REGION


def test_a_deleted_bucket_is_gone(s3: Any, bucket: str) -> None:
    answer = s3.delete_bucket(Bucket=bucket)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("404"):
        s3.head_bucket(Bucket=bucket)
    with refused("NoSuchBucket", 404):
        s3.list_objects_v2(Bucket=bucket)
    with refused("NoSuchBucket", 404):
        s3.delete_bucket(Bucket=bucket)


def test_a_bucket_with_an_object_is_not_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_bucket(Bucket=bucket)


def test_somebody_elses_bucket_is_closed(bobs_s3: Any, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="secret", Body=b"x")
    for name, arguments in (
        ("list_objects_v2", {}),
        ("get_object", {"Key": "secret"}),
        ("put_object", {"Key": "mine", "Body": b""}),
        ("delete_object", {"Key": "secret"}),
        ("delete_bucket", {}),
        ("get_bucket_location", {}),
    ):
        with refused("AccessDenied", 403):
            getattr(bobs_s3, name)(Bucket=bucket, **arguments)
    with refused("403"):
        bobs_s3.head_bucket(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="secret")["Body"].read() == b"x"


def test_a_bucket_made_anew_is_empty(s3: Any, bobs_s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="old", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="old")
    s3.delete_bucket(Bucket=bucket)
    bobs_s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=_HERE)
    assert bobs_s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    with refused("AccessDenied"):
        s3.list_objects_v2(Bucket=bucket)


def test_operations_that_are_not_there_say_so_by_name(s3: Any, bucket: str) -> None:
    with refused("NotImplemented", 501) as caught:
        s3.get_bucket_policy(Bucket=bucket)
    assert "GetBucketPolicy" in str(caught[0])
    with refused("NotImplemented", 501):
        s3.get_bucket_website(Bucket=bucket)


def test_both_users_have_the_buckets_that_they_made(daemon: Daemon) -> None:
    bob = boto3_client(daemon, BOB)
    bob.create_bucket(Bucket="bobs-own", CreateBucketConfiguration=_HERE)
    listing = bob.list_buckets()
    assert listing["Owner"]["ID"] == BOB.owner_id
    assert "bobs-own" in [each["Name"] for each in listing["Buckets"]]
