from __future__ import annotations

import base64
import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred, gatherResults
from twisted.internet.task import deferLater
from zope.interface import implementer

from bleepstore.errors import ClientGone, S3Error, StorageFull
from bleepstore.interfaces import IWritesInThread
from bleepstore.streams.allowance import CROWD, LEAST_BYTES, MOST_BYTES, Allowance
from bleepstore.streams.blocks import BLOCK_PIECES
from bleepstore.streams.digests import Digests
from bleepstore.streams.threads import Threads
from bleepstore.streams.upload import Demands, Received, receive
from bleepstore.values import Checksum, ChecksumAlgorithm, PayloadFraming
from tests.streams.bodies import FakeBody, WholeBody
from tests.streams.framing import encode, encode_signed, signed_framing
from tests.streams.pool import new_threads

CRC32 = ChecksumAlgorithm.CRC32
LARGE = os.urandom(1024) * 7000
PLAIN = PayloadFraming()
NONE = Demands()


class Sink:
    """Keeps what is written; ``hold`` makes it keep its writer waiting."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.held: list[Deferred[None]] = []
        self.is_holding = False
        self.error: Exception | None = None

    @property
    def data(self) -> bytes:
        return b"".join(self.blocks)

    async def write(self, block: bytes) -> None:
        if self.is_holding:
            self.held.append(Deferred())
            await self.held[-1]
        if self.error is not None:
            raise self.error
        self.blocks.append(block)

    def let_go(self) -> None:
        self.is_holding = False
        held, self.held = self.held, []
        for each in held:
            each.callback(None)


def checksum(data: bytes, algorithm: ChecksumAlgorithm = CRC32) -> Checksum:
    digests = Digests([algorithm])
    digests.update(data)
    return digests.checksum(algorithm)


def whole(data: bytes, size: int = 65_536) -> WholeBody:
    return WholeBody(data[start : start + size] for start in range(0, len(data), size))


async def until(condition: Callable[[], object]) -> None:
    for _ in range(500):
        if condition():
            return
        await deferLater(reactor, 0.01)
    raise AssertionError("it did not happen")


async def refusal(
    data: bytes, framing: PayloadFraming, demands: Demands, threads: Threads
) -> S3Error:
    body = whole(data)
    with pytest.raises(S3Error) as caught:
        await receive(body, framing, demands, Sink(), threads)
    assert body.is_stopped or body.done.called
    return caught.value


@pytest.mark.parametrize("data", [b"", b"abc", LARGE])
@pytest_twisted.ensureDeferred
async def test_content_arrives_with_its_digests(threads: Threads, data: bytes) -> None:
    demands = Demands(
        md5=hashlib.md5(data).digest(),
        checksum=checksum(data),
        algorithms=frozenset({ChecksumAlgorithm.SHA1}),
        max_size_bytes=len(data),
        expected_size=len(data),
    )
    framing = PayloadFraming(sha256_hex=hashlib.sha256(data).hexdigest())
    sink = Sink()
    received = await receive(whole(data), framing, demands, sink, threads)
    assert sink.data == data
    sums = (checksum(data), checksum(data, ChecksumAlgorithm.SHA1))
    assert received == Received(len(data), hashlib.md5(data).hexdigest(), sums)


@pytest.mark.parametrize("piece", [1000, 65_536])
@pytest_twisted.ensureDeferred
async def test_framed_content_arrives_without_its_framing(threads: Threads, piece: int) -> None:
    chunks = [LARGE[:100_000], LARGE[100_000:]]
    trailer = {CRC32.header: checksum(LARGE).value}
    framing = signed_framing(trailer=tuple(trailer), decoded_length=len(LARGE))
    demands = Demands(trailer_algorithm=CRC32, expected_size=len(LARGE))
    sink = Sink()
    received = await receive(
        whole(encode_signed(chunks, trailer), piece), framing, demands, sink, threads
    )
    assert sink.data == LARGE
    assert received.checksums == (checksum(LARGE),)
    assert received.size_bytes == len(LARGE)


@pytest_twisted.ensureDeferred
async def test_blocks_are_large_whatever_the_pieces(threads: Threads) -> None:
    sink = Sink()
    await receive(whole(LARGE), PLAIN, NONE, sink, threads)
    assert [len(block) >= MOST_BYTES for block in sink.blocks] == [True, True, True, False]


@pytest_twisted.ensureDeferred
async def test_many_uploads_have_smaller_blocks(threads: Threads) -> None:
    allowance = Allowance(total_bytes=8 * LEAST_BYTES)
    sinks = [Sink() for _ in range(4)]
    for sink in sinks:
        sink.is_holding = True
    uploads = [
        ensureDeferred(receive(whole(LARGE), PLAIN, NONE, sink, threads, allowance))
        for sink in sinks
    ]
    await until(lambda: all(sink.held for sink in sinks))
    for sink in sinks:
        sink.let_go()
    await gatherResults(uploads)
    assert all(sink.data == LARGE for sink in sinks)
    while_all_shared = [len(block) for block in sinks[-1].blocks[:2]]  # later, some are over
    assert min(while_all_shared) >= 2 * LEAST_BYTES
    assert max(while_all_shared) <= 4 * LEAST_BYTES  # pieces go on coming until the body is paused
    alone = Sink()
    await receive(whole(LARGE), PLAIN, NONE, alone, threads, allowance)
    assert len(alone.blocks[0]) >= 8 * LEAST_BYTES


@pytest_twisted.ensureDeferred
async def test_single_bytes_do_not_pile_up(threads: Threads) -> None:
    sink = Sink()
    await receive(whole(b"x" * 5000, 1), PLAIN, NONE, sink, threads)
    assert sink.data == b"x" * 5000
    assert len(sink.blocks[0]) == BLOCK_PIECES


@pytest.mark.parametrize("size", [1000, len(LARGE)])
@pytest_twisted.ensureDeferred
async def test_wrong_digests_are_refused(threads: Threads, size: int) -> None:
    data = LARGE[:size]
    other = checksum(b"other")

    error = await refusal(data, PLAIN, Demands(md5=hashlib.md5(b"other").digest()), threads)
    assert error.code == "BadDigest"
    assert (
        error.elements["CalculatedDigest"] == base64.b64encode(hashlib.md5(data).digest()).decode()
    )

    error = await refusal(data, PLAIN, Demands(checksum=other), threads)
    assert error.code == "BadDigest"
    assert error.message == "The CRC32 you specified did not match the calculated checksum."

    signed = PayloadFraming(sha256_hex="0" * 64)
    error = await refusal(data, signed, NONE, threads)
    assert error.code == "XAmzContentSHA256Mismatch"

    framing = PayloadFraming(aws_chunked=True, trailer=(CRC32.header,))
    trailer = f"{CRC32.header}:{other.value}\r\n".encode()
    body = encode([data], trailer)
    error = await refusal(body, framing, Demands(trailer_algorithm=CRC32), threads)
    assert error.code == "BadDigest"


@pytest.mark.parametrize("value", ["", "AAAA", "not base64", "AAAAAAA=", "é"])
@pytest_twisted.ensureDeferred
async def test_a_checksum_that_is_none_is_an_invalid_request(threads: Threads, value: str) -> None:
    demands = Demands(checksum=Checksum(CRC32, value))
    assert (await refusal(b"abc", PLAIN, demands, threads)).code == "InvalidRequest"


@pytest.mark.parametrize("expected_size", [0, 2, 4])
@pytest_twisted.ensureDeferred
async def test_a_wrong_length_is_an_incomplete_body(threads: Threads, expected_size: int) -> None:
    demands = Demands(expected_size=expected_size)
    assert (await refusal(b"abc", PLAIN, demands, threads)).code == "IncompleteBody"


@pytest_twisted.ensureDeferred
async def test_more_than_was_announced_is_never_written(threads: Threads) -> None:
    sink = Sink()
    with pytest.raises(S3Error) as caught:
        await receive(whole(LARGE), PLAIN, Demands(expected_size=MOST_BYTES), sink, threads)
    assert caught.value.code == "IncompleteBody"
    assert len(sink.data) <= MOST_BYTES


@implementer(IWritesInThread)
class ThreadedSink(Sink):
    """Remembers in which threads it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[threading.Thread] = []

    def write_pieces(self, pieces: Sequence[bytes | memoryview]) -> None:
        self.threads.append(threading.current_thread())
        self.blocks.append(b"".join(pieces))


