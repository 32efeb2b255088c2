from __future__ import annotations

import base64
import hashlib
import zlib

from awscrt import checksums as crt
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.streams.composition import combined_checksum, composite_etag
from bleepstore.values import Checksum, ChecksumAlgorithm, ChecksumType, Part

CRCS = {
    ChecksumAlgorithm.CRC32: lambda data: zlib.crc32(data).to_bytes(4, "big"),
    ChecksumAlgorithm.CRC32C: lambda data: crt.crc32c(data).to_bytes(4, "big"),
    ChecksumAlgorithm.CRC64NVME: lambda data: crt.crc64nvme(data).to_bytes(8, "big"),
}


def b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def parts_of(blocks: list[bytes], algorithm: ChecksumAlgorithm) -> list[Part]:
    def digest(block: bytes) -> str:
        known = CRCS.get(algorithm)
        return b64(known(block) if known else hashlib.new(algorithm.value, block).digest())

    return [
        Part(n, len(b), hashlib.md5(b).hexdigest(), 0, (), (Checksum(algorithm, digest(b)),))
        for n, b in enumerate(blocks, 1)
    ]


@given(st.sampled_from(sorted(CRCS)), st.lists(st.binary(max_size=50), min_size=1, max_size=8))
def test_full_object_checksum_is_that_of_the_bytes(
    algorithm: ChecksumAlgorithm, blocks: list[bytes]
) -> None:
    combined = combined_checksum(algorithm, ChecksumType.FULL_OBJECT, parts_of(blocks, algorithm))
    assert combined is not None
    assert combined.value == b64(CRCS[algorithm](b"".join(blocks)))


def test_composite_checksum_is_that_of_the_digests() -> None:
    blocks = [b"one", b"two"]
    digests = b"".join(hashlib.sha256(block).digest() for block in blocks)
    sha256 = ChecksumAlgorithm.SHA256
    combined = combined_checksum(sha256, ChecksumType.COMPOSITE, parts_of(blocks, sha256))
    assert combined == Checksum(
        sha256, f"{b64(hashlib.sha256(digests).digest())}-2", ChecksumType.COMPOSITE
    )


def test_a_part_without_the_checksum_leaves_none_for_the_whole() -> None:
    parts = [*parts_of([b"one"], ChecksumAlgorithm.CRC32), Part(2, 1, "00" * 16, 0)]
    assert combined_checksum(ChecksumAlgorithm.CRC32, ChecksumType.COMPOSITE, parts) is None


def test_composite_etag() -> None:
    parts = parts_of([b"a", b"b"], ChecksumAlgorithm.CRC32)
    digests = hashlib.md5(b"a").digest() + hashlib.md5(b"b").digest()
    assert composite_etag([part.etag for part in parts]) == f"{hashlib.md5(digests).hexdigest()}-2"
