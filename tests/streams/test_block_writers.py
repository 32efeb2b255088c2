from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
import pytest_twisted
from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList, succeed
from zope.interface import implementer

from bleepstore.interfaces import IWritesInThread
from bleepstore.streams.block_writers import BlockWriter, writer_into
from bleepstore.streams.threads import Threads


@define
class Whole:
    """A sink that takes whole blocks."""

    blocks: list[bytes] = field(factory=list)

    def write(self, block: bytes) -> Deferred[None]:
        self.blocks.append(block)
        return succeed(None)


@implementer(IWritesInThread)
@define
class Threaded(Whole):
    """A sink that takes pieces in any thread; the second block is refused by the disk."""

    threads: set[str] = field(factory=set)

    def write_pieces(self, pieces: Sequence[bytes | memoryview]) -> None:
        self.threads.add(threading.current_thread().name)
        if len(self.blocks) == 1:
            raise OSError("no room")
        self.blocks.append(b"".join(pieces))


async def append_all(writer: BlockWriter, *blocks: bytes) -> list[bool]:
    """Append them before the first one is written; answer which were."""
    writing = [Deferred.fromCoroutine(writer.append([block])) for block in blocks]
    outcomes: Any = await DeferredList(writing, consumeErrors=True)
    return [has_worked for has_worked, _ in outcomes]


@pytest_twisted.ensureDeferred
async def test_nothing_is_written_after_a_block_that_failed(threads: Threads) -> None:
    sink = Threaded()
    writer = writer_into(sink, threads)
    assert writer.is_threaded
    # The one that failed tells of it; what comes after only ends.
    assert await append_all(writer, b"first", b"second", b"third") == [True, False, True]
    assert sink.blocks == [b"first"]
    assert all(name.startswith("test-") for name in sink.threads)


@pytest_twisted.ensureDeferred
async def test_what_is_taken_is_written_in_one_go(threads: Threads) -> None:
    sink = Threaded()
    await writer_into(sink, threads).take_and_append(lambda pieces: pieces[:1], [b"ab", b"c"])
    assert sink.blocks == [b"ab"]


@pytest_twisted.ensureDeferred
async def test_whole_blocks_are_put_together(threads: Threads) -> None:
    sink = Whole()
    writer = writer_into(sink, threads)
    assert not writer.is_threaded
    await writer.append(writer.ready([b"ab", memoryview(b"cd")]))
    await writer.append([])
    await writer.take_and_append(lambda pieces: pieces, [b"e", b"f"])
    assert sink.blocks == [b"abcd", b"ef"]


@pytest.mark.parametrize("sink", [Whole(), Threaded()])
@pytest_twisted.ensureDeferred
async def test_a_block_without_bytes_is_not_written(sink: Whole, threads: Threads) -> None:
    await writer_into(sink, threads).append([b"", b""])
    assert sink.blocks == []
