from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from io import FileIO
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater
from twisted.web.iweb import IBodyProducer
from zope.interface.verify import verifyObject

from bleepstore.errors import BlobMissing
from bleepstore.interfaces import ISendable
from bleepstore.streams.producers import (
    BLOCK_BYTES,
    BytesProducer,
    ChainProducer,
    FileProducer,
    open_chain,
)
from bleepstore.streams.threads import Threads
from tests.streams.gathering import Gathering

DATA = os.urandom(1000) * (3 * BLOCK_BYTES // 1000)


@pytest.fixture
def file(tmp_path: Path) -> FileIO:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return FileIO(path)


async def some_turns() -> None:
    """Long enough for a read in a thread, were there one."""
    await deferLater(reactor, 0.05)


async def closed(file: FileIO) -> bool:
    for _ in range(100):
        if file.closed:
            break
        await deferLater(reactor, 0.01)
    return file.closed


@pytest.mark.parametrize(
    ("offset", "length"), [(0, len(DATA)), (1, 1), (5, BLOCK_BYTES), (BLOCK_BYTES, BLOCK_BYTES + 7)]
)
@pytest_twisted.ensureDeferred
async def test_a_stretch_of_a_file(
    threads: Threads, file: FileIO, offset: int, length: int
) -> None:
    producer = FileProducer(threads, file, offset, length)
    consumer = Gathering()
    assert producer.length == length
    await producer.startProducing(consumer)
    assert consumer.data == DATA[offset : offset + length]
    assert await closed(file)


@pytest_twisted.ensureDeferred
async def test_producers_keep_to_their_interfaces(threads: Threads, file: FileIO) -> None:
    of_file = FileProducer(threads, file, 3, 4)
    assert verifyObject(IBodyProducer, of_file)
    assert verifyObject(ISendable, of_file)
    assert os.pread(of_file.fileno(), of_file.length, of_file.offset) == DATA[3:7]
    assert verifyObject(IBodyProducer, BytesProducer(b""))
    assert verifyObject(IBodyProducer, ChainProducer(of_file, [], 4))
    of_file.stopProducing()
    assert await closed(file)


@pytest_twisted.ensureDeferred
async def test_a_paused_producer_writes_nothing(threads: Threads, file: FileIO) -> None:
    producer = FileProducer(threads, file, 0, len(DATA))
    consumer = Gathering(producer.pauseProducing)
    done = producer.startProducing(consumer)
    for count in range(1, 3):
        await some_turns()
        assert len(consumer.blocks) == count
        producer.resumeProducing()
    await done
    assert consumer.data == DATA


@pytest_twisted.ensureDeferred
async def test_a_file_that_became_short_is_a_failure(threads: Threads, file: FileIO) -> None:
    os.truncate(str(file.name), BLOCK_BYTES + 10)
    consumer = Gathering()
    with pytest.raises(EOFError):
        await FileProducer(threads, file, 0, len(DATA)).startProducing(consumer)
    assert consumer.data == DATA[: BLOCK_BYTES + 10]
    assert await closed(file)


@pytest.mark.parametrize("is_paused", [False, True])
@pytest_twisted.ensureDeferred
async def test_a_stopped_file_is_closed_and_its_deferred_stays_silent(
    threads: Threads, file: FileIO, is_paused: bool
) -> None:
    producer = FileProducer(threads, file, 0, len(DATA))
    consumer = Gathering()
    done = producer.startProducing(consumer)
    if is_paused:
        producer.pauseProducing()
        await some_turns()
    producer.stopProducing()
    producer.pauseProducing()
    assert await closed(file)
    assert consumer.blocks == []
    assert not done.called


@pytest_twisted.ensureDeferred
async def test_a_consumer_may_stop_its_producer_while_it_writes(
    threads: Threads, file: FileIO
) -> None:
    producer = FileProducer(threads, file, 0, len(DATA))
    consumer = Gathering(producer.stopProducing)
    done = producer.startProducing(consumer)
    assert await closed(file)
    assert consumer.data == DATA[:BLOCK_BYTES]
    assert not done.called


@pytest_twisted.ensureDeferred
async def test_cancelling_stops(threads: Threads, file: FileIO) -> None:
    done = FileProducer(threads, file, 0, len(DATA)).startProducing(Gathering())
    done.cancel()
    with pytest.raises(CancelledError):
        await done
    assert await closed(file)


@pytest_twisted.ensureDeferred
async def test_stopping_before_the_start_closes_the_file(threads: Threads, file: FileIO) -> None:
    FileProducer(threads, file, 0, len(DATA)).stopProducing()
    assert await closed(file)


@pytest_twisted.ensureDeferred
async def test_bytes_are_written_at_once() -> None:
    consumer = Gathering()
    producer = BytesProducer(b"abc")
    assert producer.length == 3
    await producer.startProducing(consumer)
    assert consumer.blocks == [b"abc"]


def opener_of(producer: IBodyProducer) -> Callable[[], Awaitable[IBodyProducer]]:
    return lambda: succeed(producer)


@pytest_twisted.ensureDeferred
async def test_a_chain_writes_its_links_in_turn(threads: Threads, file: FileIO) -> None:
    of_file = FileProducer(threads, file, 1, 5)
    links = [BytesProducer(b"abc"), of_file, BytesProducer(b"xyz")]
    chain = await open_chain([opener_of(link) for link in links], 11)
    consumer = Gathering()
    assert chain.length == 11
    await chain.startProducing(consumer)
    assert consumer.data == b"abc" + DATA[1:6] + b"xyz"
    assert await closed(file)


@pytest_twisted.ensureDeferred
async def test_a_chain_is_paused_between_its_links() -> None:
    chain = await open_chain([opener_of(BytesProducer(each)) for each in (b"a", b"b", b"c")], 3)
    consumer = Gathering(lambda: chain.pauseProducing())
    done = chain.startProducing(consumer)
    for count in range(1, 4):
        assert len(consumer.blocks) == count
        chain.resumeProducing()
    await done
    assert consumer.data == b"abc"


@pytest_twisted.ensureDeferred
async def test_a_chain_pauses_the_link_that_writes(threads: Threads, file: FileIO) -> None:
    chain = await open_chain([opener_of(FileProducer(threads, file, 0, len(DATA)))], len(DATA))
    consumer = Gathering(lambda: chain.pauseProducing())
    done = chain.startProducing(consumer)
    await some_turns()
    assert len(consumer.blocks) == 1
    while not done.called:
        chain.resumeProducing()
        await some_turns()
    assert consumer.data == DATA


@pytest_twisted.ensureDeferred
async def test_a_missing_first_link_is_known_before_the_start() -> None:
    async def missing() -> IBodyProducer:
        raise BlobMissing("f:0")

    with pytest.raises(BlobMissing):
        await open_chain([missing], 3)


@pytest_twisted.ensureDeferred
async def test_a_missing_later_link_fails_the_chain() -> None:
    async def missing() -> IBodyProducer:
        raise BlobMissing("f:0")

    chain = await open_chain([opener_of(BytesProducer(b"abc")), missing], 6)
    with pytest.raises(BlobMissing):
        await chain.startProducing(Gathering())


@pytest_twisted.ensureDeferred
async def test_stopping_a_chain_stops_the_link_that_writes(threads: Threads, file: FileIO) -> None:
    chain = await open_chain([opener_of(FileProducer(threads, file, 0, len(DATA)))], len(DATA))
    done = chain.startProducing(Gathering())
    chain.stopProducing()
    assert await closed(file)
    assert not done.called


@pytest_twisted.ensureDeferred
async def test_a_link_that_opens_after_the_stop_is_stopped(threads: Threads, file: FileIO) -> None:
    opening: Deferred[IBodyProducer] = Deferred()
    chain = await open_chain([opener_of(BytesProducer(b"abc")), lambda: opening], 6)
    consumer = Gathering()
    done = chain.startProducing(consumer)
    chain.stopProducing()
    opening.callback(FileProducer(threads, file, 0, 3))
    assert await closed(file)
    assert consumer.data == b"abc"
    assert not done.called


@pytest_twisted.ensureDeferred
async def test_stopping_a_chain_before_the_start_closes_its_first_link(
    threads: Threads, file: FileIO
) -> None:
    chain = await open_chain([opener_of(FileProducer(threads, file, 0, 3))], 3)
    chain.stopProducing()
    assert await closed(file)
