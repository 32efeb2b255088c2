from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.errors import S3Error
from bleepstore.streams.decode import MAX_LINE_BYTES, MAX_TRAILER_BYTES, ChunkDecoder
from bleepstore.values import PayloadFraming
from tests.streams.framing import encode, encode_signed, signed_framing

CRC = "x-amz-checksum-crc32"
PLAIN = PayloadFraming(aws_chunked=True)
WITH_TRAILER = PayloadFraming(aws_chunked=True, trailer=(CRC,))


def large_enough(chunks: list[bytes]) -> list[bytes]:
    """The same chunks, but with all before the last one as large as S3 wants them."""
    return [(chunk * 8192)[: 8192 + len(chunk)] for chunk in chunks[:-1]] + chunks[-1:]


chunk_lists = st.lists(st.binary(min_size=1, max_size=40), max_size=3).map(large_enough)


def decode(pieces: Sequence[bytes], framing: PayloadFraming) -> tuple[bytes, dict[str, str]]:
    decoder = ChunkDecoder(framing)
    content = b"".join(b"".join(decoder.feed(piece)) for piece in pieces)
    return content, decoder.finish()


def failure(body: bytes, framing: PayloadFraming = PLAIN) -> str:
    with pytest.raises(S3Error) as caught:
        decode([body], framing)
    return caught.value.code


def outcome(pieces: Sequence[bytes], framing: PayloadFraming) -> Any:
    try:
        return decode(pieces, framing)
    except S3Error as error:
        return error.code


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({min(place, len(body)) for place in places} | {0, len(body)})
    return [body[start:end] for start, end in pairwise(ends)]


@given(chunk_lists, st.lists(st.integers(0, 17_000)))
def test_pieces_of_any_size_give_the_same_content(chunks: list[bytes], places: list[int]) -> None:
    body = encode_signed(chunks, {CRC: "AAAAAA=="})
    framing = signed_framing(trailer=(CRC,), decoded_length=sum(map(len, chunks)))
    assert decode(cut(body, places), framing) == (b"".join(chunks), {CRC: "AAAAAA=="})


def test_single_bytes_give_the_same_content() -> None:
    body = encode_signed([b"a" * 8192, b"bc"], {CRC: "AAAAAA=="})
    pieces = [body[place : place + 1] for place in range(len(body))]
    framing = signed_framing(trailer=(CRC,), decoded_length=8194)
    assert decode(pieces, framing) == (b"a" * 8192 + b"bc", {CRC: "AAAAAA=="})


@given(st.one_of(st.binary(), st.text("0123456789abcdef;:\r\n x").map(str.encode)), st.data())
def test_garbage_is_an_s3_error_however_it_arrives(body: bytes, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(body))))
    assert outcome([body], PLAIN) == outcome(cut(body, places), PLAIN)


@given(chunk_lists, st.data())
def test_one_wrong_bit_in_a_signed_body_is_found(chunks: list[bytes], data: st.DataObject) -> None:
    body = bytearray(encode_signed(chunks, {CRC: "AAAAAA=="}))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= 1 << data.draw(st.integers(0, 7))
    framing = signed_framing(trailer=(CRC,), decoded_length=sum(map(len, chunks)))
    result = outcome([bytes(body)], framing)
    assert isinstance(result, str) or result == (b"".join(chunks), {CRC: "AAAAAA=="})


@given(chunk_lists, st.data())
def test_a_body_cut_short_is_never_complete(chunks: list[bytes], data: st.DataObject) -> None:
    body = encode_signed(chunks)
    # The last line alone may miss its CRLF, and the CRLF behind it is not needed at all.
    length = data.draw(st.integers(0, len(body) - 3))
    assert failure(body[:length], signed_framing()) == "IncompleteBody"


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_the_last_crlf_may_be_missing(end: bytes) -> None:
    assert decode([b"3\r\nabc\r\n0\r\n" + end], PLAIN) == (b"abc", {})


def test_content_is_not_held_back() -> None:
    decoder = ChunkDecoder(PLAIN)
    assert b"".join(decoder.feed(b"ffffffffff\r\nabc")) == b"abc"


def test_data_that_looks_like_framing_is_data() -> None:
    chunk = b"0\r\n\r\n5;chunk-signature=00\r\n"
    assert decode([encode([chunk])], PLAIN)[0] == chunk