@pytest_twisted.ensureDeferred
async def test_the_last_block_is_written_where_it_is_hashed(threads: Threads) -> None:
    sink = ThreadedSink()
    received = await receive(whole(LARGE), PLAIN, NONE, sink, threads)
    assert sink.data == LARGE
    assert received.md5_hex == hashlib.md5(LARGE).hexdigest()
    assert threading.current_thread() not in sink.threads


@pytest_twisted.ensureDeferred
async def test_in_a_crowd_every_block_is(threads: Threads) -> None:
    allowance = Allowance()
    sink = ThreadedSink()
    with ExitStack() as crowd:
        for _ in range(CROWD):
            crowd.enter_context(allowance.shared())
        await receive(whole(LARGE), PLAIN, NONE, sink, threads, allowance)
    assert sink.data == LARGE
    assert len(sink.threads) == len(sink.blocks)


@pytest_twisted.ensureDeferred
async def test_too_much_is_refused_as_soon_as_it_is_too_much(threads: Threads) -> None:
    body = FakeBody(iter([LARGE]))
    with pytest.raises(S3Error) as caught:
        await receive(body, PLAIN, Demands(max_size_bytes=len(LARGE) - 1), Sink(), threads)
    assert caught.value.code == "EntityTooLarge"
    assert body.is_stopped


