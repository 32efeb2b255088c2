"""Which parts an object is assembled of: S3 takes none below 5 MiB but the last one.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from attrs import evolve

from ..remote.upstream import Piece

MAX_PARTS = 10_000
LEAST_PART_BYTES = 5 * 1024 * 1024
_COPIED_PART_BYTES = 256 * 1024 * 1024  # several are copied at a time
_SPARE_PARTS = 1_000

Part = tuple[Piece, ...]
"""Stretches that make a part: S3 copies a single one, several have to be read and sent."""


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The same bytes in as few pieces as possible."""
    result: list[Piece] = []
    for piece in pieces:
        last = result[-1] if result else None
        if last is not None and piece == evolve(
            last, offset=last.offset + last.length, length=piece.length
        ):
            result[-1] = evolve(last, length=last.length + piece.length)
        elif piece.length:
            result.append(piece)
    return result


def parts(pieces: Sequence[Piece]) -> Iterator[Part]:
    """The parts of an object of these pieces; what is gathered is less than 10 MiB."""
    total = sum(piece.length for piece in pieces)
    most = max(_COPIED_PART_BYTES, -(-total // (MAX_PARTS - _SPARE_PARTS)))
    waiting = deque(joined(pieces))
    while waiting:
        piece = waiting.popleft()
        if piece.length < LEAST_PART_BYTES and waiting:
            yield _gathered(piece, waiting)
        else:
            yield from ((stretch,) for stretch in _stretches(piece, most))


def _gathered(first: Piece, waiting: deque[Piece]) -> Part:
    """``first`` and enough of what follows it."""
    part = [first]
    lacking = LEAST_PART_BYTES - first.length
    while lacking > 0 and waiting:
        piece = waiting.popleft()
        if piece.length - lacking >= LEAST_PART_BYTES:
            waiting.appendleft(
                evolve(piece, offset=piece.offset + lacking, length=piece.length - lacking)
            )
            piece = evolve(piece, length=lacking)
        part.append(piece)
        lacking -= piece.length
    return tuple(part)


def _stretches(piece: Piece, most: int) -> Iterator[Piece]:
    """Nearly as large as each other, so that none is too small."""
    count = max(1, -(-piece.length // most))
    size = -(-piece.length // count)
    for start in range(0, piece.length, size):
        length = min(size, piece.length - start)
        yield evolve(piece, offset=piece.offset + start, length=length)
