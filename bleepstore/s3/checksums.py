"""The checksums that a client sends with an upload.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping

from attrs import frozen

from ..errors import S3Error
from ..values import Checksum, ChecksumAlgorithm

# What S3 computes for an upload that brings no checksum of its own.
DEFAULT_ALGORITHM = ChecksumAlgorithm.CRC64NVME

_BY_HEADER = {algorithm.header: algorithm for algorithm in ChecksumAlgorithm}
_DIGEST_BYTES = {
    ChecksumAlgorithm.CRC32: 4,
    ChecksumAlgorithm.CRC32C: 4,
    ChecksumAlgorithm.CRC64NVME: 8,
    ChecksumAlgorithm.SHA1: 20,
    ChecksumAlgorithm.SHA256: 32,
}


@frozen
class DeclaredChecksum:
    """The checksum of an upload as its head declares it.

    Attributes:
        algorithm: the one to compute.
        value: base64, when a header carries it.
        in_trailer: whether it comes behind the body.
    """

    algorithm: ChecksumAlgorithm = DEFAULT_ALGORITHM
    value: str | None = None
    in_trailer: bool = False

    @property
    def checksum(self) -> Checksum | None:
        """The value that a header carries, to compare with."""
        return None if self.value is None else Checksum(self.algorithm, self.value)


def declared_checksum(
    headers: Mapping[str, str],
    trailer: tuple[str, ...],
    default: ChecksumAlgorithm = DEFAULT_ALGORITHM,
) -> DeclaredChecksum:
    """What the head of an upload says about its checksum.

    Args:
        default: the algorithm where the head names none.

    Raises:
        S3Error: ``InvalidRequest`` for two checksums, a malformed or an unknown one.
    """
    in_header = [name for name in _BY_HEADER if name in headers]
    in_trailer = [name for name in trailer if name in _BY_HEADER]
    _refuse_unknown(headers, trailer)
    if len(in_header) + len(in_trailer) > 1:
        raise S3Error(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    if in_header:
        algorithm = _BY_HEADER[in_header[0]]
        return DeclaredChecksum(algorithm, _valid(algorithm, headers[algorithm.header]))
    if in_trailer:
        return DeclaredChecksum(_BY_HEADER[in_trailer[0]], in_trailer=True)
    return DeclaredChecksum(named_algorithm(headers, "x-amz-sdk-checksum-algorithm") or default)


def _refuse_unknown(headers: Mapping[str, str], trailer: tuple[str, ...]) -> None:
    known = {*_BY_HEADER, "x-amz-checksum-mode", "x-amz-checksum-type", "x-amz-checksum-algorithm"}
    for name in (*headers, *trailer):
        if name.startswith("x-amz-checksum-") and name not in known:
            raise S3Error("InvalidRequest", f"The {name} header is not supported.")
    if any(name not in _BY_HEADER for name in trailer):
        raise S3Error(
            "InvalidRequest", "The value specified in the x-amz-trailer header is not supported"
        )


def _valid(algorithm: ChecksumAlgorithm, value: str) -> str:
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != _DIGEST_BYTES[algorithm]:
        raise S3Error("InvalidRequest", f"Value for {algorithm.header} header is invalid.")
    return value


def named_algorithm(headers: Mapping[str, str], header: str) -> ChecksumAlgorithm | None:
    """The algorithm that a header names without giving a value.

    Raises:
        S3Error: ``InvalidRequest`` for an unknown one.
    """
    name = headers.get(header)
    if name is None:
        return None
    try:
        return ChecksumAlgorithm(name.lower())
    except ValueError as error:
        raise S3Error(
            "InvalidRequest",
            "Checksum algorithm provided is unsupported. Please try again with "
            "any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
        ) from error


def checksum_headers(checksums: tuple[Checksum, ...]) -> Iterator[tuple[str, str]]:
    """The headers that show an object's checksums."""
    for checksum in checksums:
        yield checksum.algorithm.header, checksum.value
        yield "x-amz-checksum-type", checksum.type.value


def wanted_checksum_headers(
    headers: Mapping[str, str], checksums: tuple[Checksum, ...]
) -> Iterator[tuple[str, str]]:
    """The checksum headers of a read that asks for them with ``x-amz-checksum-mode``."""
    if headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        yield from checksum_headers(checksums)