@pytest.mark.parametrize("error", [ClientGone(), S3Error("RequestTimeout")])
@pytest_twisted.ensureDeferred
async def test_the_end_of_the_connection_is_the_end_of_the_upload(
    threads: Threads, error: Exception
) -> None:
    body = FakeBody([b"abc"])
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, Sink(), threads))
    body.done.errback(error)
    with pytest.raises(type(error)):
        await receiving


@pytest_twisted.ensureDeferred
async def test_a_slow_sink_pauses_the_client(threads: Threads) -> None:
    body, sink = FakeBody(), Sink()
    sink.is_holding = True
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, sink, threads))
    sent = 0
    while not body.is_paused:
        body.send(LARGE[:65_536])
        sent += 65_536
        await deferLater(reactor, 0)
        assert sent < 10 * MOST_BYTES
    # One block is being written, one is hashed and waits, one is gathered.
    assert sent <= 4 * MOST_BYTES
    sink.let_go()
    await until(lambda: not body.is_paused)
    body.done.callback(None)
    received = await receiving
    assert received.size_bytes == sent == len(sink.data)


@pytest_twisted.ensureDeferred
async def test_the_next_block_is_hashed_while_one_is_written(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, sink = FakeBody(), Sink()
    sink.is_holding = True
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, sink, threads))
    hashed: list[object] = []
    run = threads.run

    def noted(*arguments: Any) -> Deferred[Any]:
        return run(*arguments).addCallback(note)

    def note(stretches: object) -> object:
        hashed.append(stretches)
        return stretches

    monkeypatch.setattr(threads, "run", noted)
    body.send(LARGE[:MOST_BYTES])
    await until(lambda: sink.held)
    body.send(LARGE[:MOST_BYTES])
    await until(lambda: len(hashed) == 2)
    assert sink.blocks == []
    sink.let_go()
    body.done.callback(None)
    await receiving
    assert len(sink.data) == 2 * MOST_BYTES


@pytest_twisted.ensureDeferred
async def test_an_error_of_the_sink_ends_the_upload(threads: Threads) -> None:
    sink = Sink()
    sink.error = StorageFull("full")
    body = whole(LARGE)
    with pytest.raises(StorageFull):
        await receive(body, PLAIN, NONE, sink, threads)
    assert sink.blocks == []


@pytest_twisted.ensureDeferred
async def test_an_error_is_told_while_the_client_is_silent(threads: Threads) -> None:
    body, sink = FakeBody(), Sink()
    sink.error = StorageFull("full")
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, sink, threads))
    body.send(LARGE[:MOST_BYTES])
    with pytest.raises(StorageFull):
        await receiving
    assert body.is_stopped


def busy_turn() -> Deferred[None]:
    """A turn of the reactor in which jobs end and nobody hears of it."""
    time.sleep(0.006)
    return deferLater(reactor, 0)


@pytest.mark.parametrize("make_sink", [Sink, ThreadedSink])
@pytest_twisted.ensureDeferred
async def test_blocks_stay_in_order_however_busy_the_reactor_is(
    threads: Threads, make_sink: Callable[[], Sink]
) -> None:
    """Each turn of the reactor hears of several jobs at once; small blocks are ready before large ones."""
    sink, body = make_sink(), FakeBody()
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, sink, threads))
    expected = b""
    for number in range(40):
        # A block is small that has many pieces.
        pieces = [os.urandom(80)] * BLOCK_PIECES if number % 2 else [os.urandom(MOST_BYTES)]
        for piece in pieces:
            body.send(piece)
        expected += b"".join(pieces)
        await busy_turn()
        while body.is_paused:
            await busy_turn()
    body.done.callback(None)
    assert (await receiving).md5_hex == hashlib.md5(expected).hexdigest()
    assert sink.data == expected


@pytest_twisted.ensureDeferred
async def test_a_block_that_is_ready_late_keeps_its_place(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, held = threads.run, [0.2]

    def run(*arguments: Any) -> Deferred[Any]:
        """The first job takes long."""
        job = real(*arguments)
        seconds = held.pop() if held else 0
        return job.addCallback(lambda result: deferLater(reactor, seconds, lambda: result))

    monkeypatch.setattr(threads, "run", run)
    sink, body = Sink(), FakeBody()
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, sink, threads))
    blocks = [bytes([number]) * MOST_BYTES for number in range(3)]
    for block in blocks:
        body.send(block)
        await deferLater(reactor, 0.02)
    body.done.callback(None)
    await receiving
    assert sink.data == b"".join(blocks)


