"""The digests of an upload, all taken in one pass over its bytes.

The checksums come from awscrt (in hardware) and hashlib. Nothing here is security: MD5 is what
S3's ETag is made of.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable

from awscrt import checksums

from ..values import Checksum, ChecksumAlgorithm

_Crc = Callable[[bytes | memoryview, int], int]

# The function that continues a CRC, and the number of bytes of its value.
_CRCS: dict[ChecksumAlgorithm, tuple[_Crc, int]] = {
    ChecksumAlgorithm.CRC32: (checksums.crc32, 4),
    ChecksumAlgorithm.CRC32C: (checksums.crc32c, 4),
    ChecksumAlgorithm.CRC64NVME: (checksums.crc64nvme, 8),
}


class Digests:
    """Takes any set of digests of the same bytes.

    Args:
        algorithms: the checksums to take.
        md5: whether to take the MD5, by far the slowest of all.
        sha256: whether to take the SHA-256 even if it is not among ``algorithms``.
    """

    def __init__(
        self, algorithms: Iterable[ChecksumAlgorithm], *, md5: bool = True, sha256: bool = False
    ) -> None:
        wanted = set(algorithms) | ({ChecksumAlgorithm.SHA256} if sha256 else set())
        self._crcs = {algorithm: 0 for algorithm in _CRCS if algorithm in wanted}
        self._hashes: dict[ChecksumAlgorithm, hashlib._Hash] = {
            algorithm: hashlib.new(algorithm.value, usedforsecurity=False)
            for algorithm in (ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256)
            if algorithm in wanted
        }
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes; the interpreter lock is free meanwhile for all but the CRCs."""
        if self._md5 is not None:
            self._md5.update(data)
        for hash_ in self._hashes.values():
            hash_.update(data)
        for algorithm, value in self._crcs.items():
            self._crcs[algorithm] = _CRCS[algorithm][0](data, value)

    @property
    def md5(self) -> bytes:
        """16 bytes. Raises ``LookupError`` if it was not taken."""
        if self._md5 is None:
            raise LookupError("the MD5 was not taken")
        return self._md5.digest()

    def raw(self, algorithm: ChecksumAlgorithm) -> bytes:
        """A checksum as big-endian bytes. Raises ``KeyError`` if it was not taken."""
        if algorithm in _CRCS:
            return self._crcs[algorithm].to_bytes(_CRCS[algorithm][1], "big")
        return self._hashes[algorithm].digest()

    def checksum(self, algorithm: ChecksumAlgorithm) -> Checksum:
        """A checksum in the form of S3's headers. Raises ``KeyError`` if it was not taken."""
        return Checksum(algorithm, base64.b64encode(self.raw(algorithm)).decode("ascii"))
