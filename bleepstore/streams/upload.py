"""The pump: moves a request body into a sink, block by block.

While one block is written, the next one is decoded and hashed, and the one after that is
gathered from the socket; then the client has to wait. The last block, and each one where many bodies
move, is hashed and written in one go. So an upload of any size costs the memory
of a few blocks, and the slowest of network, hash and disk sets the pace.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.web.iweb import IBodyProducer

from ..interfaces import IWritesInThread
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


Stretches = Sequence[bytes | memoryview]
"""The content of a block, in the pieces in which it came."""


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
        threaded = IWritesInThread(sink, None)
        pump = _Pump(blocks, Intake(framing, demands), sink, threaded, threads, allowance)
        return await frugally(pump.run())


@frozen
class _Pump:
    """Moves one body. One block is written while the next one is hashed, unless that gains nothing.

    Args:
        threaded: the sink, if it writes in threads.
    """

    _blocks: Blocks
    _intake: Intake
    _sink: TakesBlocks
    _threaded: IWritesInThread | None
    _threads: Threads
    _allowance: Allowance

    async def run(self) -> Received:
        writer = _Writer(self._write)
        try:
            self._blocks.start()
            while pieces := await self._blocks.next():
                if self._blocks.are_over or self._allowance.is_crowded:
                    await writer.flush()
                    await self._take_and_write(pieces)
                else:
                    await writer.write(await self._take(pieces))
            received = self._intake.finish()
            await writer.flush()
            return received
        finally:
            self._blocks.stop()
            await writer.close()

    async def _take(self, pieces: list[bytes]) -> Stretches:
        if _is_small(pieces):
            return self._intake.take(pieces)
        return await self._threads.run(self._take_now, pieces)

    def _take_now(self, pieces: list[bytes]) -> Stretches:
        stretches = self._intake.take(pieces)
        return stretches if self._threaded else [b"".join(stretches)]

    async def _write(self, stretches: Stretches) -> None:
        if not any(stretches):
            return
        if self._threaded is None or _is_small(stretches):
            await self._sink.write(b"".join(stretches))
        else:
            await self._threads.run(self._threaded.write_pieces, stretches)

    async def _take_and_write(self, pieces: list[bytes]) -> None:
        """In one job, if the sink can do its part in a thread."""
        if self._threaded is None or _is_small(pieces):
            await self._write(await self._take(pieces))
        else:
            await self._threads.run(self._take_and_write_now, self._threaded, pieces)

    def _take_and_write_now(self, sink: IWritesInThread, pieces: list[bytes]) -> None:
        stretches = self._intake.take(pieces)
        if any(stretches):
            sink.write_pieces(stretches)


def _is_small(pieces: Stretches) -> bool:
    return sum(map(len, pieces)) <= ON_THE_SPOT_BYTES


class _Writer:
    """Writes one block behind."""

    def __init__(self, write: Callable[[Stretches], Awaitable[None]]) -> None:
        self._write = write
        self._writing: Deferred[None] | None = None

    async def write(self, stretches: Stretches) -> None:
        """Begin to write a block once the one before it is written."""
        await self.flush()
        self._writing = Deferred.fromCoroutine(self._run(stretches))

    async def _run(self, stretches: Stretches) -> None:
        await self._write(stretches)

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