@pytest_twisted.ensureDeferred
async def test_an_error_does_not_wait_for_the_block_before_it(threads: Threads) -> None:
    sink, body = Sink(), FakeBody()
    sink.is_holding = True
    demands = Demands(max_size_bytes=MOST_BYTES)
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, demands, sink, threads))
    body.send(LARGE[:MOST_BYTES])
    await until(lambda: sink.held)
    body.send(LARGE[:MOST_BYTES])
    with pytest.raises(S3Error) as caught:
        await receiving
    assert caught.value.code == "EntityTooLarge"
    assert sink.blocks == []


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_does_not_wait_for_the_block_before_it(
    threads: Threads,
) -> None:
    sink, body = Sink(), FakeBody()
    sink.is_holding = True
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, sink, threads))
    body.send(LARGE[:MOST_BYTES])
    await until(lambda: sink.held)
    body.send(LARGE[:MOST_BYTES])
    await deferLater(reactor, 0.05)  # the second block stands behind the first one
    body.done.errback(ClientGone())
    with pytest.raises(ClientGone):
        await receiving
    assert sink.blocks == []


class BreakingSink(Sink):
    """Its first write fails when it is told to; the others would not."""

    def __init__(self) -> None:
        super().__init__()
        self.is_holding = True

    async def write(self, block: bytes) -> None:
        if self.held:
            self.blocks.append(block)
        else:
            await super().write(block)

    def break_down(self) -> None:
        self.held[0].errback(StorageFull("full"))


@implementer(IWritesInThread)
class ThreadedBreakingSink(BreakingSink):
    def __init__(self) -> None:
        super().__init__()
        self.is_broken = threading.Event()

    def write_pieces(self, pieces: Sequence[bytes | memoryview]) -> None:
        if self.held:
            self.blocks.append(b"".join(pieces))
            return
        self.held.append(Deferred())
        self.is_broken.wait()
        raise StorageFull("full")

    def break_down(self) -> None:
        self.is_broken.set()
        time.sleep(0.1)  # the thread goes on before the reactor hears of it


@pytest.mark.parametrize("make_sink", [BreakingSink, ThreadedBreakingSink])
@pytest_twisted.ensureDeferred
async def test_nothing_is_written_behind_a_block_that_was_not(
    threads: Threads, make_sink: Callable[[], BreakingSink]
) -> None:
    body, sink = FakeBody(), make_sink()
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, sink, threads))
    body.send(LARGE[:MOST_BYTES])
    await until(lambda: sink.held)
    body.send(LARGE[:MOST_BYTES])
    await deferLater(reactor, 0.1)  # the second block stands behind the first one
    sink.break_down()
    with pytest.raises(StorageFull):
        await receiving
    assert sink.blocks == []


@pytest_twisted.ensureDeferred
async def test_cancelling_stops_the_body_and_the_write(threads: Threads) -> None:
    body, sink = FakeBody(), Sink()
    sink.is_holding = True
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, sink, threads))
    body.send(LARGE[:MOST_BYTES])
    await until(lambda: sink.held)
    receiving.cancel()
    with pytest.raises(CancelledError):
        await receiving
    assert body.is_stopped
    assert sink.blocks == []


@pytest_twisted.ensureDeferred
async def test_no_thread_touches_the_sink_after_a_cancellation(threads: Threads) -> None:
    begun, may_end, has_ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()
        has_ended.set()

    class ThreadSink:
        def write(self, block: bytes) -> Deferred[None]:
            return threads.run(work)

    body = FakeBody()
    receiving = Deferred.fromCoroutine(receive(body, PLAIN, NONE, ThreadSink(), threads))
    body.send(LARGE[:MOST_BYTES])
    await until(begun.is_set)
    receiving.cancel()
    may_end.set()
    with pytest.raises(CancelledError):
        await receiving
    assert has_ended.is_set()


@pytest_twisted.ensureDeferred
async def test_small_uploads_need_no_thread() -> None:
    framing = PayloadFraming(sha256_hex=hashlib.sha256(b"abc").hexdigest())
    stopped = new_threads("none", 1)
    sink = Sink()
    received = await receive(whole(b"abc"), framing, NONE, sink, stopped)
    assert (received.size_bytes, sink.data) == (3, b"abc")


def test_what_is_to_be_computed_includes_what_is_to_be_compared() -> None:
    demands = Demands(checksum=checksum(b""), algorithms=frozenset({ChecksumAlgorithm.SHA1}))
    assert demands.all_algorithms == {CRC32, ChecksumAlgorithm.SHA1}
    in_trailer = evolve(demands, checksum=None, trailer_algorithm=ChecksumAlgorithm.SHA256)
    assert in_trailer.all_algorithms == {ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256}
