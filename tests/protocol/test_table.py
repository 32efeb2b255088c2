"""The operation table against AWS's own model of S3."""

from __future__ import annotations

import re
from typing import Any

import botocore.loaders
import pytest

from bleepstore.errors import S3Error
from bleepstore.protocol.operation import Level, Operation
from bleepstore.protocol.query import parse_query
from bleepstore.protocol.table import OPERATIONS, match
from bleepstore.values import Address

MODEL: dict[str, Any] = botocore.loaders.Loader().load_service_model("s3", "service-2")
NAMES = {name for row in OPERATIONS for name in (row.name, *row.also_named)}
ROWS = {name: row for row in OPERATIONS for name in (row.name, *row.also_named)}
# Browser uploads are no operation of the SDKs.
NOT_IN_MODEL = {"PostObject"}
# At GET / both are told apart by a query key that the model does not require.
NEEDS_QUERY = {"ListDirectoryBuckets": {"max-directory-buckets": "1"}}


def test_every_operation_of_the_model_has_a_row() -> None:
    assert set(MODEL["operations"]) - NAMES == set()


def test_no_row_is_invented() -> None:
    assert NAMES - set(MODEL["operations"]) == NOT_IN_MODEL


def test_no_name_stands_twice() -> None:
    assert len({row.name for row in OPERATIONS}) == len(OPERATIONS)


def request_of(name: str) -> tuple[str, Address, dict[str, str], dict[str, str]]:
    """The least request of an operation: its URI and what the model says is required."""
    operation = MODEL["operations"][name]
    path, _, fixed = operation["http"]["requestUri"].partition("?")
    query = dict(parse_query(fixed.encode())) | NEEDS_QUERY.get(name, {})
    headers: dict[str, str] = {}
    shape = MODEL["shapes"].get(operation.get("input", {}).get("shape"), {})
    for member in shape.get("required", []):
        place = shape["members"][member]
        if place.get("location") == "querystring":
            query.setdefault(place["locationName"], "1")
        elif place.get("location") == "header":
            headers[place["locationName"].lower()] = "x"
    bucket = "bucket" if path != "/" else None
    address = Address(bucket, "key" if "{Key+}" in path else None)
    return operation["http"]["method"], address, query, headers


@pytest.mark.parametrize("name", sorted(MODEL["operations"]))
def test_the_least_request_of_an_operation_finds_its_row(name: str) -> None:
    assert match(*request_of(name)) is ROWS[name]


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_actions_look_like_iam_actions(row: Operation) -> None:
    assert re.fullmatch(r"s3(express|-object-lambda)?:[A-Z][A-Za-z]+", row.action)


def test_a_subresource_never_falls_into_the_plain_operation() -> None:
    assert match("GET", Address("b", "k"), {"acl": ""}, {}).name == "GetObjectAcl"
    assert match("PUT", Address("b"), {"policy": ""}, {}).name == "PutBucketPolicy"


@pytest.mark.parametrize(
    ("method", "key", "query"),
    [
        ("DELETE", "k", "acl"),
        ("DELETE", "k", "legal-hold"),
        ("DELETE", "k", "partNumber"),
        ("DELETE", None, "acl"),
        ("DELETE", None, "versioning"),
        ("DELETE", None, "logging"),
        ("PUT", "k", "torrent"),
        ("PUT", "k", "uploads"),
        ("PUT", "k", "uploadId"),
        ("PUT", "k", "partNumber"),
        ("PUT", None, "location"),
        ("GET", "k", "restore"),
        ("HEAD", "k", "acl"),
        ("HEAD", None, "policy"),
    ],
)
def test_a_subresource_that_a_method_has_not_is_refused(
    method: str, key: str | None, query: str
) -> None:
    with pytest.raises(S3Error) as caught:
        match(method, Address("b", key), {query: ""}, {})
    assert caught.value.code == "MethodNotAllowed"


def test_reading_by_part_number_is_reading() -> None:
    assert match("GET", Address("b", "k"), {"partNumber": "1"}, {}).name == "GetObject"
    assert match("HEAD", Address("b", "k"), {"partNumber": "1"}, {}).name == "HeadObject"


def test_unknown_query_keys_are_ignored() -> None:
    query = {"x-id": "GetObject", "cachebuster": "1"}
    assert match("GET", Address("b", "k"), query, {}).name == "GetObject"


def test_list_type_must_be_two() -> None:
    assert match("GET", Address("b"), {"list-type": "2"}, {}).name == "ListObjectsV2"
    assert match("GET", Address("b"), {"list-type": "1"}, {}).name == "ListObjects"


def test_a_copy_is_told_by_its_header() -> None:
    source = {"x-amz-copy-source": "b/k"}
    part = {"partNumber": "1", "uploadId": "u"}
    assert match("PUT", Address("b", "k"), {}, source).name == "CopyObject"
    assert match("PUT", Address("b", "k"), part, source).name == "UploadPartCopy"
    assert match("PUT", Address("b", "k"), part, {}).name == "UploadPart"


def test_another_method_is_refused_by_name() -> None:
    with pytest.raises(S3Error) as caught:
        match("PATCH", Address("b", "k"), {}, {})
    assert caught.value.code == "MethodNotAllowed"
    assert caught.value.elements == {"Method": "PATCH", "ResourceType": "OBJECT"}
    assert dict(caught.value.headers)["allow"] == "DELETE, GET, HEAD, POST, PUT"


def test_levels_are_those_of_the_model() -> None:
    for name, operation in MODEL["operations"].items():
        path = operation["http"]["requestUri"].partition("?")[0]
        on_object = "{Key+}" in path
        assert (ROWS[name].level is Level.OBJECT) == on_object, name
