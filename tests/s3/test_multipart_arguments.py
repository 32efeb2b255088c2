from __future__ import annotations

import pytest

from bleepstore.errors import S3Error
from bleepstore.s3.multipart_arguments import (
    checksum_of_part,
    checksum_of_upload,
    expected_checksum,
    expected_size,
    part_number_argument,
)
from bleepstore.values import Checksum, ChecksumAlgorithm, ChecksumType, Owner, Upload

CRC32, CRC64NVME, SHA256 = (
    ChecksumAlgorithm.CRC32,
    ChecksumAlgorithm.CRC64NVME,
    ChecksumAlgorithm.SHA256,
)
COMPOSITE, FULL_OBJECT = ChecksumType.COMPOSITE, ChecksumType.FULL_OBJECT


def upload(algorithm: ChecksumAlgorithm | None = None, kind: ChecksumType | None = None) -> Upload:
    who = Owner("o")
    return Upload("u", "k", who, who, 0, checksum_algorithm=algorithm, checksum_type=kind)


@pytest.mark.parametrize("text", ["0", "10001", "-1", "+1", "x", "", "1.0", "٣", "9" * 5000])
def test_what_is_no_part_number(text: str) -> None:
    with pytest.raises(S3Error) as caught:
        part_number_argument({"partNumber": text})
    assert caught.value.code == "InvalidArgument"
    assert caught.value.elements["ArgumentName"] == "partNumber"


def test_part_numbers() -> None:
    assert part_number_argument({"partNumber": "1"}) == 1
    assert part_number_argument({"partNumber": "10000"}) == 10_000


@pytest.mark.parametrize(
    ("algorithm", "kind", "expected"),
    [
        (None, None, (None, None)),
        ("crc32", None, (CRC32, COMPOSITE)),
        ("CRC32", "FULL_OBJECT", (CRC32, FULL_OBJECT)),
        ("CRC64NVME", None, (CRC64NVME, FULL_OBJECT)),
        ("SHA256", None, (SHA256, COMPOSITE)),
    ],
)
def test_what_an_upload_asks_for(
    algorithm: str | None,
    kind: str | None,
    expected: tuple[ChecksumAlgorithm | None, ChecksumType | None],
) -> None:
    given = {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind}
    headers = {name: value for name, value in given.items() if value is not None}
    assert checksum_of_upload(headers) == expected


@pytest.mark.parametrize(
    ("algorithm", "kind", "message"),
    [
        ("MD4", None, "Checksum algorithm provided is unsupported."),
        (None, "COMPOSITE", "can only be used with the x-amz-checksum-algorithm header."),
        ("CRC32", "BOTH", "Value for x-amz-checksum-type header is invalid."),
        ("SHA1", "FULL_OBJECT", "FULL_OBJECT checksum type cannot be used with the sha1"),
        ("CRC64NVME", "COMPOSITE", "COMPOSITE checksum type cannot be used with the crc64nvme"),
    ],
)
def test_what_an_upload_cannot_ask_for(
    algorithm: str | None, kind: str | None, message: str
) -> None:
    given = {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind}
    headers = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(S3Error, match=message) as caught:
        checksum_of_upload(headers)
    assert caught.value.code == "InvalidRequest"


def test_a_part_has_the_checksum_of_its_upload_unless_it_brings_one() -> None:
    assert checksum_of_part({}, (), upload()).algorithm is CRC64NVME
    assert checksum_of_part({}, (), upload(SHA256, COMPOSITE)).algorithm is SHA256
    brings = {"x-amz-checksum-crc32": "AAAAAA=="}
    assert checksum_of_part(brings, (), upload()).value == "AAAAAA=="
    assert checksum_of_part(brings, (), upload(CRC32, COMPOSITE)).algorithm is CRC32
    with pytest.raises(S3Error, match="expected checksum Type: sha256, actual checksum Type: crc3"):
        checksum_of_part(brings, (), upload(SHA256, COMPOSITE))
    with pytest.raises(S3Error, match="expected checksum Type: sha256, actual checksum Type: crc3"):
        checksum_of_part({}, ("x-amz-checksum-crc32",), upload(SHA256, COMPOSITE))


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [
        ({}, upload(), None),
        ({}, upload(CRC32, COMPOSITE), None),
        (
            {"x-amz-checksum-crc32": "AAAAAA==-3"},
            upload(CRC32, COMPOSITE),
            Checksum(CRC32, "AAAAAA==-3", COMPOSITE),
        ),
        (
            {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-type": "FULL_OBJECT"},
            upload(CRC32, FULL_OBJECT),
            Checksum(CRC32, "AAAAAA==", FULL_OBJECT),
        ),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, upload(), Checksum(CRC32, "AAAAAA==", FULL_OBJECT)),
    ],
)
def test_the_checksum_that_a_completion_expects(
    given: dict[str, str], of: Upload, expected: Checksum | None
) -> None:
    assert expected_checksum(given, of) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x-amz-checksum-type": "FULL_OBJECT"}, "created using the COMPOSITE checksum mode"),
        ({"x-amz-checksum-crc32c": "AAAAAA=="}, "expected checksum Type: crc32, actual"),
        ({"x-amz-checksum-crc32": "AAAA"}, "Value for x-amz-checksum-crc32 header is invalid."),
    ],
)
def test_the_checksum_that_a_completion_cannot_expect(given: dict[str, str], message: str) -> None:
    with pytest.raises(S3Error, match=message) as caught:
        expected_checksum(given, upload(CRC32, COMPOSITE))
    assert caught.value.code == "InvalidRequest"


def test_the_size_that_a_completion_expects() -> None:
    assert expected_size({}) is None
    assert expected_size({"x-amz-mp-object-size": "0"}) == 0
    for text in ("", "-1", "1.5", "x", "9" * 5000):
        with pytest.raises(S3Error) as caught:
            expected_size({"x-amz-mp-object-size": text})
        assert caught.value.code == "InvalidRequest"