@pytest.mark.parametrize(
    "body",
    [
        b"xyz\r\n",
        b"-3\r\nabc\r\n0\r\n",
        b"0x3\r\nabc\r\n0\r\n",
        b"\r\n",
        b"3\nabc\r\n0\r\n",
        b"3\r\nabcd\r\n0\r\n",
        b"3\r\nabc\n0\r\n",
        b"1" * 17 + b"\r\n",
        b"1;" + b"x" * MAX_LINE_BYTES + b"\r\na\r\n0\r\n",
    ],
)
def test_broken_framing_is_an_invalid_request(body: bytes) -> None:
    assert failure(body) == "InvalidRequest"


def test_a_first_line_as_long_as_allowed_is_read() -> None:
    line = b"3;".ljust(MAX_LINE_BYTES - 2, b"x") + b"\r\n"
    assert decode([line + b"abc\r\n0\r\n"], PLAIN)[0] == b"abc"


def test_a_signed_body_needs_a_signature_in_every_chunk() -> None:
    assert failure(encode([b"abc"]), signed_framing()) == "InvalidRequest"


def test_chunks_cannot_be_left_out() -> None:
    body = encode_signed([b"a" * 10, b"b" * 10])
    second = body.index(b"\r\na;chunk", 20) + 2
    assert failure(body[second:], signed_framing()) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("length", [0, 2])
def test_more_content_than_declared_is_refused(length: int) -> None:
    framing = PayloadFraming(aws_chunked=True, decoded_length=length)
    assert failure(encode([b"abc"]), framing) == "IncompleteBody"


def test_less_content_than_declared_is_refused() -> None:
    framing = PayloadFraming(aws_chunked=True, decoded_length=4)
    assert failure(encode([b"abc"]), framing) == "IncompleteBody"


@pytest.mark.parametrize(
    "trailer",
    [
        b"x-amz-checksum-crc32:AAAAAA==\r\n",
        b"x-amz-checksum-crc32:AAAAAA==",
        b"x-amz-checksum-crc32:AAAAAA==\n\r\n",
        b"X-Amz-Checksum-Crc32: AAAAAA== \r\n",
    ],
)
def test_the_trailer_is_read_in_the_ways_that_clients_write_it(trailer: bytes) -> None:
    assert decode([encode([b"abc"], trailer)], WITH_TRAILER) == (b"abc", {CRC: "AAAAAA=="})


@pytest.mark.parametrize(
    "trailer",
    [
        b"",
        b"x-amz-checksum-sha1:AAAA\r\n",
        b"x-amz-checksum-crc32\r\n",
        b"x-amz-checksum-crc32:AAAAAA==\r\nx-amz-checksum-crc32:AAAAAA==\r\n",
        b"x-amz-checksum-crc32:AAAAAA==\r\nx-amz-meta-a:b\r\n",
        b"x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:0\r\n",
        b"x-amz-checksum-crc32:\xff\r\n",
        b"x-amz-checksum-crc32:" + b"A" * MAX_TRAILER_BYTES,
    ],
)
def test_a_trailer_other_than_announced_is_malformed(trailer: bytes) -> None:
    assert failure(encode([b"abc"], trailer), WITH_TRAILER) == "MalformedTrailerError"


def test_a_trailer_that_nobody_announced_is_malformed() -> None:
    body = encode([b"abc"], b"x-amz-checksum-crc32:AAAAAA==\r\n")
    assert failure(body, PLAIN) == "MalformedTrailerError"


def test_a_signed_body_needs_its_trailer_signed() -> None:
    body = encode_signed([b"abc"], {CRC: "AAAAAA=="})
    start = body.index(b"x-amz-trailer-signature")
    framing = signed_framing(trailer=(CRC,))
    assert failure(body[:start] + b"\r\n", framing) == "MalformedTrailerError"


def test_a_changed_trailer_does_not_match_its_signature() -> None:
    body = encode_signed([b"abc"], {CRC: "AAAAAA=="}).replace(b"AAAAAA==", b"BAAAAA==")
    assert failure(body, signed_framing(trailer=(CRC,))) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("framing", [PLAIN, WITH_TRAILER])
def test_only_the_last_chunk_may_be_small(framing: PayloadFraming) -> None:
    with pytest.raises(S3Error) as caught:
        decode([encode([b"a" * 8192, b"b" * 8191, b"c"])], framing)
    assert caught.value.code == "InvalidChunkSizeError"
    assert caught.value.elements == {"Chunk": "2", "BadChunkSize": "8191"}
    decode([encode([b"a" * 8192, b"c"])], PLAIN)
