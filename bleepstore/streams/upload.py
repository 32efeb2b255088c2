"""The pump: moves a request body into a sink, block by block.

While one block is written, the next one is hashed, and the one after that is gathered from the
socket; then the client has to wait. The last block, and each one where many bodies
move, is hashed and written in one go. So an upload of any size costs the memory
of a few blocks, and the slowest of network, hash and disk sets the pace.
"""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, cast

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer

from ..values import PayloadFraming
from .allowance import Allowance
from .block_writers import BlockWriter, Stretches, TakesBlocks, writer_into
from .blocks import Blocks
from .frugality import frugally
from .intake import Demands, Intake, Received
from .threads import Lane, Threads

__all__ = ["Demands", "Received", "receive"]

# A block up to this size is hashed on the spot: MD5 of 16 KiB takes about 25 microseconds, less
# than the way into a thread and back.
_ON_THE_SPOT_BYTES = 16 * 1024

_UNDER_WAY_BEHIND = 1
"""Blocks that are hashed or written while the next one is awaited. More make nothing faster."""


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
        pump = _Pump(blocks, Intake(framing, demands), sink, threads, allowance)
        return await frugally(pump.run())


@define(eq=False)
class _Pump:
    """Moves one body. One block is written while the next one is hashed, unless that gains nothing."""

    _blocks: Blocks
    _intake: Intake
    _sink: TakesBlocks
    _threads: Threads
    _allowance: Allowance
    _hashing: Lane = field(factory=Lane, init=False)
    _under_way: list[Deferred[None]] = field(factory=list, init=False)
    _waiter: Deferred[None] | None = field(default=None, init=False)
    _kept_writer: BlockWriter | None = field(default=None, init=False)

    async def run(self) -> Received:
        try:
            self._blocks.start()
            while pieces := await self._blocks.next():
                await self._move(pieces)
            await self._until_under_way(0)
            return self._intake.finish()
        finally:
            self._blocks.stop()
            await self._stop_what_is_under_way()

    async def _move(self, pieces: list[bytes]) -> None:
        if sum(map(len, pieces)) <= _ON_THE_SPOT_BYTES:
            await self._until_under_way(0)
            await self._move_on_the_spot(pieces)
        elif self._blocks.are_over or self._allowance.is_crowded:
            await self._until_under_way(0)
            await self._writer.take_and_append(self._intake.take, pieces)
        elif self._writer.is_threaded:
            self._begin(self._take_then_write(pieces))
            await self._until_under_way(_UNDER_WAY_BEHIND)
        else:
            stretches = await self._threads.run(self._take, pieces)
            await self._until_under_way(0)
            self._begin(self._writer.append(stretches))

    async def _move_on_the_spot(self, pieces: list[bytes]) -> None:
        block = b"".join(self._intake.take(pieces))
        if block:
            await self._sink.write(block)

    @property
    def _writer(self) -> BlockWriter:
        """Made when it is needed: not for small bodies."""
        if self._kept_writer is None:
            self._kept_writer = writer_into(self._sink, self._threads)
        return self._kept_writer

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._blocks.on_refusal(self._tell)
        moving = Deferred.fromCoroutine(frugally(work))
        self._under_way.append(moving)
        moving.addBoth(self._ended, moving)

    async def _take_then_write(self, pieces: list[bytes]) -> None:
        stretches = await self._threads.run_in(self._hashing, self._take, pieces)
        await self._writer.append(stretches)

    def _take(self, pieces: list[bytes]) -> Stretches:
        return self._writer.ready(self._intake.take(pieces))

    def _ended(self, outcome: Failure | None, moving: Deferred[None]) -> None:
        self._under_way.remove(moving)
        if isinstance(outcome, Failure):
            self._blocks.refuse(cast(Exception, outcome.value))
        self._tell()

    async def _until_under_way(self, count: int) -> None:
        """Wait until no more blocks than these are under way. Raises what one of them has met."""
        self._blocks.check()
        while len(self._under_way) > count:
            await self._news()
            self._blocks.check()

    async def _stop_what_is_under_way(self) -> None:
        """All at once, so that none takes the place of another; then wait until all have stopped."""
        for moving in tuple(self._under_way):
            moving.cancel()
        while self._under_way:
            with suppress(CancelledError):
                await self._news()

    def _news(self) -> Deferred[None]:
        """Fires when a block has ended, or there is no hope for the next one."""
        self._waiter = Deferred()
        return self._waiter

    def _tell(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.called:
            waiter.callback(None)
