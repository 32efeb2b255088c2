"""What an upload's parts make together: their checks, then the object version, without SQL.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from ..errors import S3Error
from ..streams.composition import CHECKSUM_TYPES, combined_checksum, composite_etag
from ..values import (
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    CompletedPart,
    ObjectVersion,
    Part,
    PartBoundary,
    Upload,
)

MAX_SEGMENTS = 50_000
"""Five for each part. Parts that are copied out of objects of many parts have many each."""

# What an object has whose upload named no checksum, if its parts have it.
_DEFAULT_CHECKSUM = (ChecksumAlgorithm.CRC64NVME, ChecksumType.FULL_OBJECT)


def choose_parts(
    upload: Upload,
    named: Sequence[CompletedPart],
    stored: Mapping[int, Part],
    min_part_size: int,
) -> list[Part]:
    """The stored parts that the client named.

    Args:
        upload: whose parts they are.
        named: as the client listed them; an empty list is malformed.
        stored: all parts of the upload, by number.
        min_part_size: what each but the last must have, in bytes.

    Raises:
        S3Error: ``MalformedXML``, ``InvalidPartOrder``, ``InvalidPart``, ``InvalidRequest``,
            ``EntityTooSmall``.
    """
    if not named:
        raise S3Error("MalformedXML")
    if any(later.number <= earlier.number for earlier, later in pairwise(named)):
        raise S3Error("InvalidPartOrder", UploadId=upload.upload_id)
    parts = [_choose_part(upload, each, stored.get(each.number)) for each in named]
    for part in parts[:-1]:
        if part.size_bytes < min_part_size:
            raise _too_small(part, min_part_size)
    return parts


def _choose_part(upload: Upload, named: CompletedPart, part: Part | None) -> Part:
    _require_checksum(upload, named)
    if (
        part is None
        or part.etag != named.etag
        or any(not _has_checksum(part, checksum) for checksum in named.checksums)
    ):
        raise S3Error(
            "InvalidPart",
            UploadId=upload.upload_id,
            PartNumber=str(named.number),
            ETag=named.etag,
        )
    return part


def _require_checksum(upload: Upload, named: CompletedPart) -> None:
    """An upload that asked for a composite checksum names those of its parts again."""
    algorithm = upload.checksum_algorithm
    if algorithm is None or upload.checksum_type is not ChecksumType.COMPOSITE:
        return
    if all(checksum.algorithm is not algorithm for checksum in named.checksums):
        raise S3Error(
            "InvalidRequest",
            f"The upload was created using a {algorithm.value} checksum. The complete request "
            f"must include the checksum for each part. It was missing for part {named.number} "
            "in the request.",
        )


def _has_checksum(part: Part, wanted: Checksum) -> bool:
    return any(
        (each.algorithm, each.value) == (wanted.algorithm, wanted.value) for each in part.checksums
    )


def _too_small(part: Part, min_part_size: int) -> S3Error:
    return S3Error(
        "EntityTooSmall",
        ProposedSize=str(part.size_bytes),
        MinSizeAllowed=str(min_part_size),
        PartNumber=str(part.number),
        ETag=part.etag,
    )


def assemble(
    upload: Upload, parts: Sequence[Part], version_id: str, last_modified_ms: int
) -> ObjectVersion:
    """The object version that an upload's parts make."""
    checksum = _checksum_of(upload, parts)
    return ObjectVersion(
        key=upload.key,
        version_id=version_id,
        last_modified_ms=last_modified_ms,
        owner=upload.owner,
        size_bytes=sum(part.size_bytes for part in parts),
        etag=composite_etag([part.etag for part in parts]),
        storage_class=upload.storage_class,
        headers=upload.headers,
        user_metadata=upload.user_metadata,
        segments=tuple(segment for part in parts for segment in part.segments),
        parts=tuple(PartBoundary(part.number, part.size_bytes, part.checksums) for part in parts),
        checksums=(checksum,) if checksum else (),
        tags=upload.tags,
        acl=upload.acl,
    )


def _checksum_of(upload: Upload, parts: Sequence[Part]) -> Checksum | None:
    algorithm = upload.checksum_algorithm
    if algorithm is None:
        return combined_checksum(*_DEFAULT_CHECKSUM, parts)
    kind = upload.checksum_type or CHECKSUM_TYPES[algorithm][0]
    return combined_checksum(algorithm, kind, parts)


def check_size(version: ObjectVersion, limit_bytes: int | None) -> None:
    """Refuse an assembled object that is too large, or that would be too costly to read.

    Raises:
        S3Error: ``EntityTooLarge``, or ``InvalidRequest`` for too many segments.
    """
    if len(version.segments) > MAX_SEGMENTS:
        raise S3Error(
            "InvalidRequest",
            f"The object would consist of more than {MAX_SEGMENTS} pieces of others. Copy from "
            "objects that were uploaded in fewer parts.",
        )
    if limit_bytes is not None and version.size_bytes > limit_bytes:
        raise S3Error(
            "EntityTooLarge",
            ProposedSize=str(version.size_bytes),
            MaxSizeAllowed=str(limit_bytes),
        )


def check_expectations(
    version: ObjectVersion,
    parts: Sequence[Part],
    expected_checksum: Checksum | None,
    expected_size: int | None,
) -> None:
    """Compare an assembled object with what the client says of it.

    Raises:
        S3Error: ``InvalidRequest`` for another size (``x-amz-mp-object-size``), ``BadDigest``
            for another checksum, or for one that these parts cannot have.
    """
    if expected_size is not None and expected_size != version.size_bytes:
        raise S3Error(
            "InvalidRequest",
            "The provided 'x-amz-mp-object-size' header value does not match what was computed.",
        )
    if expected_checksum is not None and not _is_met(expected_checksum, parts):
        algorithm = expected_checksum.algorithm.value
        raise S3Error(
            "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
        )


def _is_met(expected: Checksum, parts: Sequence[Part]) -> bool:
    """Clients send composite checksums with ``-N`` behind or without."""
    if expected.type not in CHECKSUM_TYPES[expected.algorithm]:
        return False
    computed = combined_checksum(expected.algorithm, expected.type, parts)
    if computed is None:
        return False
    return expected.value in (computed.value, computed.value.partition("-")[0])
