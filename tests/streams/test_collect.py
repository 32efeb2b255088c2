from __future__ import annotations

import hashlib

import pytest
import pytest_twisted

from bleepstore.errors import S3Error
from bleepstore.streams.collect import collect
from bleepstore.streams.threads import Threads
from bleepstore.values import Checksum, ChecksumAlgorithm, PayloadFraming
from tests.streams.bodies import FakeBody, WholeBody
from tests.streams.framing import encode

PLAIN = PayloadFraming()
CRC32 = ChecksumAlgorithm.CRC32
ABC = "NSRBwg=="  # the CRC32 of b"abc"


@pytest_twisted.ensureDeferred
async def test_the_whole_body(threads: Threads) -> None:
    assert await collect(WholeBody([b"ab", b"c"], 3), PLAIN, 3, threads) == b"abc"
    assert await collect(WholeBody([], 0), PLAIN, 3, threads) == b""


@pytest_twisted.ensureDeferred
async def test_a_body_of_several_blocks(threads: Threads) -> None:
    pieces = [bytes([number]) * 500_000 for number in range(8)]
    body = WholeBody(pieces)
    assert await collect(body, PLAIN, 4_000_000, threads) == b"".join(pieces)


@pytest_twisted.ensureDeferred
async def test_a_declared_length_over_the_limit_is_refused_unread(threads: Threads) -> None:
    body = FakeBody([], 4)
    with pytest.raises(S3Error) as caught:
        await collect(body, PLAIN, 3, threads)
    assert caught.value.code == "MaxMessageLengthExceeded"
    assert body.consumer is None


@pytest_twisted.ensureDeferred
async def test_an_undeclared_length_over_the_limit_is_refused(threads: Threads) -> None:
    with pytest.raises(S3Error) as caught:
        await collect(WholeBody([b"abcd"]), PLAIN, 3, threads)
    assert caught.value.code == "MaxMessageLengthExceeded"


@pytest_twisted.ensureDeferred
async def test_less_than_declared_is_incomplete(threads: Threads) -> None:
    with pytest.raises(S3Error) as caught:
        await collect(WholeBody([b"ab"], 3), PLAIN, 3, threads)
    assert caught.value.code == "IncompleteBody"


@pytest_twisted.ensureDeferred
async def test_the_digest_of_the_header_is_compared(threads: Threads) -> None:
    right = hashlib.md5(b"abc").digest()
    body = WholeBody([b"abc"], 3)
    assert await collect(body, PLAIN, 3, threads, content_md5=right) == b"abc"
    with pytest.raises(S3Error) as caught:
        await collect(WholeBody([b"abd"], 3), PLAIN, 3, threads, content_md5=right)
    assert caught.value.code == "BadDigest"


@pytest_twisted.ensureDeferred
async def test_the_checksum_of_the_header_is_compared(threads: Threads) -> None:
    right = Checksum(CRC32, ABC)
    body = WholeBody([b"abc"], 3)
    assert await collect(body, PLAIN, 3, threads, checksum=right) == b"abc"
    with pytest.raises(S3Error) as caught:
        await collect(WholeBody([b"abd"], 3), PLAIN, 3, threads, checksum=right)
    assert caught.value.code == "BadDigest"


@pytest.mark.parametrize(("content", "code"), [(b"abc", None), (b"abd", "BadDigest")])
@pytest_twisted.ensureDeferred
async def test_the_checksum_of_the_trailer_is_compared(
    threads: Threads, content: bytes, code: str | None
) -> None:
    framed = encode([content], f"{CRC32.header}:{ABC}\r\n".encode())
    framing = PayloadFraming(aws_chunked=True, trailer=(CRC32.header,), decoded_length=3)
    try:
        assert await collect(WholeBody([framed], len(framed)), framing, 3, threads) == content
    except S3Error as error:
        assert error.code == code
    else:
        assert code is None
