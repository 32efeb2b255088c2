"""ETags and checksums of objects that were uploaded in parts, made from those of the parts.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence

from awscrt import checksums as crt

from ..values import Checksum, ChecksumAlgorithm, ChecksumType, Part

_COMBINE: dict[ChecksumAlgorithm, Callable[[int, int, int], int]] = {
    ChecksumAlgorithm.CRC32: crt.combine_crc32,
    ChecksumAlgorithm.CRC32C: crt.combine_crc32c,
    ChecksumAlgorithm.CRC64NVME: crt.combine_crc64nvme,
}
_CRC_BYTES = {
    ChecksumAlgorithm.CRC32: 4,
    ChecksumAlgorithm.CRC32C: 4,
    ChecksumAlgorithm.CRC64NVME: 8,
}
_HASH: dict[ChecksumAlgorithm, Callable[[bytes], bytes]] = {
    ChecksumAlgorithm.CRC32: lambda data: crt.crc32(data).to_bytes(4, "big"),
    ChecksumAlgorithm.CRC32C: lambda data: crt.crc32c(data).to_bytes(4, "big"),
    ChecksumAlgorithm.SHA1: lambda data: hashlib.sha1(data).digest(),  # noqa: S324 - S3's choice
    ChecksumAlgorithm.SHA256: lambda data: hashlib.sha256(data).digest(),
}

# Which types an algorithm can have, its default first.
CHECKSUM_TYPES: dict[ChecksumAlgorithm, tuple[ChecksumType, ...]] = {
    ChecksumAlgorithm.CRC32: (ChecksumType.COMPOSITE, ChecksumType.FULL_OBJECT),
    ChecksumAlgorithm.CRC32C: (ChecksumType.COMPOSITE, ChecksumType.FULL_OBJECT),
    ChecksumAlgorithm.CRC64NVME: (ChecksumType.FULL_OBJECT,),
    ChecksumAlgorithm.SHA1: (ChecksumType.COMPOSITE,),
    ChecksumAlgorithm.SHA256: (ChecksumType.COMPOSITE,),
}


def composite_etag(etags: Sequence[str]) -> str:
    """MD5 of the parts' MD5s, then ``-`` and their number.

    Raises:
        ValueError: an ETag is not hexadecimal.
    """
    digests = b"".join(map(bytes.fromhex, etags))
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(etags)}"


def combined_checksum(
    algorithm: ChecksumAlgorithm, kind: ChecksumType, parts: Sequence[Part]
) -> Checksum | None:
    """The checksum of the whole object; None unless every part has one of ``algorithm``."""
    values = [_digest(part, algorithm) for part in parts]
    digests = [value for value in values if value is not None]
    if len(digests) != len(parts):
        return None
    if kind is ChecksumType.FULL_OBJECT:
        return Checksum(algorithm, _full_object(algorithm, digests, parts), kind)
    composite = base64.b64encode(_HASH[algorithm](b"".join(digests))).decode("ascii")
    return Checksum(algorithm, f"{composite}-{len(parts)}", kind)


def _digest(part: Part, algorithm: ChecksumAlgorithm) -> bytes | None:
    for checksum in part.checksums:
        if checksum.algorithm is algorithm:
            return base64.b64decode(checksum.value)
    return None


def _full_object(
    algorithm: ChecksumAlgorithm, digests: Sequence[bytes], parts: Sequence[Part]
) -> str:
    combine = _COMBINE[algorithm]
    whole = int.from_bytes(digests[0], "big")
    for digest, part in zip(digests[1:], parts[1:], strict=True):
        whole = combine(whole, int.from_bytes(digest, "big"), part.size_bytes)
    return base64.b64encode(whole.to_bytes(_CRC_BYTES[algorithm], "big")).decode("ascii")
