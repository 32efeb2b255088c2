# mypy: allow-untyped-calls
"""The way out of a connection: whoever writes an answer waits here for a client that reads slowly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from .copying import is_on_this_machine
from .deadline import Deadline
from .sendfile import FileSender, plain_connection


@implementer(IPushProducer)
@define(eq=False, repr=False)
class Outlet:
    """The producer of a connection's transport, on behalf of the answer that is under way.

    Args:
        transport: TCP, TLS or a test's: no one interface has all that is called here.
        stall_seconds: how long a client may take nothing of what the socket holds for it.
        copy_buffer: see :class:`~bleepstore.wire.copying.Copying`.
        abort: cuts the connection.

    Attributes:
        is_congested: whether the client has to read before it gets more.
    """

    _transport: Any
    _deadline: Deadline
    _stall_seconds: float
    _copy_buffer: memoryview[Any]
    abort: Callable[[], None]

    is_congested: bool = field(default=False, init=False)
    _producer: IPushProducer | None = field(default=None, init=False)
    _relief: Deferred[None] | None = field(default=None, init=False)
    _client_is_here: bool | None = field(default=None, init=False)

    def attach(self) -> None:
        """Hear of the transport how full it is."""
        self._transport.registerProducer(self, True)

    def detach(self) -> None:
        """Nothing more will be written."""
        self._transport.unregisterProducer()

    # --- the answer's side -------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes as soon as the client takes them."""
        self._transport.write(data)

    def write_all(self, blocks: tuple[bytes, ...]) -> None:
        """Send several blocks of bytes."""
        self._transport.writeSequence(blocks)

    def serve(self, producer: IPushProducer | None) -> None:
        """Pause and resume this producer of an answer from now on, or none."""
        self._producer = producer

    def congested(self) -> Deferred[None] | None:
        """None if the client keeps up, otherwise fires when it has caught up.

        An answer is not over before: otherwise a client that pipelines requests and reads no
        answer would fill the memory with them.
        """
        if not self.is_congested:
            return None
        self._relief = Deferred()
        return self._relief

    def file_sender(self, source: Any) -> FileSender | None:
        """What sends a stretch of a file to this client; None if its bytes cannot go as they are."""
        connection = plain_connection(self._transport)
        if connection is None:
            return None
        if self._client_is_here is None:
            self._client_is_here = is_on_this_machine(connection)
        buffer = self._copy_buffer if self._client_is_here else None
        return FileSender(self, connection, source, buffer)

    def stalled(self) -> None:
        """The client has to take what the socket holds before it gets more."""
        self.is_congested = True
        self._deadline.set(self._stall_seconds)

    def flowing(self) -> None:
        """The client has taken it."""
        self.is_congested = False
        self._deadline.clear()

    # --- the transport's side ----------------------------------------------------------------

    def pauseProducing(self) -> None:
        self.stalled()
        if self._producer is not None:
            self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        self.flowing()
        if self._producer is not None:
            self._producer.resumeProducing()
        relief, self._relief = self._relief, None
        if relief is not None:
            relief.callback(None)

    def stopProducing(self) -> None:
        if self._producer is not None:
            self._producer.stopProducing()
