from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bleepstore.storage.aws.plan import LEAST_PART_BYTES, MAX_PARTS, joined, parts
from bleepstore.storage.remote.upstream import Piece

MIB = 1024 * 1024
GIB = 1024 * MIB
LENGTHS = st.one_of(
    st.integers(0, 10),
    st.integers(LEAST_PART_BYTES - 2, LEAST_PART_BYTES + 2),
    st.integers(0, 12 * MIB),
    st.integers(0, 6 * GIB),
)


def pieces_of(lengths: list[tuple[str, int, int]]) -> list[Piece]:
    return [Piece(name, None, offset, length, offset + length) for name, offset, length in lengths]


def stretches(pieces: list[Piece]) -> list[tuple[str, int, int]]:
    """What the pieces are, whatever they were cut into."""
    found: list[tuple[str, int, int]] = []
    for piece in pieces:
        if found and found[-1][0] == piece.name and found[-1][2] == piece.offset:
            found[-1] = (piece.name, found[-1][1], piece.offset + piece.length)
        elif piece.length:
            found.append((piece.name, piece.offset, piece.offset + piece.length))
    return found


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), LENGTHS), max_size=30))
def test_parts_are_what_s3_takes_and_nothing_is_lost(lengths: list[tuple[str, int, int]]) -> None:
    pieces = pieces_of(lengths)
    made = list(parts(pieces))
    assert stretches([piece for part in made for piece in part]) == stretches(pieces)
    sizes = [sum(piece.length for piece in part) for part in made]
    assert all(LEAST_PART_BYTES <= size <= 5 * GIB for size in sizes[:-1])
    gathered = [size for size, part in zip(sizes, made, strict=True) if len(part) > 1]
    assert all(size < 2 * LEAST_PART_BYTES for size in gathered)


def test_the_largest_object_of_the_most_pieces() -> None:
    many = pieces_of([(str(number), 0, 512 * MIB) for number in range(10_000)])
    assert len(list(parts(many))) <= MAX_PARTS
    assert len(list(parts(pieces_of([("a", 0, 5 * 1024 * GIB)])))) <= MAX_PARTS


def test_neighbours_are_joined() -> None:
    whole = Piece("a", "tag", 0, 10, 10)
    first, second = Piece("a", "tag", 0, 4, 10), Piece("a", "tag", 4, 6, 10)
    assert joined([first, second]) == [whole]
    other = Piece("a", "other", 4, 6, 10)
    assert joined([first, other]) == [first, other]
