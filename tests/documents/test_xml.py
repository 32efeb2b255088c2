from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.documents.bucket import location_constraint, parse_create_bucket_configuration
from bleepstore.documents.error import error_document
from bleepstore.documents.xml import MAX_DEPTH, MAX_ELEMENTS, document, element, escape, parse
from bleepstore.errors import S3Error
from bleepstore.ids import host_id

BILLION_LAUGHS = b"""<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>"""
EXTERNAL = b"""<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>"""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<r>",
        b"<r></s>",
        b"<r/><r/>",
        b"<other/>",
        b"\xff\xfe",
        b'<?xml version="1.0" encoding="klingon"?><r/>',
        BILLION_LAUGHS,
        EXTERNAL,
        b"<r>" * (MAX_DEPTH + 1) + b"</r>" * (MAX_DEPTH + 1),
        b"<r>" + b"<a/>" * MAX_ELEMENTS + b"</r>",
    ],
    ids=range(12),
)
def test_what_is_no_such_document_is_malformed(body: bytes) -> None:
    with pytest.raises(S3Error) as caught:
        parse(body, "r")
    assert caught.value.code == "MalformedXML"


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_input_is_worse_than_malformed(body: bytes) -> None:
    try:
        parse(b"<r>" + body + b"</r>", "r")
    except S3Error as error:
        assert error.code == "MalformedXML"


def test_namespaces_do_not_matter() -> None:
    tree = parse(b'<r xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><a> x </a></r>', "r")
    assert tree.findtext("a") == " x "


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")))
def test_text_survives_writing_and_reading(text: str) -> None:
    tree = ElementTree.fromstring(document("R", [element("A", text)]))
    assert (tree[0].text or "") == text


def test_control_characters_become_references() -> None:
    assert escape("a\x01\r<&") == "a&#1;&#13;&lt;&amp;"


def test_location_constraint_is_empty_for_us_east_1() -> None:
    assert ElementTree.fromstring(location_constraint("us-east-1")).text is None
    assert ElementTree.fromstring(location_constraint("eu-west-1")).text == "eu-west-1"


def test_create_bucket_configuration() -> None:
    body = (
        b'<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"
    )
    assert parse_create_bucket_configuration(body) == "eu-west-1"
    assert parse_create_bucket_configuration(b"") is None
    assert parse_create_bucket_configuration(b"<CreateBucketConfiguration/>") is None


def test_error_document_names_code_resource_and_request() -> None:
    error = S3Error("NoSuchKey", Key="a<b")
    tree = ElementTree.fromstring(error_document(error, "/bucket/a", "0123"))
    assert {child.tag: child.text for child in tree} == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": "a<b",
        "Resource": "/bucket/a",
        "RequestId": "0123",
        "HostId": host_id("0123"),
    }
