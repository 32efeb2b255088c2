from __future__ import annotations

import pytest

from bleepstore.errors import S3Error
from bleepstore.s3.part_read import AskedPart, asked_part
from bleepstore.values import (
    ByteRange,
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    ObjectVersion,
    Owner,
    PartBoundary,
)

CRC = Checksum(ChecksumAlgorithm.CRC32, "AAAAAA==")
OTHER = Checksum(ChecksumAlgorithm.CRC64NVME, "AAAAAAAAAAA=")
COMPOSITE = Checksum(ChecksumAlgorithm.CRC32, "BBBBBB==-2", ChecksumType.COMPOSITE)


def version(size_bytes: int = 10, *parts: PartBoundary) -> ObjectVersion:
    checksums = (COMPOSITE,) if parts else (CRC,)
    return ObjectVersion(
        "k", "null", 0, Owner("o"), size_bytes=size_bytes, parts=parts, checksums=checksums
    )


OF_PARTS = version(10, PartBoundary(2, 6, (CRC, OTHER)), PartBoundary(9, 4, (CRC, OTHER)))


def test_without_a_number_the_whole_object_is_meant() -> None:
    assert asked_part({"range": "bytes=0-1"}, {}, OF_PARTS) is None


def test_parts_stand_one_behind_the_other() -> None:
    shown = (Checksum(CRC.algorithm, CRC.value, ChecksumType.COMPOSITE),)
    assert asked_part({}, {"partNumber": "2"}, OF_PARTS) == AskedPart(ByteRange(0, 6), 2, shown)
    assert asked_part({}, {"partNumber": "9"}, OF_PARTS) == AskedPart(ByteRange(6, 4), 2, shown)


def test_an_object_in_one_piece_is_its_first_part() -> None:
    part = asked_part({}, {"partNumber": "1"}, version())
    assert part == AskedPart(ByteRange(0, 10), None, (CRC,))
    assert list(part.headers) == []


@pytest.mark.parametrize("number", ["1", "3", "10000"])
def test_parts_that_are_not_there(number: str) -> None:
    with pytest.raises(S3Error) as caught:
        asked_part({}, {"partNumber": number}, OF_PARTS)
    assert caught.value.code == "InvalidPartNumber"
    assert caught.value.elements == {"PartNumberRequested": number, "ActualPartCount": "2"}


def test_a_part_and_a_range_exclude_each_other() -> None:
    with pytest.raises(S3Error) as caught:
        asked_part({"range": "bytes=0-1"}, {"partNumber": "2"}, OF_PARTS)
    assert caught.value.code == "InvalidRequest"
