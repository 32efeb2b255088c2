from __future__ import annotations

import pytest

from bleepstore.documents.deletion import (
    MAX_KEYS,
    Deleted,
    NotDeleted,
    ObjectToDelete,
    delete_result,
    parse_delete,
)
from bleepstore.errors import S3Error
from tests.documents.parsing import as_botocore_reads


def delete(children: str) -> bytes:
    return f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{children}</Delete>'.encode()


def test_keys_versions_and_conditions_are_read() -> None:
    body = delete(
        "<Object><Key> a &amp; b </Key></Object>"
        "<Object><Key>k</Key><VersionId>v1</VersionId></Object>"
        "<Object><Key>k</Key><ETag>&quot;abc&quot;</ETag></Object>"
        "<Quiet>true</Quiet>"
    )
    assert parse_delete(body) == (
        (
            ObjectToDelete(" a & b "),
            ObjectToDelete("k", version_id="v1"),
            ObjectToDelete("k", etag="abc"),
        ),
        True,
    )


def test_an_answer_is_not_quiet_unless_asked_for() -> None:
    for quiet in ("", "<Quiet>false</Quiet>"):
        assert parse_delete(delete(f"<Object><Key>k</Key></Object>{quiet}"))[1] is False


def test_a_thousand_keys_are_the_limit() -> None:
    one = "<Object><Key>k</Key></Object>"
    assert len(parse_delete(delete(one * MAX_KEYS))[0]) == 1000
    with pytest.raises(S3Error) as caught:
        parse_delete(delete(one * (MAX_KEYS + 1)))
    assert caught.value.code == "MalformedXML"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MalformedXML"),
        (b"<Remove/>", "MalformedXML"),
        (delete(""), "MalformedXML"),
        (delete("<Object/>"), "MalformedXML"),
        (delete("<Object><Key></Key></Object>"), "MalformedXML"),
        (delete("<Object><Key>k</Key><Size>1</Size></Object>"), "NotImplemented"),
        (
            delete("<Object><Key>k</Key><LastModifiedTime>x</LastModifiedTime></Object>"),
            "NotImplemented",
        ),
    ],
)
def test_what_cannot_be_deleted(body: bytes, code: str) -> None:
    with pytest.raises(S3Error) as caught:
        parse_delete(body)
    assert caught.value.code == code


OUTCOMES = (
    Deleted("a"),
    NotDeleted("b", "v", S3Error("AccessDenied")),
    Deleted("c", is_delete_marker=True, marker_version_id="m"),
    Deleted("d", version_id="v2"),
)


def test_outcomes_as_a_client_reads_them() -> None:
    found = as_botocore_reads("DeleteObjects", delete_result(OUTCOMES, quiet=False))
    assert found["Deleted"] == [
        {"Key": "a"},
        {"Key": "c", "DeleteMarker": True, "DeleteMarkerVersionId": "m"},
        {"Key": "d", "VersionId": "v2"},
    ]
    assert found["Errors"] == [
        {"Key": "b", "VersionId": "v", "Code": "AccessDenied", "Message": "Access Denied"}
    ]


def test_a_quiet_answer_has_only_errors() -> None:
    found = as_botocore_reads("DeleteObjects", delete_result(OUTCOMES, quiet=True))
    assert set(found) == {"Errors"}


def test_the_order_is_that_of_the_request() -> None:
    text = delete_result(OUTCOMES, quiet=False).decode()
    assert [text.index(f"<Key>{key}</Key>") for key in "abcd"] == sorted(
        text.index(f"<Key>{key}</Key>") for key in "abcd"
    )
