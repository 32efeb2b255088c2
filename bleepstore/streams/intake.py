"""What becomes of the bytes of an upload before a backend gets them: decoded, measured, verified."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from attrs import frozen

from ..errors import S3Error
from ..values import Checksum, ChecksumAlgorithm, PayloadFraming
from .decode import ChunkDecoder
from .digests import Digests


@frozen
class Demands:
    """What an upload must meet, and what is to be known of it.

    Attributes:
        md5: the digest in ``Content-MD5``, 16 bytes.
        checksum: the one that a header declares.
        trailer_algorithm: of the checksum that comes in the trailer.
        algorithms: further checksums to compute.
        max_size_bytes: the greatest length of the content.
        expected_size: the length of the content without framing, in bytes.
    """

    md5: bytes | None = None
    checksum: Checksum | None = None
    trailer_algorithm: ChecksumAlgorithm | None = None
    algorithms: frozenset[ChecksumAlgorithm] = frozenset()
    max_size_bytes: int | None = None
    expected_size: int | None = None

    @property
    def all_algorithms(self) -> frozenset[ChecksumAlgorithm]:
        """Every checksum to compute, whatever the reason."""
        declared = self.checksum.algorithm if self.checksum else None
        wanted = {declared, self.trailer_algorithm} - {None}
        return self.algorithms | {algorithm for algorithm in wanted if algorithm is not None}


@frozen
class Received:
    """What is known of an upload that met its demands.

    Attributes:
        size_bytes: of the content without framing.
        checksums: one for each algorithm that the demands name, in the order of their names.
    """

    size_bytes: int
    md5_hex: str
    checksums: tuple[Checksum, ...]


class Intake:
    """Takes the pieces of one body in order. Blocks for long only by hashing.

    Args:
        framing: how to read the body.
        demands: what its content must meet.
    """

    def __init__(self, framing: PayloadFraming, demands: Demands) -> None:
        self._framing = framing
        self._demands = demands
        self._decoder = ChunkDecoder(framing) if framing.aws_chunked else None
        self._digests = Digests(demands.all_algorithms, sha256=framing.sha256_hex is not None)
        self._size_bytes = 0

    def take(self, pieces: Sequence[bytes]) -> Sequence[bytes | memoryview]:
        """Take the next pieces and answer the stretches of content in them.

        Raises:
            S3Error: ``EntityTooLarge``; ``IncompleteBody`` for more than was announced; and whatever
                the framing's decoder raises.
        """
        stretches = self._decode(pieces)
        self._size_bytes += sum(map(len, stretches))
        limit, expected = self._demands.max_size_bytes, self._demands.expected_size
        if limit is not None and self._size_bytes > limit:
            raise S3Error(
                "EntityTooLarge", ProposedSize=str(self._size_bytes), MaxSizeAllowed=str(limit)
            )
        if expected is not None and self._size_bytes > expected:
            raise S3Error("IncompleteBody")
        for stretch in stretches:
            self._digests.update(stretch)
        return stretches

    def finish(self) -> Received:
        """The body is over: check all that was demanded.

        Raises:
            S3Error: ``IncompleteBody``, ``XAmzContentSHA256Mismatch``, ``BadDigest``,
                ``InvalidRequest``, ``MalformedTrailerError``, ``SignatureDoesNotMatch``.
        """
        trailer = self._decoder.finish() if self._decoder else {}
        if self._demands.expected_size not in (None, self._size_bytes):
            raise S3Error("IncompleteBody")
        self._check_sha256()
        self._check_md5()
        self._check_header_checksum()
        self._check_trailer_checksum(trailer)
        algorithms = sorted(self._demands.all_algorithms)
        return Received(
            self._size_bytes,
            self._digests.md5.hex(),
            tuple(self._digests.checksum(algorithm) for algorithm in algorithms),
        )

    def _decode(self, pieces: Sequence[bytes]) -> Sequence[bytes | memoryview]:
        if self._decoder is None:
            return pieces
        return [stretch for piece in pieces for stretch in self._decoder.feed(piece)]

    def _check_sha256(self) -> None:
        signed = self._framing.sha256_hex
        if signed is None:
            return
        computed = self._digests.raw(ChecksumAlgorithm.SHA256).hex()
        if computed != signed:
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                ClientComputedContentSHA256=signed,
                S3ComputedContentSHA256=computed,
            )

    def _check_md5(self) -> None:
        expected, computed = self._demands.md5, self._digests.md5
        if expected not in (None, computed):
            raise S3Error(
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
                ExpectedDigest=base64.b64encode(expected or b"").decode("ascii"),
                CalculatedDigest=base64.b64encode(computed).decode("ascii"),
            )

    def _check_header_checksum(self) -> None:
        if self._demands.checksum is not None:
            self._compare(self._demands.checksum)

    def _check_trailer_checksum(self, trailer: dict[str, str]) -> None:
        algorithm = self._demands.trailer_algorithm
        if algorithm is None:
            return
        if algorithm.header not in trailer:
            raise S3Error("MalformedTrailerError")
        self._compare(Checksum(algorithm, trailer[algorithm.header]))

    def _compare(self, declared: Checksum) -> None:
        algorithm = declared.algorithm
        computed = self._digests.raw(algorithm)
        if _decoded(declared, len(computed)) != computed:
            raise S3Error(
                "BadDigest",
                f"The {algorithm.name} you specified did not match the calculated checksum.",
            )


def _decoded(declared: Checksum, length: int) -> bytes:
    try:
        digest = base64.b64decode(declared.value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != length:
        raise S3Error("InvalidRequest", f"Value for {declared.algorithm.header} header is invalid.")
    return digest
