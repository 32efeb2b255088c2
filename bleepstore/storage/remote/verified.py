"""Holds a download against its digest, so that wrong bytes are never taken for an object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ...errors import UpstreamFailed
from ...streams.blocks import Blocks
from ...streams.producers import GatedProducer
from ...streams.threads import Threads

# Hashing less than this takes less time than the way into a thread and back.
_INLINE_BYTES = 32 * 1024


class Digest(Protocol):
    """What hashlib's objects can do."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


@implementer(IBodyProducer)
class VerifiedProducer(GatedProducer):
    """Passes on a body, the last block of it only once all of it is known to be right.

    So the consumer of a wrong body is left with less than it expects, and with a failure.

    Args:
        body: not yet started.
        digest: of nothing yet.
        expected: what it has to be in the end.
    """

    def __init__(
        self, body: IBodyProducer, threads: Threads, digest: Digest, expected: bytes
    ) -> None:
        super().__init__(body.length)
        self._body = body
        self._blocks = Blocks(body)
        self._threads = threads
        self._digest = digest
        self._expected = expected

    def stopProducing(self) -> None:
        super().stopProducing()
        self._body.stopProducing()

    async def _produce(self, consumer: IConsumer) -> None:
        held: list[bytes] = []
        self._blocks.start()
        while pieces := await self._blocks.next():
            await self._update(pieces)
            if not await self._pass_on(held, consumer):
                return
            held = pieces
        found = self._digest.digest()
        if found != self._expected:
            problem = f"a download has the digest {found.hex()}, not {self._expected.hex()}"
            raise UpstreamFailed(problem)
        await self._pass_on(held, consumer)

    async def _update(self, pieces: Sequence[bytes]) -> None:
        if sum(map(len, pieces)) <= _INLINE_BYTES:
            self._take(pieces)
        else:
            await self._threads.run(self._take, pieces)

    def _take(self, pieces: Sequence[bytes]) -> None:
        for piece in pieces:
            self._digest.update(piece)

    async def _pass_on(self, pieces: Sequence[bytes], consumer: IConsumer) -> bool:
        """Write some pieces; whether more is wanted."""
        for piece in pieces:
            await self._gate.passage()
            if self._is_stopped:
                return False
            consumer.write(piece)
        return not self._is_stopped
