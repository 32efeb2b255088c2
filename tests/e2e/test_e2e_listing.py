"""ListObjects and ListObjectsV2 through boto3."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.clients import ask_signed, boto3_client, refused
from tests.e2e.daemon import ALICE, REGION, Daemon

_KEYS = sorted(
    [f"plain-{number:02}" for number in range(10)]
    + [f"photos/2025/{number}.jpg" for number in range(5)]
    + [f"photos/2026/{number}.jpg" for number in range(5)]
    + ["photos/", "photos/index", "z", "émile", "a b", "tab\there"],
    key=str.encode,
)


@pytest.fixture(scope="module")
def catalogue(daemon: Daemon) -> str:
    """A bucket with some keys in it."""
    client = boto3_client(daemon)
    bucket = "catalogue"
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in _KEYS:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def _keys(page: Any) -> list[str]:
    return [each["Key"] for each in page.get("Contents", [])]


def _prefixes(page: Any) -> list[str]:
    return [each["Prefix"] for each in page.get("CommonPrefixes", [])]


def test_all_keys_in_the_order_of_their_bytes(s3: Any, catalogue: str) -> None:
    page = s3.list_objects_v2(Bucket=catalogue)
    assert _keys(page) == _KEYS
    assert page["KeyCount"] == len(_KEYS)
    assert page["IsTruncated"] is False
    assert page["Name"] == catalogue
    assert page["MaxKeys"] == 1000


def test_what_a_listing_shows_of_an_object(s3: Any, catalogue: str) -> None:
    head = s3.head_object(Bucket=catalogue, Key="z")
    shown = s3.list_objects_v2(Bucket=catalogue, Prefix="z")["Contents"][0]
    assert shown["Size"] == 1
    assert shown["ETag"] == head["ETag"]
    assert shown["LastModified"] == head["LastModified"]
    assert shown["StorageClass"] == "STANDARD"
    assert "Owner" not in shown


def test_owners_are_shown_when_asked_for_and_always_in_version_1(s3: Any, catalogue: str) -> None:
    asked = s3.list_objects_v2(Bucket=catalogue, Prefix="z", FetchOwner=True)
    assert asked["Contents"][0]["Owner"]["ID"] == ALICE.owner_id
    assert s3.list_objects(Bucket=catalogue, Prefix="z")["Contents"][0]["Owner"]["ID"]


@pytest.mark.parametrize("page_size", [1, 3, 7, len(_KEYS)])
@pytest.mark.parametrize("name", ["list_objects", "list_objects_v2"])
def test_pages_add_up(s3: Any, catalogue: str, name: str, page_size: int) -> None:
    pages = list(
        s3.get_paginator(name).paginate(Bucket=catalogue, PaginationConfig={"PageSize": page_size})
    )
    assert [key for page in pages for key in _keys(page)] == _KEYS
    assert all(len(_keys(page)) == page_size for page in pages[:-1])
    assert len(pages) == -(-len(_KEYS) // page_size)


@pytest.mark.parametrize("page_size", [1, 2, 1000])
@pytest.mark.parametrize("name", ["list_objects", "list_objects_v2"])
def test_a_delimiter_rolls_keys_up(s3: Any, catalogue: str, name: str, page_size: int) -> None:
    pages = list(
        s3.get_paginator(name).paginate(
            Bucket=catalogue, Delimiter="/", PaginationConfig={"PageSize": page_size}
        )
    )
    assert [key for page in pages for key in _keys(page)] == [k for k in _KEYS if "/" not in k]
    assert [prefix for page in pages for prefix in _prefixes(page)] == ["photos/"]


def test_prefix_and_delimiter_show_one_folder(s3: Any, catalogue: str) -> None:
    page = s3.list_objects_v2(Bucket=catalogue, Prefix="photos/", Delimiter="/")
    assert _keys(page) == ["photos/", "photos/index"]
    assert _prefixes(page) == ["photos/2025/", "photos/2026/"]
    assert page["KeyCount"] == 4


def test_a_delimiter_may_have_several_characters(s3: Any, catalogue: str) -> None:
    page = s3.list_objects_v2(Bucket=catalogue, Prefix="ph", Delimiter="/20")
    assert _prefixes(page) == ["photos/20"]
    assert _keys(page) == ["photos/", "photos/index"]


def test_a_listing_starts_behind_a_key_that_need_not_exist(s3: Any, catalogue: str) -> None:
    behind = [key for key in _KEYS if key.encode() > b"plain-05x"]
    assert _keys(s3.list_objects_v2(Bucket=catalogue, StartAfter="plain-05x")) == behind
    assert _keys(s3.list_objects(Bucket=catalogue, Marker="plain-05x")) == behind


def test_a_start_inside_a_rolled_up_folder_shows_what_is_left_of_it(
    s3: Any, catalogue: str
) -> None:
    page = s3.list_objects_v2(
        Bucket=catalogue, StartAfter="photos/2025/9", Prefix="photos/", Delimiter="/"
    )
    assert _prefixes(page) == ["photos/2026/"]
    assert _keys(page) == ["photos/index"]


def test_version_1_names_the_next_marker_only_with_a_delimiter(s3: Any, catalogue: str) -> None:
    with_delimiter = s3.list_objects(Bucket=catalogue, MaxKeys=2, Delimiter="/")
    assert with_delimiter["NextMarker"] == "photos/"
    assert "NextMarker" not in s3.list_objects(Bucket=catalogue, MaxKeys=2)


def test_no_keys_asked_for_none_shown(s3: Any, catalogue: str) -> None:
    page = s3.list_objects_v2(Bucket=catalogue, MaxKeys=0)
    assert _keys(page) == []
    assert page["IsTruncated"] is False


def test_a_prefix_without_keys_is_an_empty_page(s3: Any, catalogue: str) -> None:
    page = s3.list_objects_v2(Bucket=catalogue, Prefix="nothing/")
    assert (page["KeyCount"], _keys(page), _prefixes(page)) == (0, [], [])


def test_url_encoding_is_asked_for_and_said(daemon: Daemon, catalogue: str) -> None:
    answer = ask_signed(daemon, "GET", f"/{catalogue}?list-type=2&encoding-type=url&prefix=tab%09")
    assert b"<EncodingType>url</EncodingType>" in answer.body
    assert b"<Key>tab%09here</Key>" in answer.body
    assert b"<Prefix>tab%09</Prefix>" in answer.body


@pytest.mark.parametrize(
    "query",
    [
        "list-type=2&max-keys=-1",
        "list-type=2&max-keys=many",
        "list-type=2&max-keys=99999999999",
        "list-type=2&encoding-type=base64",
        "list-type=2&continuation-token=%21",
        "list-type=2&continuation-token=",
        "max-keys=1.5",
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    daemon: Daemon, catalogue: str, query: str
) -> None:
    answer = ask_signed(daemon, "GET", f"/{catalogue}?{query}")
    assert (answer.status, answer.error_code) == (400, "InvalidArgument")


def test_more_than_1000_keys_asked_for_are_1000(s3: Any, catalogue: str) -> None:
    page = s3.list_objects_v2(Bucket=catalogue, MaxKeys=5000)
    assert page["MaxKeys"] == 1000


def test_listing_a_bucket_that_is_not_there(s3: Any) -> None:
    with refused("NoSuchBucket", 404):
        s3.list_objects(Bucket="no-such-bucket-here")
