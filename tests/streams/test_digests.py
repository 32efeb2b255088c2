from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.streams.digests import Digests
from bleepstore.values import Checksum, ChecksumAlgorithm

# The check values of the CRC catalogue, over the same nine digits.
# https://reveng.sourceforge.io/crc-catalogue/
KNOWN = {
    ChecksumAlgorithm.CRC32: "cbf43926",
    ChecksumAlgorithm.CRC32C: "e3069283",
    ChecksumAlgorithm.CRC64NVME: "ae8b14860a799888",
    ChecksumAlgorithm.SHA1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    ChecksumAlgorithm.SHA256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
}


@pytest.mark.parametrize(("algorithm", "expected"), KNOWN.items())
def test_known_values(algorithm: ChecksumAlgorithm, expected: str) -> None:
    digests = Digests([algorithm])
    digests.update(b"12345")
    digests.update(b"6789")
    assert digests.raw(algorithm).hex() == expected
    value = base64.b64encode(bytes.fromhex(expected)).decode()
    assert digests.checksum(algorithm) == Checksum(algorithm, value)


@given(st.lists(st.binary()))
def test_blocks_of_any_size_give_the_same_digests(blocks: list[bytes]) -> None:
    one, many = Digests(ChecksumAlgorithm), Digests(ChecksumAlgorithm)
    one.update(b"".join(blocks))
    for block in blocks:
        many.update(block)
    assert one.md5 == many.md5 == hashlib.md5(b"".join(blocks)).digest()
    for algorithm in ChecksumAlgorithm:
        assert one.checksum(algorithm) == many.checksum(algorithm)


def test_only_what_was_asked_for_is_taken() -> None:
    digests = Digests([], md5=False)
    digests.update(b"abc")
    with pytest.raises(LookupError):
        _ = digests.md5
    for algorithm in ChecksumAlgorithm:
        with pytest.raises(KeyError):
            digests.raw(algorithm)
