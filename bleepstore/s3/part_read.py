"""GetObject and HeadObject by ``partNumber``.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (URI request parameters)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from ..errors import S3Error
from ..values import ByteRange, Checksum, ObjectVersion, PartBoundary
from .multipart_arguments import part_number_argument


@frozen
class AskedPart:
    """The part of an object that a read asks for.

    Attributes:
        stretch: where it is in the object.
        count: how many parts the object has; None for an object that was put in one piece, which
            is its own first part.
        checksums: those of the part, with the type that the object's has.
    """

    stretch: ByteRange
    count: int | None
    checksums: tuple[Checksum, ...]

    @property
    def headers(self) -> Iterator[tuple[str, str]]:
        """What the answer says of it besides its range."""
        if self.count is not None:
            yield "x-amz-mp-parts-count", str(self.count)


def asked_part(
    headers: Mapping[str, str], query: Mapping[str, str], version: ObjectVersion
) -> AskedPart | None:
    """The part that a request names; None if it names none.

    Raises:
        S3Error: ``InvalidArgument``, ``InvalidPartNumber``, and ``InvalidRequest`` for a part and
            a range at once.
    """
    if "partNumber" not in query:
        return None
    number = part_number_argument(query)
    if "range" in headers:
        raise S3Error(
            "InvalidRequest", "Cannot specify both Range header and partNumber query parameter"
        )
    if not version.parts and number == 1:
        return AskedPart(ByteRange(0, version.size_bytes), None, version.checksums)
    return _named_part(version, number)


def _named_part(version: ObjectVersion, number: int) -> AskedPart:
    offset = 0
    for part in version.parts:
        if part.number == number:
            stretch = ByteRange(offset, part.size_bytes)
            return AskedPart(stretch, len(version.parts), _checksums(version, part))
        offset += part.size_bytes
    raise S3Error(
        "InvalidPartNumber",
        PartNumberRequested=str(number),
        ActualPartCount=str(len(version.parts) or 1),
    )


def _checksums(version: ObjectVersion, part: PartBoundary) -> tuple[Checksum, ...]:
    types = {checksum.algorithm: checksum.type for checksum in version.checksums}
    return tuple(
        evolve(checksum, type=types[checksum.algorithm])
        for checksum in part.checksums
        if checksum.algorithm in types
    )
