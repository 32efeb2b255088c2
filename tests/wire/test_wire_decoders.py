from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.wire.decoders import make_decoder
from bleepstore.wire.malformed import MalformedBody

CHUNKED = b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"


def decode(
    length: int | None, data: bytes, sizes: list[int]
) -> tuple[list[bytes], bytes | None, bytes]:
    """What was delivered, what the packet with the end held behind it, and what was not fed."""
    blocks: list[bytes] = []
    decoder = make_decoder(length, blocks.append)
    for size in [*sizes, len(data)]:
        packet, data = data[:size], data[size:]
        rest = decoder.feed(packet)
        if rest is not None:
            return blocks, rest, data
    return blocks, None, data


@given(st.lists(st.integers(1, 20), max_size=9))
def test_a_declared_length_ends_where_it_said(sizes: list[int]) -> None:
    blocks, rest, later = decode(5, b"abcdeGET /", sizes)
    assert b"".join(blocks) == b"abcde"
    assert (rest or b"") + later == b"GET /"


@given(st.lists(st.integers(1, 20), max_size=9))
def test_chunks_end_with_the_last_one(sizes: list[int]) -> None:
    blocks, rest, later = decode(None, CHUNKED + b"GET /", sizes)
    assert b"".join(blocks) == b"abc0123456789"
    assert (rest or b"") + later == b"GET /"


@pytest.mark.parametrize("length", [6, None])
def test_half_a_body_has_no_end(length: int | None) -> None:
    assert decode(length, CHUNKED[:5], [])[1] is None


def test_a_packet_of_a_large_body_is_not_copied() -> None:
    packet = b"x" * 100
    blocks, _, _ = decode(200, packet, [])
    assert blocks[0] is packet


@pytest.mark.parametrize(
    "data",
    [b"x\r\n", b"-1\r\n", b"+1\r\n", b"0x1\r\n", b" 1\r\n", b"1\nab", b"1\r\nabc\r\n", b"0" * 2000],
)
def test_chunks_without_an_end_are_refused(data: bytes) -> None:
    decoder = make_decoder(None, lambda _: None)
    with pytest.raises(MalformedBody):
        decoder.feed(data + b"\r\n0\r\n\r\n")
