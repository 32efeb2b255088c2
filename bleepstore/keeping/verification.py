"""Reads what holds bytes, and compares them with all that is known of them.

What is known differs. A checksum is of the very bytes. An ETag is their MD5 for an object put in
one piece, and made of the parts' MD5s for one uploaded in parts; but a part that was copied out of
another object may have an ETag that no bytes have (see :mod:`bleepstore.s3.part_copy`), so an ETag
of parts that does not fit proves nothing by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from attrs import frozen

from ..errors import BlobMissing, StorageBroken
from ..interfaces import IBlobStore
from ..metadata.survey import Holding
from ..s3.segments import open_segments
from ..streams.block_writers import TakesBlocks
from ..streams.composition import combined_checksum, composite_etag
from ..streams.producers import BytesProducer
from ..streams.threads import Threads
from ..streams.upload import Demands, receive
from ..values import (
    ByteRange,
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    Part,
    PartBoundary,
    PayloadFraming,
)

_MD5 = re.compile(r"[0-9a-f]{32}")


@frozen
class Verdict:
    """What became of a comparison.

    Attributes:
        problem: why the bytes are not what they were; empty if they are.
        is_doubtful: whether there is nothing but an ETag to tell, and it does not fit although
            the bytes may be right.
    """

    problem: str = ""
    is_doubtful: bool = False


@frozen
class Verifier:
    """Reads and compares.

    Args:
        blobs: started.
        sink: sees each block, and takes its time.
    """

    _blobs: IBlobStore
    _threads: Threads
    _sink: TakesBlocks

    async def verify(self, holding: Holding) -> Verdict:
        """Read all bytes of a holding once."""
        length = sum(segment.length for segment in holding.segments)
        if length != holding.size_bytes:
            return Verdict(f"{length} bytes are recorded of {holding.size_bytes}")
        try:
            return judge(holding, await self._read(holding))
        except BlobMissing as error:
            return Verdict(f"bytes are missing: {error.locator}")
        except EOFError as error:
            return Verdict(f"bytes are missing: {error}")
        except StorageBroken as error:
            return Verdict(f"cannot be read: {error}")
        except OSError as error:
            return Verdict(f"cannot be read: {os.strerror(error.errno or 0)}")

    async def _read(self, holding: Holding) -> list[Part]:
        """What the bytes really are, part by part; one part if there are none."""
        read, offset = [], 0
        for boundary in holding.parts or (PartBoundary(1, holding.size_bytes),):
            algorithms = {each.algorithm for each in (*holding.checksums, *boundary.checksums)}
            stretch = ByteRange(offset, boundary.size_bytes)
            read.append(await self._digest(holding, boundary.number, stretch, algorithms))
            offset += boundary.size_bytes
        return read

    async def _digest(
        self,
        holding: Holding,
        number: int,
        stretch: ByteRange,
        algorithms: set[ChecksumAlgorithm],
    ) -> Part:
        if stretch.length:
            body = await open_segments(self._blobs, holding.segments, stretch)
        else:
            body = BytesProducer(b"")
        demands = Demands(algorithms=frozenset(algorithms))
        received = await receive(body, PayloadFraming(), demands, self._sink, self._threads)
        return Part(number, received.size_bytes, received.md5_hex, 0, checksums=received.checksums)


def judge(holding: Holding, read: Sequence[Part]) -> Verdict:
    """Compare what is recorded with what was read."""
    comparisons = list(_checksums(holding, read))
    for what, recorded, found in comparisons:
        if recorded != found:
            return Verdict(f"the {recorded.algorithm.value} of {what} is not {recorded.value}")
    etag = composite_etag([part.etag for part in read]) if holding.parts else read[0].etag
    if comparisons or etag == holding.etag:
        return Verdict()
    if holding.parts or holding.kind == "part" or not _MD5.fullmatch(holding.etag):
        return Verdict(f"the ETag of the bytes is {etag}, not {holding.etag}", is_doubtful=True)
    return Verdict(f"the MD5 of the bytes is {etag}, not {holding.etag}")


def _checksums(
    holding: Holding, read: Sequence[Part]
) -> Iterator[tuple[str, Checksum, Checksum | None]]:
    """Each recorded checksum: of what, and what the bytes have instead of it."""
    for recorded in holding.checksums:
        if holding.parts:
            yield "the object", recorded, combined_checksum(recorded.algorithm, recorded.type, read)
        elif recorded.type is ChecksumType.FULL_OBJECT:
            yield "the bytes", recorded, _find(read[0], recorded.algorithm)
    for boundary, part in zip(holding.parts, read, strict=False):
        for recorded in boundary.checksums:
            yield f"part {part.number}", recorded, _find(part, recorded.algorithm)


def _find(part: Part, algorithm: ChecksumAlgorithm) -> Checksum | None:
    return next((each for each in part.checksums if each.algorithm is algorithm), None)
