"""What a comparison of bytes with what is known of them proves, and what it does not."""

from __future__ import annotations

import hashlib

import pytest
from attrs import evolve

from bleepstore.keeping.verification import Verdict, judge
from bleepstore.metadata.survey import START, Holding
from bleepstore.streams.composition import combined_checksum, composite_etag
from bleepstore.streams.digests import Digests
from bleepstore.values import Checksum, ChecksumAlgorithm, ChecksumType, Part, PartBoundary

_CRC = ChecksumAlgorithm.CRC32


def read(*pieces: bytes) -> list[Part]:
    """What reading these bytes gives, part by part."""
    return [_read_one(number, piece) for number, piece in enumerate(pieces, 1)]


def _read_one(number: int, piece: bytes) -> Part:
    digests = Digests([_CRC])
    digests.update(piece)
    return Part(number, len(piece), digests.md5.hex(), 0, checksums=(digests.checksum(_CRC),))


def holding(*pieces: bytes, kind: str = "object") -> Holding:
    """A record of these bytes, with nothing but an ETag to verify it."""
    parts = read(*pieces)
    is_multipart = len(parts) > 1
    return Holding(
        kind=kind,
        position=START,
        key="k",
        id="v",
        number=0,
        size_bytes=sum(map(len, pieces)),
        etag=composite_etag([each.etag for each in parts]) if is_multipart else parts[0].etag,
        checksums=(),
        parts=tuple(PartBoundary(each.number, each.size_bytes) for each in parts)
        if is_multipart
        else (),
        segments=(),
    )


@pytest.mark.parametrize("pieces", [(b"",), (b"one",), (b"one", b"two")])
def test_the_same_bytes_are_right(pieces: tuple[bytes, ...]) -> None:
    assert judge(holding(*pieces), read(*pieces)) == Verdict()


def test_an_md5_that_does_not_fit_is_damage() -> None:
    verdict = judge(holding(b"one"), read(b"0ne"))
    assert verdict.problem.startswith("the MD5 of the bytes is")
    assert not verdict.is_doubtful


def test_an_etag_of_parts_that_does_not_fit_proves_nothing() -> None:
    assert judge(holding(b"one", b"two"), read(b"one", b"tw0")).is_doubtful
    assert judge(holding(b"one", kind="part"), read(b"0ne")).is_doubtful
    other = evolve(holding(b"one"), etag=f"{hashlib.md5(b'').hexdigest()}-7")
    assert judge(other, read(b"one")).is_doubtful


def test_a_checksum_that_fits_outweighs_an_etag_that_was_made_up() -> None:
    (part,) = read(b"one")
    made_up = evolve(holding(b"one", kind="part"), etag="0" * 32, checksums=part.checksums)
    assert judge(made_up, read(b"one")) == Verdict()
    assert judge(made_up, read(b"0ne")).problem.startswith("the crc32 of the bytes is not")


@pytest.mark.parametrize("kind", list(ChecksumType))
def test_the_checksum_of_parts_is_compared_as_it_was_made(kind: ChecksumType) -> None:
    parts = read(b"one", b"two")
    checksum = combined_checksum(_CRC, kind, parts)
    assert checksum is not None
    recorded = evolve(holding(b"one", b"two"), etag="-", checksums=(checksum,))
    assert judge(recorded, parts) == Verdict()
    assert judge(recorded, read(b"one", b"tw0")).problem.startswith("the crc32 of the object")


def test_the_checksum_of_one_part_names_the_part() -> None:
    boundaries = tuple(
        PartBoundary(each.number, each.size_bytes, each.checksums) for each in read(b"one", b"two")
    )
    recorded = evolve(holding(b"one", b"two"), parts=boundaries)
    assert judge(recorded, read(b"one", b"tw0")).problem.startswith("the crc32 of part 2")


def test_a_composite_checksum_says_nothing_of_an_object_without_parts() -> None:
    composite = Checksum(_CRC, "AAAAAA==-2", ChecksumType.COMPOSITE)
    recorded = evolve(holding(b"one"), checksums=(composite,))
    assert judge(recorded, read(b"one")) == Verdict()
