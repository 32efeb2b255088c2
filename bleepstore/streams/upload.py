"""The pump: moves a request body into a sink, block by block.

While one block is written, the next one is decoded and hashed, and the one after that is
gathered from the socket; then the client has to wait. So an upload of any size costs the memory
of a few blocks, and the slowest of network, hash and disk sets the pace.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.web.iweb import IBodyProducer

from ..values import PayloadFraming
from .allowance import Allowance
from .blocks import Blocks
from .frugality import frugally
from .intake import Demands, Intake, Received
from .threads import Threads

__all__ = ["Demands", "Received", "receive"]

# A block up to this size is hashed on the spot: MD5 of 16 KiB takes about 25 microseconds, less
# than the way into a thread and back.
ON_THE_SPOT_BYTES = 16 * 1024


class TakesBlocks(Protocol):
    """What the pump needs of an :class:`~bleepstore.interfaces.ISink`."""

    def write(self, block: bytes, /) -> Awaitable[None]:
        """Append a block. The next call is made after this one has fired."""


async def receive(
    body: IBodyProducer,
    framing: PayloadFraming,
    demands: Demands,
    sink: TakesBlocks,
    threads: Threads,
    allowance: Allowance | None = None,
) -> Received:
    """Read a body to its end, verify it and write its content to a sink.

    The body of a request, that is, or the bytes of an object that are read to be digested.

    The sink is neither committed nor aborted: that is the caller's. When this fails or is
    cancelled, the body has been stopped and nothing touches the sink any more.

    Args:
        allowance: of memory, shared with others; None for one of its own.

    Raises:
        S3Error: as :class:`~bleepstore.streams.intake.Intake` says, or from the wire.
        ClientGone: the client left before its body was complete.
        StorageFull: from the sink.
    """
    allowance = allowance or Allowance()
    with allowance.shared():
        blocks = Blocks(body, allowance.block_bytes)
        return await frugally(_receive(blocks, Intake(framing, demands), _Writer(sink), threads))


async def _receive(blocks: Blocks, intake: Intake, writer: _Writer, threads: Threads) -> Received:
    try:
        blocks.start()
        while pieces := await blocks.next():
            block = await _take(intake, pieces, threads)
            if blocks.are_over:  # nothing comes meanwhile, and most bodies are one block
                received = intake.finish()
                await writer.write_last(block)
                return received
            await writer.write(block)
        received = intake.finish()
        await writer.flush()
        return received
    finally:
        blocks.stop()
        await writer.close()


async def _take(intake: Intake, pieces: list[bytes], threads: Threads) -> bytes:
    if sum(map(len, pieces)) <= ON_THE_SPOT_BYTES:
        return intake.take(pieces)
    return await threads.run(intake.take, pieces)


class _Writer:
    """Writes to a sink, one block behind."""

    def __init__(self, sink: TakesBlocks) -> None:
        self._sink = sink
        self._writing: Deferred[None] | None = None

    async def write(self, block: bytes) -> None:
        """Begin to write a block once the one before it is written."""
        await self.flush()
        if block:
            self._writing = Deferred.fromCoroutine(self._write(block))

    async def write_last(self, block: bytes) -> None:
        """Write the last block, and wait for that."""
        await self.flush()
        if block:
            await self._sink.write(block)

    async def _write(self, block: bytes) -> None:
        await self._sink.write(block)

    async def flush(self) -> None:
        """Wait for the block that is being written."""
        if self._writing is not None:
            await self._writing
            self._writing = None

    async def close(self) -> None:
        """Stop the write under way, if there is one, and wait until it has stopped."""
        if self._writing is None:
            return
        writing, self._writing = self._writing, None
        writing.cancel()
        # Its failure is the one that the caller hears of already, or a later one.
        with suppress(Exception):
            await frugally(writing)
