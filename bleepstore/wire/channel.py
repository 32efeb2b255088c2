# mypy: allow-untyped-calls
"""One connection: requests come in and are answered one after the other.

A signed GET with its answer takes the wire 34 µs of the processor, and a PUT 44 (on a string transport,
with a handler that does nothing). As a subclass of ``twisted.web``'s channel and request, it took 112
and 145: they keep more of each request than S3 asks for, and go through it line by line.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import txaio
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import S3_ERRORS, S3Error
from ..ids import new_request_id
from .deadline import Deadline
from .decoders import Decoder, make_decoder
from .ending import Ending
from .head import REQUEST_LINE, Peer, read_head
from .inbox import Inbox
from .malformed import MalformedBody, MalformedHead
from .outlet import Outlet
from .refused import refused
from .reply import ERROR_HEADERS
from .request import Request
from .sendfile import plain_connection

if TYPE_CHECKING:
    from .site import WireSite

log = txaio.make_logger()

_LARGE_BODY_BYTES = 256 * 1024

_LARGE_READ_BYTES = 1024 * 1024
"""The most that one read takes of a large body: by Twisted's 64 KiB, the reactor spends a third more
processor time on an upload."""

_ALL_READS_BYTES = 8 * 1024 * 1024
"""What the requests under way share: 8 of them have the largest reads, 128 have Twisted's."""

_LEAST_READ_BYTES = 64 * 1024

_READ_AHEAD_BYTES = 16 * 1024
"""With more than this of the next requests here, reading stops until the current one is over."""


