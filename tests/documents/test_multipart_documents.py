from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bleepstore.documents.copying import copy_object_result, copy_part_result
from bleepstore.documents.listing import ListingRequest
from bleepstore.documents.multipart import (
    PartsPage,
    UploadMarkers,
    complete_multipart_upload_result,
    initiate_multipart_upload_result,
    list_multipart_uploads_result,
    list_parts_result,
    parse_complete_multipart_upload,
)
from bleepstore.errors import S3Error
from bleepstore.values import (
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    CompletedPart,
    Owner,
    Part,
    Upload,
    UploadListing,
)
from tests.documents.parsing import as_botocore_reads

OWNER = Owner("o" * 64, "Olga")
BOB = Owner("b" * 64, "Bob")
NOON_MS = 1_700_000_000_123
NOON = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
CRC = Checksum(ChecksumAlgorithm.CRC32, "NSRBwg==")
UPLOAD = Upload("u1", "a & b", OWNER, BOB, NOON_MS)
WITH_CHECKSUM = Upload(
    "u2",
    "a b",
    OWNER,
    BOB,
    NOON_MS,
    checksum_algorithm=ChecksumAlgorithm.CRC32C,
    checksum_type=ChecksumType.COMPOSITE,
)
WHO = {
    "Owner": {"ID": OWNER.id, "DisplayName": "Olga"},
    "Initiator": {"ID": BOB.id, "DisplayName": "Bob"},
}


def test_the_beginning_of_an_upload() -> None:
    found = as_botocore_reads(
        "CreateMultipartUpload", initiate_multipart_upload_result("bucket", "a & b", "u1")
    )
    assert found == {"Bucket": "bucket", "Key": "a & b", "UploadId": "u1"}


def test_the_end_of_an_upload() -> None:
    composite = Checksum(ChecksumAlgorithm.CRC32, "NSRBwg==-2", ChecksumType.COMPOSITE)
    body = complete_multipart_upload_result("http://h/b/k", "b", "k", "e-2", (composite,))
    assert as_botocore_reads("CompleteMultipartUpload", body) == {
        "Location": "http://h/b/k",
        "Bucket": "b",
        "Key": "k",
        "ETag": '"e-2"',
        "ChecksumCRC32": "NSRBwg==-2",
        "ChecksumType": "COMPOSITE",
    }


def test_parts() -> None:
    page = PartsPage(1, 2, (Part(2, 5, "e", NOON_MS, checksums=(CRC,)), Part(7, 6, "f", 0)), True)
    found = as_botocore_reads("ListParts", list_parts_result("bucket", WITH_CHECKSUM, page))
    assert found.pop("Parts") == [
        {
            "PartNumber": 2,
            "LastModified": NOON,
            "ETag": '"e"',
            "Size": 5,
            "ChecksumCRC32": "NSRBwg==",
        },
        {
            "PartNumber": 7,
            "LastModified": datetime(1970, 1, 1, tzinfo=UTC),
            "ETag": '"f"',
            "Size": 6,
        },
    ]
    assert found == {
        "Bucket": "bucket",
        "Key": "a b",
        "UploadId": "u2",
        "PartNumberMarker": 1,
        "NextPartNumberMarker": 7,
        "MaxParts": 2,
        "IsTruncated": True,
        "StorageClass": "STANDARD",
        "ChecksumAlgorithm": "CRC32C",
        "ChecksumType": "COMPOSITE",
        **WHO,
    }


def test_no_parts() -> None:
    found = as_botocore_reads(
        "ListParts", list_parts_result("bucket", UPLOAD, PartsPage(0, 1000, (), False))
    )
    assert "Parts" not in found
    assert "ChecksumAlgorithm" not in found
    assert found["IsTruncated"] is False


