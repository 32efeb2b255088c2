"""A consumer for tests."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IConsumer, IProducer
from zope.interface import implementer


@implementer(IConsumer)
class Gathering:
    """Keeps what a producer writes; ``on_write`` may talk back to the producer."""

    def __init__(self, on_write: Callable[[], None] = lambda: None) -> None:
        self.blocks: list[bytes] = []
        self._on_write = on_write

    @property
    def data(self) -> bytes:
        return b"".join(self.blocks)

    def write(self, data: bytes) -> None:
        self.blocks.append(data)
        self._on_write()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        raise AssertionError("a body producer does not register itself")

    def unregisterProducer(self) -> None:
        raise AssertionError("a body producer does not unregister itself")
