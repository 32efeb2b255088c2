from __future__ import annotations

from attrs import evolve

from bleepstore.documents.attributes import ATTRIBUTES, PartsWindow, object_attributes
from bleepstore.values import (
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    ObjectVersion,
    Owner,
    PartBoundary,
)
from tests.documents.parsing import as_botocore_reads

CRC32 = ChecksumAlgorithm.CRC32
PARTS = tuple(PartBoundary(number, 5, (Checksum(CRC32, "AAAAAA=="),)) for number in (1, 3, 7))
VERSION = ObjectVersion(
    key="k",
    version_id="v",
    last_modified_ms=0,
    owner=Owner("o"),
    size_bytes=15,
    etag="abc-3",
    parts=PARTS,
    checksums=(Checksum(CRC32, "AAAAAA==-3", ChecksumType.COMPOSITE),),
)


def test_all_attributes_as_a_client_reads_them() -> None:
    body = object_attributes(VERSION, ATTRIBUTES, PartsWindow())
    assert as_botocore_reads("GetObjectAttributes", body) == {
        "ETag": "abc-3",
        "Checksum": {"ChecksumCRC32": "AAAAAA==-3", "ChecksumType": "COMPOSITE"},
        "ObjectParts": {
            "TotalPartsCount": 3,
            "PartNumberMarker": 0,
            "NextPartNumberMarker": 7,
            "MaxParts": 1000,
            "IsTruncated": False,
            "Parts": [
                {"PartNumber": number, "Size": 5, "ChecksumCRC32": "AAAAAA=="}
                for number in (1, 3, 7)
            ],
        },
        "StorageClass": "STANDARD",
        "ObjectSize": 15,
    }


def test_parts_are_paged() -> None:
    body = object_attributes(VERSION, {"ObjectParts"}, PartsWindow(marker=1, max_parts=1))
    parts = as_botocore_reads("GetObjectAttributes", body)["ObjectParts"]
    assert [part["PartNumber"] for part in parts["Parts"]] == [3]
    assert (parts["NextPartNumberMarker"], parts["IsTruncated"]) == (3, True)
    assert (parts["PartNumberMarker"], parts["MaxParts"]) == (1, 1)
    body = object_attributes(VERSION, {"ObjectParts"}, PartsWindow(marker=3, max_parts=1))
    parts = as_botocore_reads("GetObjectAttributes", body)["ObjectParts"]
    assert parts["IsTruncated"] is False


def test_parts_without_checksums_are_only_counted() -> None:
    bare = evolve(VERSION, parts=tuple(evolve(part, checksums=()) for part in PARTS))
    body = object_attributes(bare, {"ObjectParts"}, PartsWindow())
    assert as_botocore_reads("GetObjectAttributes", body) == {"ObjectParts": {"TotalPartsCount": 3}}


def test_only_what_is_asked_for_and_there_is_shown() -> None:
    single = evolve(VERSION, parts=(), checksums=())
    body = object_attributes(single, {"Checksum", "ObjectParts", "ObjectSize"}, PartsWindow())
    assert as_botocore_reads("GetObjectAttributes", body) == {"ObjectSize": 15}