def test_uploads_encoded_on_demand() -> None:
    page = UploadListing((UPLOAD, WITH_CHECKSUM), ("d&/",), True, "a b", "u2")
    request = ListingRequest("bucket", "p&", "/", 2, url_encoded=True)
    body = list_multipart_uploads_result(request, UploadMarkers("k&", "u0"), page)
    found = as_botocore_reads("ListMultipartUploads", body)
    assert found.pop("Uploads") == [
        {
            "Key": "a%20%26%20b",
            "UploadId": "u1",
            "StorageClass": "STANDARD",
            "Initiated": NOON,
            **WHO,
        },
        {
            "Key": "a%20b",
            "UploadId": "u2",
            "StorageClass": "STANDARD",
            "Initiated": NOON,
            "ChecksumAlgorithm": "CRC32C",
            "ChecksumType": "COMPOSITE",
            **WHO,
        },
    ]
    assert found == {
        "Bucket": "bucket",
        "KeyMarker": "k%26",
        "UploadIdMarker": "u0",
        "NextKeyMarker": "a%20b",
        "NextUploadIdMarker": "u2",
        "Prefix": "p%26",
        "Delimiter": "/",
        "EncodingType": "url",
        "MaxUploads": 2,
        "IsTruncated": True,
        "CommonPrefixes": [{"Prefix": "d%26/"}],
    }


def test_copies() -> None:
    assert as_botocore_reads("CopyObject", copy_object_result("e", NOON_MS, (CRC,))) == {
        "CopyObjectResult": {
            "ETag": '"e"',
            "LastModified": NOON,
            "ChecksumCRC32": "NSRBwg==",
            "ChecksumType": "FULL_OBJECT",
        }
    }
    assert as_botocore_reads("UploadPartCopy", copy_part_result("e", NOON_MS, (CRC,))) == {
        "CopyPartResult": {"ETag": '"e"', "LastModified": NOON, "ChecksumCRC32": "NSRBwg=="}
    }


def completion(*parts: str) -> bytes:
    inside = "".join(f"<Part>{part}</Part>" for part in parts)
    return f"<CompleteMultipartUpload>{inside}</CompleteMultipartUpload>".encode()


def test_a_completion_names_parts_in_its_own_order() -> None:
    body = completion(
        "<PartNumber>2</PartNumber><ETag>&quot;e&quot;</ETag>",
        "<ETag>f</ETag><PartNumber>1</PartNumber><ChecksumCRC32>NSRBwg==</ChecksumCRC32>",
    )
    assert parse_complete_multipart_upload(body) == (
        CompletedPart(2, "e"),
        CompletedPart(1, "f", (CRC,)),
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MalformedXML"),
        (completion(), "MalformedXML"),
        (completion(*["<PartNumber>1</PartNumber><ETag>e</ETag>"] * 10_001), "MalformedXML"),
        (completion("<PartNumber>1</PartNumber>"), "MalformedXML"),
        (completion("<ETag>e</ETag>"), "MalformedXML"),
        (completion("<PartNumber>x</PartNumber><ETag>e</ETag>"), "MalformedXML"),
        (completion("<PartNumber>1.0</PartNumber><ETag>e</ETag>"), "MalformedXML"),
        (completion(f"<PartNumber>{'9' * 5000}</PartNumber><ETag>e</ETag>"), "MalformedXML"),
        (completion("<PartNumber>0</PartNumber><ETag>e</ETag>"), "InvalidArgument"),
        (b"<Other><Part/></Other>", "MalformedXML"),
    ],
)
def test_what_is_no_completion(body: bytes, code: str) -> None:
    with pytest.raises(S3Error) as caught:
        parse_complete_multipart_upload(body)
    assert caught.value.code == code


def test_the_longest_completion() -> None:
    part: Any = "<PartNumber>1</PartNumber><ETag>e</ETag><ChecksumCRC32>NSRBwg==</ChecksumCRC32>"
    assert len(parse_complete_multipart_upload(completion(*[part] * 10_000))) == 10_000
