"""Producers of an object's bytes: out of memory, out of a file, out of several blobs in turn.

All of them are push producers (``IBodyProducer``): they write until they are paused, deliver
exactly ``length`` bytes or fail, and after ``stopProducing`` write nothing more, let go of what
they hold and leave their Deferred unfired.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from io import FileIO

from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ..interfaces import ISendable, ISendsFiles
from .gate import Gate
from .page_cache import read_from_memory
from .threads import Threads

# The way into a thread and back costs as much as reading a good 100 KiB out of the page cache;
# bigger blocks only cost memory for each slow client.
BLOCK_BYTES = 256 * 1024

# The kernel reads ahead in requests of at least this size, so one byte of each tells of the others.
_READ_AHEAD_STEP = 64 * 1024

Opener = Callable[[], Awaitable[IBodyProducer]]


@implementer(IBodyProducer)
class BytesProducer:
    """Writes bytes that are in memory, all at once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Nothing is left to pause."""

    def resumeProducing(self) -> None:
        """Nothing is left to resume."""

    def stopProducing(self) -> None:
        """Nothing is left to stop."""


class GatedProducer(ABC):
    """A producer whose work is a coroutine that passes a gate before each write."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._gate = Gate()
        self._is_started = False
        self._is_stopped = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._is_started = True
        done: Deferred[None] = Deferred(lambda _: self.stopProducing())

        def end(result: Failure | None) -> None:
            if not self._is_stopped:
                done.callback(result)

        ensureDeferred(self._produce(consumer)).addBoth(end)
        return done

    def pauseProducing(self) -> None:
        if not self._is_stopped:
            self._gate.close()

    def resumeProducing(self) -> None:
        self._gate.open()

    def stopProducing(self) -> None:
        self._is_stopped = True
        self._gate.open()

    @abstractmethod
    async def _produce(self, consumer: IConsumer) -> None:
        """Write everything, unless stopped in between."""


@implementer(IBodyProducer, ISendable)
class StretchProducer(GatedProducer):
    """A stretch of an open file: sent by a consumer that can, otherwise read in threads.

    The reading is one block ahead of a consumer that pauses.

    Args:
        descriptor: of the file, open for reading until the end.
        name: of the bytes, for errors.
        offset, length: the stretch, in bytes of the file.
        end: called once when no byte will be read any more, whatever happens.
    """

    def __init__(
        self,
        threads: Threads,
        descriptor: int,
        name: str,
        offset: int,
        length: int,
        end: Callable[[], None],
    ) -> None:
        super().__init__(length)
        self.offset = offset
        self._threads = threads
        self._descriptor = descriptor
        self._name = name
        self._end = end

    def fileno(self) -> int:
        """-1, which is no descriptor, once nothing will be read any more."""
        return self._descriptor

    def prepare(self, offset: int, length: int) -> Deferred[None] | None:
        if self._is_in_memory(offset, length):
            return None
        return self._threads.run(_bring_into_memory, self.fileno(), offset, length)

    def stopProducing(self) -> None:
        super().stopProducing()
        if not self._is_started:
            self._is_started = True
            self._let_go()

    async def _produce(self, consumer: IConsumer) -> None:
        position, end = self.offset, self.offset + self.length
        try:
            if ISendsFiles.providedBy(consumer):
                position += await ISendsFiles(consumer).send_file(self)
            while position < end and not self._is_stopped:
                block = await self._read(position, min(BLOCK_BYTES, end - position))
                await self._gate.passage()
                if self._is_stopped:
                    return
                consumer.write(block)
                position += len(block)
        finally:
            self._let_go()

    def _is_in_memory(self, offset: int, length: int) -> bool:
        """Some of the stretch may have been read before, and some not."""
        looks = (*range(offset, offset + length, _READ_AHEAD_STEP), offset + length - 1)
        return all(_is_in_memory(self._descriptor, position) for position in looks)

    async def _read(self, position: int, size: int) -> bytes:
        block = await self._threads.run(os.pread, self._descriptor, size, position)
        if not block:
            raise EOFError(f"{self._name!r} ends at byte {position}, too soon")
        return block

    def _let_go(self) -> None:
        # No read is under way when this is called.
        self._descriptor = -1
        self._end()


class FileProducer(StretchProducer):
    """A stretch of a file of one's own.

    Args:
        file: opened for reading; the producer closes it in the end, whatever happens.
        offset, length: the stretch, in bytes.
    """

    def __init__(self, threads: Threads, file: FileIO, offset: int, length: int) -> None:
        super().__init__(threads, file.fileno(), str(file.name), offset, length, self._close)
        self._file = file

    def _is_in_memory(self, offset: int, length: int) -> bool:
        """The kernel reads ahead, so what comes last tells of the rest."""
        return _is_in_memory(self.fileno(), offset + length - 1)

    def _close(self) -> None:
        # To close a deleted file is what frees its space, which takes long for a large one; without
        # that it takes less than the way to a thread and back.
        if os.fstat(self._file.fileno()).st_nlink:
            self._file.close()
        else:
            self._threads.run(self._file.close).addErrback(lambda _: self._file.close())


def _is_in_memory(descriptor: int, position: int) -> bool:
    return bool(read_from_memory(descriptor, bytearray(1), position))


def _bring_into_memory(descriptor: int, offset: int, length: int) -> None:
    """Wait for a stretch, and have the disk begin with the next one."""
    os.posix_fadvise(descriptor, offset, 2 * length, os.POSIX_FADV_WILLNEED)
    for position in range(offset, offset + length, _READ_AHEAD_STEP):
        os.pread(descriptor, 1, position)


@implementer(IBodyProducer)
class ChainProducer(GatedProducer):
    """Several producers in turn, each opened when the one before it ends.

    Args:
        first: open already.
        rest: open the others.
        length: of all of them together, in bytes.
    """

    def __init__(self, first: IBodyProducer, rest: Sequence[Opener], length: int) -> None:
        super().__init__(length)
        self._current: IBodyProducer | None = first
        self._rest = rest

    def pauseProducing(self) -> None:
        super().pauseProducing()
        if self._current is not None:
            self._current.pauseProducing()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if self._current is not None:
            self._current.resumeProducing()

    def stopProducing(self) -> None:
        super().stopProducing()
        current, self._current = self._current, None
        if current is not None:
            current.stopProducing()

    async def _produce(self, consumer: IConsumer) -> None:
        if self._current is not None:
            await self._current.startProducing(consumer)
        for opener in self._rest:
            self._current = None
            producer = await opener()
            await self._gate.passage()
            if self._is_stopped:
                producer.stopProducing()
                return
            self._current = producer
            await producer.startProducing(consumer)
        self._current = None


async def open_chain(openers: Sequence[Opener], length: int) -> ChainProducer:
    """A producer of several blobs in turn, with the first one open.

    Args:
        openers: at least one; each opens a producer, in order.
        length: of all of them together, in bytes.

    Raises:
        BlobMissing: for the first blob; a later one that is missing fails the producer.
    """
    return ChainProducer(await openers[0](), openers[1:], length)
