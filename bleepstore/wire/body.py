"""The body of a request, from the socket to whoever reads it, with backpressure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IConsumer, IReactorTime
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH
from zope.interface import implementer

from ..errors import ClientGone, S3Error
from ..interfaces import IRequestBody
from .limits import WireLimits
from .rate import RateWatch


class Source(Protocol):
    """What a body asks of its connection."""

    def hold(self) -> None:
        """Stop reading from the client."""

    def release(self) -> None:
        """Read from the client again."""

    def invite(self) -> None:
        """Send ``100 Continue``."""

    def wanted(self, length: int | None) -> None:
        """The handler takes a body of this length from now on; None if nobody knows it."""


@implementer(IRequestBody)
@define(eq=False, repr=False)
class RequestBody:
    """One request's body; see :class:`~bleepstore.interfaces.IRequestBody`.

    The connection gives it bytes (:meth:`feed`, :meth:`end`, :meth:`refuse`, :meth:`fail`), the
    handler takes them. What nobody takes yet waits in a buffer; above
    ``limits.body_buffer_bytes`` reading stops.

    Args:
        declared_length: None for a chunked body.
        is_awaited: whether the client waits for ``100 Continue`` before it sends anything.
        refused: called when the rest of the body is not wanted any more, for the connection
            cannot be used again.

    Attributes:
        received: bytes that came in so far.
        is_complete: whether all have.
    """

    _source: Source
    _reactor: IReactorTime
    _limits: WireLimits
    _declared_length: int | None
    is_awaited: bool
    _refused: Callable[[], None]

    received: int = field(default=0, init=False)
    is_complete: bool = field(default=False, init=False)
    _consumer: IConsumer | None = field(default=None, init=False)
    _done: Deferred[None] | None = field(default=None, init=False)
    _failure: Exception | None = field(default=None, init=False)
    _buffer: deque[bytes] = field(factory=deque, init=False)
    _buffered: int = field(default=0, init=False)
    _is_paused: bool = field(default=False, init=False)
    _is_held: bool = field(default=False, init=False)
    _is_delivering: bool = field(default=False, init=False)
    _is_discarding: bool = field(default=False, init=False)
    _discarded: int = field(default=0, init=False)
    _rate: RateWatch = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.is_complete = self._declared_length == 0
        self._rate = RateWatch(self._reactor, self._limits, self._too_slow)

    @property
    def length(self) -> int | object:
        """The declared length, or ``UNKNOWN_LENGTH``."""
        return UNKNOWN_LENGTH if self._declared_length is None else self._declared_length

    @property
    def has_failed(self) -> bool:
        """Whether the rest will not come, or is not wanted."""
        return self._failure is not None

    @property
    def is_settled(self) -> bool:
        """Whether the connection can go on behind an answer that is given now.

        It cannot while the client waits for ``100 Continue``, be it with an empty body: clients
        that take the final answer for the interim one get lost in what follows.
        """
        return not self.is_awaited and (self.is_complete or self._is_worth_discarding)

    @property
    def _is_worth_discarding(self) -> bool:
        """Whether reading what is left is cheaper than a new connection."""
        if self._failure is not None:
            return False
        left = (self._declared_length or 0) - self.received
        return left <= self._limits.discard_bytes

    # --- the handler's side ------------------------------------------------------------------

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        if self._failure is not None:
            return fail(self._failure)
        self._source.wanted(self._declared_length)
        self._invite()
        if self.is_complete and not self._buffer:
            return succeed(None)
        self._consumer = consumer
        done = self._done = Deferred(lambda _: self.stopProducing())
        self._deliver()
        return done

    def pauseProducing(self) -> None:
        self._is_paused = True

    def resumeProducing(self) -> None:
        self._is_paused = False
        self._deliver()

    def stopProducing(self) -> None:
        """The handler wants no more; what follows waits as if nobody had started."""
        self._consumer = self._done = None
        self._empty()

    # --- the connection's side ---------------------------------------------------------------

    def watch(self) -> None:
        """Hold the client to the minimum rate from now on."""
        if not (self.is_complete or self.is_awaited or self._is_held or self._failure):
            self._rate.open_window()

    def feed(self, data: bytes) -> None:
        """Take bytes from the connection."""
        self.received += len(data)
        self._rate.count(len(data))
        if self._failure is not None:
            return
        if self._is_discarding:
            self._discard(len(data))
            return
        self._buffer.append(data)
        self._buffered += len(data)
        self._deliver()
        if self._buffered >= self._limits.body_buffer_bytes:
            self._hold()

    def end(self) -> None:
        """All bytes have come."""
        self.is_complete = True
        self._rate.stop()
        self._release()
        self._deliver()

    def refuse(self, error: S3Error) -> None:
        """Want no more of this body: the handler gets ``error``, the connection is to close."""
        if not self.is_complete and self._failure is None:
            self.fail(error)
            self._refused()

    def fail(self, error: Exception) -> None:
        """The rest of the body will not come; whoever reads it gets ``error``."""
        self._rate.stop()
        if self._failure is not None:
            return
        self._failure = error
        done, self._done, self._consumer = self._done, None, None
        self._empty()
        if done is not None:
            done.errback(error)

    def discard(self) -> None:
        """Drop what has come and what comes; called when the answer is out."""
        self._consumer = self._done = None
        self._is_discarding = True
        self._empty()

    def abandon(self) -> None:
        """The connection ends before the body does, and the answer is out already."""
        self._consumer = self._done = None
        self.fail(ClientGone())

    # --- in between --------------------------------------------------------------------------

    def _deliver(self) -> None:
        if self._is_delivering or self._consumer is None:
            return
        self._is_delivering = True
        try:
            self._drain()
        except Exception:
            self._give_up(Failure())
        finally:
            self._is_delivering = False
        self._settle()

    def _drain(self) -> None:
        while self._buffer and not self._is_paused and self._consumer is not None:
            data = self._buffer.popleft()
            self._buffered -= len(data)
            self._consumer.write(data)

    def _give_up(self, reason: Failure) -> None:
        """The consumer itself has failed: its starter gets to know, the rest is unread."""
        done = self._done
        self.stopProducing()
        if done is not None:
            done.errback(reason)

    def _settle(self) -> None:
        if self._buffered < self._limits.body_buffer_bytes // 2:
            self._release()
        if self.is_complete and not self._buffer and self._done is not None:
            done, self._done, self._consumer = self._done, None, None
            done.callback(None)

    def _invite(self) -> None:
        if self.is_awaited:
            self.is_awaited = False
            self._source.invite()
            self.watch()

    def _empty(self) -> None:
        self._buffer.clear()
        self._buffered = 0
        self._release()

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > self._limits.discard_bytes:
            self.refuse(S3Error("InvalidRequest", "Nobody wants the rest of the body"))

    def _too_slow(self) -> None:
        self.refuse(S3Error("RequestTimeout"))

    def _hold(self) -> None:
        # Told to the source each time: TLS hands on what it had read before it was paused.
        self._is_held = True
        self._source.hold()
        self._rate.suspend()

    def _release(self) -> None:
        if self._is_held:
            self._is_held = False
            self._source.release()
            self.watch()
