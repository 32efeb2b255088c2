"""One blob on its way into a pack."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from ..errors import StorageBroken, StorageFull
from ..interfaces import ISink, IWritesInThread
from ..streams.shielding import shielded
from ..streams.threads import Threads
from ..values import Blob
from .locators import pack_locator
from .pack_file import PackFile
from .pack_format import Stretch, make_header


@implementer(ISink, IWritesInThread)
class PackSink:
    """Fills a stretch.

    The header goes with the first block, and is right already if all comes that was announced.

    Args:
        stretch: of the size that was announced; more cannot be written.
    """

    def __init__(self, pack: PackFile, stretch: Stretch, threads: Threads) -> None:
        self._pack = pack
        self._stretch = stretch
        self._threads = threads
        self._size_bytes = 0
        self._announced_bytes: int | None = None  # by the header that is written
        self._is_touched = False
        self._is_certain = False
        self._has_failed = False

    def write(self, block: bytes) -> Deferred[None]:
        return self._threads.run(self.write_pieces, [block])

    async def commit(self) -> Blob:
        if self._announced_bytes != self._size_bytes:
            await self._threads.run(self._write_header)
        await self._pack.sync()
        return Blob(pack_locator(self._pack.pack_id, self._stretch.block), self._size_bytes)

    def settle(self) -> Deferred[None]:
        """Fires at once; a pack's incoming name goes in the background."""
        if not self._is_certain:
            self._is_certain = True
            self._pack.settled(self._stretch)
        return succeed(None)

    def abort(self) -> Deferred[None]:
        """The work goes on if whoever waits for it leaves."""
        return shielded(self._abort())

    async def _abort(self) -> None:
        if self._is_certain:
            return
        if self._has_failed:
            self._pack.seal()  # it may be this file that must not grow
        if self._is_touched:
            # If this fails the pack keeps its incoming name, and the next start recovers.
            await self._threads.run(self._pack.erase, self._stretch)
        if not self._is_certain:
            self._is_certain = True
            self._pack.gone()

    # In a thread, one at a time:

    def write_pieces(self, pieces: Sequence[bytes | memoryview]) -> None:
        try:
            self._write(pieces)
        except (StorageFull, StorageBroken):
            self._has_failed = True
            raise

    def _write(self, pieces: Sequence[bytes | memoryview]) -> None:
        size_bytes = self._size_bytes + sum(map(len, pieces))
        if size_bytes > self._stretch.size_bytes:
            raise ValueError(f"more than the {self._stretch.size_bytes} bytes that were announced")
        self._is_touched = True
        if self._announced_bytes is None:
            header = make_header(self._pack.pack_id, self._stretch)
            self._pack.write([header, *pieces], self._stretch.offset)
            self._announced_bytes = self._stretch.size_bytes
        else:
            self._pack.write(pieces, self._stretch.content_offset + self._size_bytes)
        self._size_bytes = size_bytes

    def _write_header(self) -> None:
        """Less has come than was announced, or nothing."""
        self._is_touched = True
        header = make_header(self._pack.pack_id, Stretch(self._stretch.block, self._size_bytes))
        self._pack.write([header], self._stretch.offset)
        self._announced_bytes = self._size_bytes