@implementer(IHalfCloseableProtocol)
class Channel(Protocol):
    """A client's connection.

    What comes in goes through the inbox, from which a head is only taken when the request before
    is over. So there is never more than one under way.
    """

    transport: Any  # TCP, TLS or a test's: no one interface has all that is called here

    _is_idle = False
    _is_paused = False
    _is_reading = False
    _current: Request | None = None
    _body: Decoder | None = None

    def __init__(self, site: WireSite) -> None:
        self.site = site

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        limits = self.limits = self.site.limits
        self._inbox = Inbox(limits.header_bytes)
        self._deadline = Deadline(self.site.reactor, self._expired)
        self.outlet = Outlet(
            self.transport,
            self._deadline,
            limits.response_stall_seconds,
            self.site.copy_buffer,
            self.abort,
        )
        self._ending = Ending(self.transport, self.outlet, self._deadline, limits)
        self.outlet.attach()
        self._deadline.set(limits.header_timeout_seconds)
        self.site.traffic.opened(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._ending.has_begun = True
        self._deadline.stop()
        if self._current is not None:
            self._current.lost(reason)
        self.site.traffic.closed(self)

    @cached_property
    def _peer(self) -> Peer:
        """The client. Not asked for before data has come: a PROXY header may precede it."""
        address = getattr(self.transport.getPeer(), "host", "")
        return Peer(address, bool(ISSLTransport.providedBy(self.transport)))

    # --- reading -----------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        if self._ending.has_begun:
            return
        self._inbox.add(data)
        self._read()
        self._hold_if_ahead()

    def _hold_if_ahead(self) -> None:
        if self._current is not None and len(self._inbox) > _READ_AHEAD_BYTES:
            self.hold()

    def _read(self) -> None:
        # A request that is answered at once asks for the next one from inside its start(). The
        # outermost call reads them all, so that the stack stays flat however many are pipelined.
        if self._is_reading:
            return
        self._is_reading = True
        try:
            while self._inbox and not self._ending.has_begun and self._read_on():
                pass
        finally:
            self._is_reading = False

    def _read_on(self) -> bool:
        """Read a head or some of a body; False when what is here has to wait."""
        if self._current is None:
            return self._read_head()
        if self._current.is_read:
            return False
        self._read_body(self._current)
        return True

    def _read_head(self) -> bool:
        try:
            block = self._inbox.take_head()
        except MalformedHead as error:
            self._refuse(error.code, self._inbox.take_all())
            return False
        if block is None:
            self._await_head()
            return False
        self._begin(block)
        return True

    def _await_head(self) -> None:
        """A part of a head is here: who speaks another protocol need not wait to hear so."""
        line = self._inbox.first_line
        if line is not None and REQUEST_LINE.match(line) is None:
            self._refuse("InvalidRequest", line)
        elif self._is_idle:
            self._is_idle = False
            self._deadline.set(self.limits.header_timeout_seconds)

    def _begin(self, block: bytes) -> None:
        now_ms = self.site.clock.now_ms()
        try:
            head, framing = read_head(block, self._peer, new_request_id(), now_ms)
        except MalformedHead as error:
            self._refuse(error.code, block)
            return
        self._deadline.clear()
        request = self._current = Request(self, head, framing)
        if framing.length != 0:
            self._body = make_decoder(framing.length, request.body.feed)
            self._read_body(request)
        request.start()

    def _read_body(self, request: Request) -> None:
        data = self._inbox.take_all()
        if self._body is None or request.has_unwanted_body:
            return
        try:
            rest = self._body.feed(data)
        except MalformedBody:
            message = "The chunked transfer coding of the body is malformed"
            request.refuse_body(S3Error("IncompleteBody", message))
            return
        if rest is not None:
            self._body = None
            self._inbox.add(rest)
            request.body_ended()

    # --- what a request asks for -------------------------------------------------------------

    def hold(self) -> None:
        """Stop reading from the client."""
        self._is_paused = True
        self.transport.pauseProducing()

    def release(self) -> None:
        """Read from the client again."""
        if self._is_paused:
            self._is_paused = False
            self.transport.resumeProducing()

    def body_refused(self) -> None:
        """Nobody wants the rest of the current request's body."""
        if self._current is not None:
            self._current.body_refused()

    def wanted(self, length: int | None) -> None:
        """Read more of a large body at once, and less of it where many clients want that."""
        if length is None or length > _LARGE_BODY_BYTES:
            share = _ALL_READS_BYTES // max(1, self.site.traffic.requests_in_flight)
            self._read_at_once(min(_LARGE_READ_BYTES, max(_LEAST_READ_BYTES, share)))

    def _read_at_once(self, most_bytes: int) -> None:
        # Not for longer than a body takes: Twisted also lets so much of an answer wait in memory.
        connection = plain_connection(self.transport)
        if connection is not None:
            connection.bufferSize = most_bytes

    def invite(self) -> None:
        """Answer a waiting ``Expect: 100-continue``."""
        if self._current is not None and not self._current.has_answered:
            self.outlet.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def request_over(self, *, is_last: bool) -> None:
        """Go on with the next request, or close."""
        has_unread_input = self._current is not None and not self._current.is_read
        self._current = self._body = None
        self._read_at_once(_LEAST_READ_BYTES)
        if is_last or self.site.traffic.is_stopping:
            self._close(has_unread_input=has_unread_input)
            return
        self._is_idle = True
        self._deadline.set(self.limits.idle_timeout_seconds)
        self.release()
        self._read()
        self._hold_if_ahead()

    # --- refusing and closing ----------------------------------------------------------------

    def _refuse(self, code: str, received: bytes) -> None:
        """Answer something that is no request, and close. No handler gets to see it."""
        request_id = new_request_id()
        document = self.site.refusal(code, request_id)
        opening = self.site.letterhead.compose(
            S3_ERRORS[code].status, request_id, ERROR_HEADERS, length=len(document), close=True
        )
        self.outlet.write_all((opening, document))
        self._close(has_unread_input=True)
        now_ms = self.site.clock.now_ms()
        self.site.report(refused(received, self._peer, code, request_id, now_ms, len(document)))

    def _close(self, *, has_unread_input: bool = False) -> None:
        self._inbox.clear()
        self._ending.close(has_unread_input=has_unread_input)

    def abort(self) -> None:
        """Cut the connection. What is not sent yet is lost."""
        self._ending.abort()

    def retire(self) -> None:
        """Close now unless a request is under way; then, behind its answer."""
        if self._current is None:
            self._ending.hurry()

    def readConnectionLost(self) -> None:
        """The client sends no more. It may have gone, or wait for the answer to half a body."""
        if self._ending.is_half_closed:
            self.transport.pauseProducing()
            return
        self._ending.is_half_closed = True
        if self._ending.has_begun:
            self.transport.loseConnection()
        elif self._current is None:
            self._close()
        elif self._current.is_read:
            self.abort()
        else:
            self._current.refuse_body(S3Error("IncompleteBody"))

    def writeConnectionLost(self) -> None:
        """Our half is closed; what the client still sends is dropped until it closes its own."""

    def _expired(self) -> None:
        if self._ending.has_begun or self.outlet.is_congested:
            self.abort()
        else:
            log.debug("{peer} has been silent for too long", peer=self._peer.remote_address)
            self._close()
