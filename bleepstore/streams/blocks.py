"""Gathers the small pieces in which a request body arrives into blocks worth a thread's while."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IProducer
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

BLOCK_BYTES = 1024 * 1024
# A client that sends single bytes fills memory with the overhead of their objects long before
# they add up to a block; this many pieces are a block too.
BLOCK_PIECES = 1024


@implementer(IConsumer)
class Blocks:
    """Reads a body block by block, and pauses it while a whole block waits to be taken.

    Args:
        block_bytes: answers how large a block is to be; asked when one begins.
    """

    def __init__(
        self, body: IBodyProducer, block_bytes: Callable[[], int] = lambda: BLOCK_BYTES
    ) -> None:
        self._body = body
        self._block_bytes = block_bytes
        self._wanted_bytes = block_bytes()
        self._pieces: list[bytes] = []
        self._size_bytes = 0
        self._is_over = False
        self._is_paused = False
        self._error: Exception | None = None
        self._waiter: Deferred[None] | None = None
        self._on_refusal: Callable[[], None] | None = None

    @property
    def are_over(self) -> bool:
        """Whether nothing follows what was taken."""
        return self._is_over and not self._pieces

    def start(self) -> None:
        """Let the body begin."""
        self._body.startProducing(self).addCallbacks(self._end, self._fail)

    def stop(self) -> None:
        """Want no more of the body. No effect if it is over."""
        if not self._is_over:
            self._is_over = True
            self._body.stopProducing()
        self._pieces = []
        self._on_refusal = None  # no cycle of references is to keep the body

    async def next(self) -> list[bytes]:
        """The pieces of the next block; none when the body is over.

        Raises:
            ClientGone: the client left.
            S3Error: the wire refuses the rest.
            Exception: see :meth:`refuse`.
        """
        while not (self._is_full or self._is_over or self._error):
            self._waiter = Deferred()
            await self._waiter
        self.check()
        pieces, self._pieces, self._size_bytes = self._pieces, [], 0
        self._wanted_bytes = self._block_bytes()
        if self._is_paused:
            self._is_paused = False
            self._body.resumeProducing()
        return pieces

    def refuse(self, error: Exception) -> None:
        """What was taken cannot be used: the next block is this error. The first one counts."""
        if self._error is None:
            self._error = error
            self._wake()
            if self._on_refusal is not None:
                self._on_refusal()

    def on_refusal(self, tell: Callable[[], None]) -> None:
        """Call this as soon as :meth:`check` would raise, until :meth:`stop` is called."""
        self._on_refusal = tell

    def check(self) -> None:
        """Raises why there will be no next block, as :meth:`next` would."""
        if self._error is not None:
            raise self._error

    def write(self, data: bytes) -> None:
        if self._is_over:
            return
        self._pieces.append(data)
        self._size_bytes += len(data)
        if self._is_full and not self._wake():
            self._is_paused = True
            self._body.pauseProducing()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """The body is known already: see :class:`~bleepstore.interfaces.IRequestBody`."""

    def unregisterProducer(self) -> None:
        """The end of the body comes through its Deferred."""

    @property
    def _is_full(self) -> bool:
        return self._size_bytes >= self._wanted_bytes or len(self._pieces) >= BLOCK_PIECES

    def _end(self, _: object) -> None:
        self._is_over = True
        self._wake()

    def _fail(self, failure: Failure) -> None:
        self._is_over = True
        self.refuse(cast(Exception, failure.value))

    def _wake(self) -> bool:
        waiter, self._waiter = self._waiter, None
        if waiter is None:
            return False
        waiter.callback(None)
        return True
