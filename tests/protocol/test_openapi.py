"""The OpenAPI document against its own specification and against AWS's model."""

from __future__ import annotations

from typing import Any

import botocore.loaders
import pytest
from openapi_spec_validator import validate

from bleepstore.protocol.openapi import openapi_document
from bleepstore.protocol.parameters import HEADERS, INTEGERS, QUERY, STATUS
from bleepstore.protocol.table import OPERATIONS

MODEL = botocore.loaders.Loader().load_service_model("s3", "service-2")
SUPPORTED = {row.name: row for row in OPERATIONS if row.handler is not None}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document("1.2.3", {"/healthz": "Whether the daemon is alive."})


def entries(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        entry["operationId"]: entry
        for methods in document["paths"].values()
        for entry in methods.values()
    }


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_supported_operation_is_in_it_and_no_other(document: dict[str, Any]) -> None:
    named = entries(document).keys() - {"showHealthz"}
    by_header = {"CopyObject", "UploadPartCopy"}
    assert named == SUPPORTED.keys() - by_header
    for name in by_header:
        assert any(
            f": {name}." in entry.get("description", "") for entry in entries(document).values()
        )
    assert set(document["x-not-implemented"]) == {row.name for row in OPERATIONS} - set(SUPPORTED)


def test_each_entry_says_where_and_how(document: dict[str, Any]) -> None:
    entry = document["paths"]["/{bucket}/{key}?partNumber={partNumber}&uploadId={uploadId}"]["put"]
    assert entry["operationId"] == "UploadPart"
    places = {(each["name"], each["in"]) for each in entry["parameters"]}
    assert {("bucket", "path"), ("key", "path"), ("partNumber", "path")} <= places
    assert "application/octet-stream" in entry["requestBody"]["content"]
    assert document["paths"]["/{bucket}?acl"]["get"]["x-iam-action"] == "s3:GetBucketAcl"
    assert "204" in document["paths"]["/{bucket}/{key}"]["delete"]["responses"]


def members(name: str) -> dict[str, dict[str, Any]]:
    """The inputs of an operation that are query arguments or headers, by their lower-case name."""
    operation = MODEL["operations"][name]
    shape = MODEL["shapes"][operation["input"]["shape"]]["members"]
    return {
        member["locationName"].lower(): {
            "where": member["location"],
            "type": MODEL["shapes"][member["shape"]]["type"],
        }
        for member in shape.values()
        if member.get("location") in ("querystring", "header")
    }


@pytest.mark.parametrize("name", sorted(QUERY))
def test_query_arguments_are_those_of_aws(name: str) -> None:
    known = members(name)
    for argument in QUERY[name]:
        assert known[argument.lower()]["where"] == "querystring"
        assert (known[argument.lower()]["type"] == "integer") == (argument in INTEGERS)


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_headers_are_those_of_aws(name: str) -> None:
    known = members(name)
    for header in HEADERS[name]:
        assert known[header]["where"] == "header"
        assert (known[header]["type"] in ("integer", "long")) == (header in INTEGERS)


def test_statuses_are_those_of_aws() -> None:
    for name in SUPPORTED.keys() - {"PostObject"}:
        expected = MODEL["operations"][name]["http"].get("responseCode", 200)
        assert STATUS.get(name, 200) == expected
