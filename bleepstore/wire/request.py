"""One request and its answer, from the complete head to the :class:`Exchange` that is reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import txaio
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure

from ..errors import ClientGone, S3Error
from ..values import Exchange, Reply, RequestHead
from .body import RequestBody
from .framing import Framing
from .reply import refuse, write_reply

if TYPE_CHECKING:
    from .channel import Channel

log = txaio.make_logger()


class Request:
    """A request whose body arrives while the handler is already at work.

    Attributes:
        head, body: what the handler gets.
        closes: whether the connection ends behind the answer. Decided when the answer's head is
            written, for it says so.
        takes_chunks: whether the client knows the chunked transfer coding, which HTTP/1.0 has not.
        has_answered: whether the answer has begun.
        is_gone: whether the connection has ended.
        when_lost: called once if the connection ends before the answer does.
    """

    head: RequestHead
    body: RequestBody
    takes_chunks: bool
    closes = False
    has_answered = False
    is_gone = False
    when_lost: Callable[[Failure], None] | None = None

    _status = 0
    _bytes_sent = 0
    _first_byte: float | None = None
    _answered: float | None = None
    _facts: Mapping[str, str] = {}
    _is_over = False

    def __init__(self, channel: Channel, head: RequestHead, framing: Framing) -> None:
        self.channel = channel
        self.site = channel.site
        self.head = head
        self.body = RequestBody(
            channel,
            self.site.reactor,
            channel.limits,
            framing.length,
            framing.is_awaited,
            channel.body_refused,
        )
        self.takes_chunks = framing.takes_chunks
        self._is_persistent = framing.is_persistent
        self._began = time.monotonic()
        self.site.traffic.requests_in_flight += 1

    def start(self) -> None:
        """Call whoever answers."""
        self.body.watch()
        try:
            self.site.door.serve(self)
        except Exception:
            self.failed(Failure())

    def failed(self, reason: Failure) -> None:
        """Answer what nobody expected: 500, without a word about the cause."""
        log.failure("request {request_id} failed", failure=reason, request_id=self.head.request_id)
        if self.has_answered:
            self.channel.abort()
        else:
            write_reply(self, refuse(self.site.refusal, "InternalError", self.head.request_id))
            self.finish()

    # --- the body, told by the channel ---------------------------------------------------------

    @property
    def is_read(self) -> bool:
        """Whether nothing of this request is left to come."""
        return self.body.is_complete

    @property
    def has_unwanted_body(self) -> bool:
        """Whether the rest of the body is to be ignored."""
        return self.body.has_failed

    def body_ended(self) -> None:
        """The body is complete. An answer that waited for that can end now."""
        self.body.end()
        if self._answered is not None:
            self._leave()

    def refuse_body(self, error: S3Error) -> None:
        """Read no more of the body; the handler's reader gets ``error``."""
        self.body.refuse(error)

    def body_refused(self) -> None:
        """The body was given up: the connection cannot carry another request."""
        self._is_persistent = False
        if self._answered is not None:
            self._leave()

    # --- the answer, told by reply.py ----------------------------------------------------------

    @property
    def must_close(self) -> bool:
        """Whether the connection has to end behind an answer that is given now."""
        is_kept = self._is_persistent and self.body.is_settled
        return not is_kept or self.site.traffic.is_stopping

    def open_answer(self, reply: Reply, opening: bytes, data: bytes) -> None:
        """Write the head of the answer and the first (or all) bytes of its body."""
        self.has_answered = True
        self._status = reply.status
        self._facts = reply.facts
        self._first_byte = time.monotonic()
        self._bytes_sent = len(data)
        self.channel.outlet.write_all((opening, data))

    def write_body(self, data: bytes) -> None:
        """Write more of the body."""
        self._bytes_sent += len(data)
        self.channel.outlet.write(data)

    def sent_from_file(self, size: int) -> None:
        """More of the body has gone out, from a file."""
        self._bytes_sent += size

    def produce(self, producer: IPushProducer | None) -> None:
        """Let the client's speed pause and resume this producer of the answer's body, or none."""
        self.channel.outlet.serve(producer)

    def finish(self) -> None:
        """The answer is out. What is left of the body is read and dropped, or cut off."""
        if self.is_gone or self._answered is not None:
            return
        self._answered = time.monotonic()
        if self.body.is_complete or self.closes:
            self._leave()
        else:
            self.body.discard()

    def _leave(self) -> None:
        if self._is_over:
            return
        if not self.body.is_complete:
            self.body.abandon()
        self._report()
        self.channel.request_over(is_last=self.closes or not self._is_persistent)

    def lost(self, reason: Failure) -> None:
        """The connection has ended before the request was over."""
        # The handler is cancelled before its reader fails, so that only one of the two reaches
        # whatever it awaits, and its clean-up is left in peace.
        self.is_gone = True
        if self.when_lost is not None and self._answered is None:
            self.when_lost(reason)
        self.body.fail(ClientGone())
        self._report()

    def _report(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self.site.traffic.requests_in_flight -= 1
        self.site.report(self._exchange())

    def _exchange(self) -> Exchange:
        ended = self._answered or time.monotonic()
        first_byte = self._first_byte
        return Exchange(
            head=self.head,
            status=self._status,
            facts=self._facts,
            bytes_received=self.body.received,
            bytes_sent=self._bytes_sent,
            duration_ms=(ended - self._began) * 1000,
            first_byte_ms=None if first_byte is None else (first_byte - self._began) * 1000,
            is_complete=self._answered is not None,
        )
