"""What requests about multipart uploads say of numbers, sizes and checksums.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import S3Error
from ..streams.composition import CHECKSUM_TYPES
from ..values import Checksum, ChecksumAlgorithm, ChecksumType, Upload
from .checksums import DeclaredChecksum, declared_checksum, named_algorithm

MAX_PART_NUMBER = 10_000
MAX_PART_BYTES = 5 * 1024**3

_TYPE = "x-amz-checksum-type"
_SIZE = "x-amz-mp-object-size"


def part_number_argument(query: Mapping[str, str]) -> int:
    """The number of a part.

    Raises:
        S3Error: ``InvalidArgument``.
    """
    text = query["partNumber"]
    number = int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
    if not 1 <= number <= MAX_PART_NUMBER:
        raise S3Error(
            "InvalidArgument",
            f"Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=text,
        )
    return number


def checksum_of_upload(
    headers: Mapping[str, str],
) -> tuple[ChecksumAlgorithm | None, ChecksumType | None]:
    """The algorithm and the type of checksum that a new upload asks for; None for neither.

    Raises:
        S3Error: ``InvalidRequest``.
    """
    algorithm = named_algorithm(headers, "x-amz-checksum-algorithm")
    kind = _named_type(headers)
    if algorithm is None:
        if kind is not None:
            raise S3Error(
                "InvalidRequest",
                f"The {_TYPE} header can only be used with the x-amz-checksum-algorithm header.",
            )
        return None, None
    allowed = CHECKSUM_TYPES[algorithm]
    if kind is not None and kind not in allowed:
        raise S3Error(
            "InvalidRequest",
            f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm.",
        )
    return algorithm, kind or allowed[0]


def _named_type(headers: Mapping[str, str]) -> ChecksumType | None:
    name = headers.get(_TYPE)
    if name is None:
        return None
    try:
        return ChecksumType(name.upper())
    except ValueError as error:
        raise S3Error("InvalidRequest", f"Value for {_TYPE} header is invalid.") from error


def checksum_of_part(
    headers: Mapping[str, str], trailer: tuple[str, ...], upload: Upload
) -> DeclaredChecksum:
    """What the head of a part says about its checksum; the upload's algorithm if nothing.

    Where the upload asked for none, a part may bring any: SDKs add one of their own to each part,
    whatever the upload was created with.

    Raises:
        S3Error: ``InvalidRequest``, also for another algorithm than the upload's.
    """
    expected = upload.checksum_algorithm
    if expected is None:
        return declared_checksum(headers, trailer)
    declared = declared_checksum(headers, trailer, expected)
    _check_algorithm(expected, declared.algorithm)
    return declared


def _check_algorithm(expected: ChecksumAlgorithm, actual: ChecksumAlgorithm) -> None:
    if actual is not expected:
        raise S3Error(
            "InvalidRequest",
            f"Checksum Type mismatch occurred, expected checksum Type: {expected}, "
            f"actual checksum Type: {actual}",
        )


def expected_checksum(headers: Mapping[str, str], upload: Upload) -> Checksum | None:
    """The checksum that the client expects the completed object to have.

    Raises:
        S3Error: ``InvalidRequest``, also for one that the upload was not created for.
    """
    kind = _named_type(headers)
    if kind is not None and upload.checksum_type not in (None, kind):
        raise S3Error(
            "InvalidRequest",
            f"The upload was created using the {upload.checksum_type} checksum mode. "
            "The complete request must use the same checksum mode.",
        )
    # A composite checksum may have the number of its parts behind it, with or without which it is
    # compared later.
    bare = {name: value.partition("-")[0] for name, value in headers.items()}
    algorithm = declared_checksum(bare, ()).algorithm
    if algorithm.header not in headers:
        return None
    if upload.checksum_algorithm is not None:
        _check_algorithm(upload.checksum_algorithm, algorithm)
    kind = upload.checksum_type or kind or CHECKSUM_TYPES[algorithm][-1]
    return Checksum(algorithm, headers[algorithm.header], kind)


def expected_size(headers: Mapping[str, str]) -> int | None:
    """The size that the client expects the completed object to have, in bytes.

    Raises:
        S3Error: ``InvalidRequest``.
    """
    text = headers.get(_SIZE)
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,19}", text):
        raise S3Error("InvalidRequest", f"Value for {_SIZE} header is invalid.")
    return int(text)
