"""Gathers a download into the parts of an upload."""

from __future__ import annotations

from twisted.web.iweb import IBodyProducer

from ...streams.blocks import Blocks


class Parts:
    """Reads a body part by part; it is paused while nobody asks for the next one.

    Args:
        part_bytes: the size of all parts but the last one.
    """

    def __init__(self, body: IBodyProducer, part_bytes: int) -> None:
        self._blocks = Blocks(body)
        self._part_bytes = part_bytes
        self._pieces: list[bytes] = []

    def start(self) -> None:
        """Let the body begin."""
        self._blocks.start()

    def stop(self) -> None:
        """Want no more of it. No effect if it is over."""
        self._blocks.stop()

    async def next(self) -> bytes:
        """The next part; empty when the body is over."""
        while self._size_bytes < self._part_bytes and (pieces := await self._blocks.next()):
            self._pieces += pieces
        whole = b"".join(self._pieces)
        self._pieces = [whole[self._part_bytes :]]
        return whole[: self._part_bytes]

    @property
    def _size_bytes(self) -> int:
        return sum(map(len, self._pieces))
