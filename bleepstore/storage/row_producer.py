"""A producer of bytes that are in rows of the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ..streams.producers import GatedProducer

ReadPiece = Callable[[int, int], Awaitable[bytes]]


@implementer(IBodyProducer)
class RowProducer(GatedProducer):
    """Reads row by row, one row ahead of a consumer that pauses.

    Args:
        first: the first piece, read already.
        read_piece: answers some of what follows a position, up to a number of bytes.
        offset, length: the stretch, in bytes.
        release: called once, when nothing more will be read.
    """

    def __init__(
        self,
        first: bytes,
        read_piece: ReadPiece,
        offset: int,
        length: int,
        release: Callable[[], None],
    ) -> None:
        super().__init__(length)
        self._piece = first
        self._read_piece = read_piece
        self._offset = offset
        self._release = release

    def stopProducing(self) -> None:
        super().stopProducing()
        if not self._is_started:
            self._is_started = True
            self._release()

    async def _produce(self, consumer: IConsumer) -> None:
        position, end = self._offset, self._offset + self.length
        try:
            while True:
                await self._gate.passage()
                if self._is_stopped:
                    return
                piece, self._piece = self._piece, b""
                consumer.write(piece)
                position += len(piece)
                if position == end:
                    return
                self._piece = await self._read_piece(position, end - position)
        finally:
            self._release()
