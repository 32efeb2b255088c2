# mypy: allow-untyped-calls
"""One connection: the HTTP/1.1 parser of ``twisted.web`` with deadlines, refusals and streaming."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import txaio
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http
from zope.interface import implementer

from ..errors import S3_ERRORS, S3Error
from ..ids import new_request_id
from .body import RequestBody
from .deadline import Deadline
from .head import MalformedHead, Peer, make_head
from .refused import refused
from .reply import ERROR_HEADERS
from .request import StreamingRequest
from .sendfile import FileSender, plain_connection

if TYPE_CHECKING:
    from .site import WireSite

log = txaio.make_logger()

_LARGE_READ_BYTES = 256 * 1024
"""The most that one read takes of a large body: by Twisted's 64 KiB, the reactor spends a third more
processor time on an upload."""


@implementer(IHalfCloseableProtocol)
class Channel(http.HTTPChannel):
    """A client's connection.

    Twisted reads the next request only when the one before is over, so there is never more than
    one under way. Its parser calls :meth:`allHeadersReceived` with the body still to come; the
    handler is called after that read has been parsed, never from inside the parser.
    """

    site: WireSite
    transport: Any  # TCP, TLS or a test's: no one interface has all that is called here

    _is_idle = False
    _is_closing = False
    _is_half_closed = False
    _has_unread_input = False
    _is_held = False
    _is_starting = False
    _is_congested = False
    _ready: StreamingRequest | None = None
    _current: StreamingRequest | None = None
    _congestion: Deferred[None] | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        self._limits = self.site.limits
        self.MAX_LENGTH = self.totalHeadersSize = self._limits.header_bytes
        self._deadline = Deadline(self.site.reactor, self._expired)
        self._deadline.set(self._limits.header_timeout_seconds)
        self.site.traffic.opened(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._deadline.stop()
        super().connectionLost(reason)
        self.site.traffic.closed(self)

    @cached_property
    def _peer(self) -> Peer:
        """The client. Not asked for before data has come: a PROXY header may precede it."""
        return Peer(getattr(self.getPeer(), "host", ""), self.isSecure())

    @cached_property
    def _host(self) -> IAddress:
        return cast(IAddress, super().getHost())

    def getHost(self) -> IAddress:
        """Ours. Twisted's requests ask for it one by one, and each time it is a system call."""
        return self._host

    # --- reading -----------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        if self._is_closing:
            return
        if self._is_idle:
            self._is_idle = False
            self._deadline.set(self._limits.header_timeout_seconds)
        super().dataReceived(data)
        self._start_ready()

    def _start_ready(self) -> None:
        # A request that is answered at once makes the parser go on with the next one, from
        # inside process(). The outermost call starts them all, so that the stack stays flat
        # however many requests are pipelined.
        if self._is_starting:
            return
        self._is_starting = True
        try:
            while self._ready is not None:
                request, self._ready = self._ready, None
                request.start()
        finally:
            self._is_starting = False

    def lineReceived(self, line: bytes) -> None:
        if not self._is_closing:
            super().lineReceived(line)

    def headerReceived(self, line: bytes) -> bool:
        try:
            return not self._is_closing and bool(super().headerReceived(line))
        except ValueError:  # int() refuses a Content-Length of thousands of digits
            self._refuse("InvalidRequest")
            return False

    def allHeadersReceived(self) -> None:
        if self._is_closing:
            return
        request = cast(StreamingRequest, self.requests[-1])
        self.persistent = self.checkPersistence(request, self._version)
        line = (self._command, self._path, self._version)
        fields = request.requestHeaders
        try:
            head = make_head(line, fields, self._peer, new_request_id(), self.site.clock.now_ms())
        except MalformedHead as error:
            self._refuse(error.code)
            return
        self._deadline.clear()
        if self.length is None or self.length > _LARGE_READ_BYTES:
            self._read_more_at_once()
        is_awaited = self._expects_continue(request)
        body = RequestBody(
            self, self.site.reactor, self._limits, self.length, is_awaited, request.body_refused
        )
        request.takes_chunks = self._version == b"HTTP/1.1"
        request.begin(head, body)
        self._current = self._ready = request

    def _read_more_at_once(self) -> None:
        """From now on: a client with one large body has more of them."""
        connection = plain_connection(self.transport)
        if connection is not None:
            connection.bufferSize = _LARGE_READ_BYTES

    def _expects_continue(self, request: StreamingRequest) -> bool:
        """RFC 9110 section 10.1.1: not in HTTP/1.0; other expectations are ignored."""
        values = request.requestHeaders.getRawHeaders(b"Expect") or ()
        is_asked = any(value.strip().lower() == b"100-continue" for value in values)
        return is_asked and self._version == b"HTTP/1.1"

    def checkPersistence(self, request: http.Request, version: bytes) -> bool:
        """Whether the client may send another request (RFC 9112 section 9.3)."""
        values = request.requestHeaders.getRawHeaders(b"Connection") or ()
        options = {option.strip().lower() for option in b",".join(values).split(b",")}
        return version == b"HTTP/1.1" and b"close" not in options

    def rawDataReceived(self, data: bytes) -> None:
        if self._is_closing or (self._current is not None and self._current.has_unwanted_body):
            return
        super().rawDataReceived(data)

    def allContentReceived(self) -> None:
        if not self._is_closing:
            super().allContentReceived()

    def requestDone(self, request: http.Request) -> None:
        self._has_unread_input = self._current is not None and not self._current.is_read
        self._current = None
        self._is_idle = True
        self._is_held = False
        self._deadline.set(self._limits.idle_timeout_seconds)
        if self.site.traffic.is_stopping:
            self.persistent = 0
        super().requestDone(request)

    @property
    def is_reusable(self) -> bool:
        """Whether another request may follow the current one."""
        return bool(self.persistent) and not self.site.traffic.is_stopping

    # --- what a body asks for ----------------------------------------------------------------

    def hold(self) -> None:
        """Stop reading from the client."""
        self._is_held = True
        self._networkProducer.pauseProducing()

    def release(self) -> None:
        """Read from the client again."""
        self._is_held = False
        if not (self._is_congested or self._is_closing):
            self._networkProducer.resumeProducing()

    def invite(self) -> None:
        """Answer a waiting ``Expect: 100-continue``."""
        if self._current is not None and not self._current.startedWriting:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # --- writing -----------------------------------------------------------------------------

    def file_sender(self, source: Any) -> FileSender | None:
        """What sends a stretch of a file to this client; None if its bytes cannot go as they are."""
        connection = plain_connection(self.transport)
        return None if connection is None else FileSender(self, connection, source)

    def stalled(self) -> None:
        """The client has to take what the socket holds before it gets more."""
        self._is_congested = True
        self._deadline.set(self._limits.response_stall_seconds)

    def flowing(self) -> None:
        """The client has taken it."""
        self._is_congested = False
        if self._current is not None:
            self._deadline.clear()

    def pauseProducing(self) -> None:
        self.stalled()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.flowing()
        super().resumeProducing()
        if self._is_held:
            self._networkProducer.pauseProducing()
        congestion, self._congestion = self._congestion, None
        if congestion is not None:
            congestion.callback(None)

    def congested(self) -> Deferred[None] | None:
        """None if the client keeps up, otherwise fires when it has caught up.

        An answer is not over before: otherwise a client that pipelines requests and reads no
        answer would fill the memory with them.
        """
        if not self._is_congested:
            return None
        self._congestion = Deferred()
        return self._congestion

    # --- refusing and closing ----------------------------------------------------------------

    def lineLengthExceeded(self, line: bytes) -> None:
        self._refuse("RequestHeaderSectionTooLarge")

    def _respondToBadRequestAndDisconnect(self) -> None:
        if self._is_closing:
            return
        if self._current is not None:
            message = "The chunked transfer coding of the body is malformed"
            self._current.refuse_body(S3Error("IncompleteBody", message))
        elif self._is_head_too_large:
            self._refuse("RequestHeaderSectionTooLarge")
        else:
            self._refuse("InvalidRequest")

    @property
    def _is_head_too_large(self) -> bool:
        return (
            self._receivedHeaderSize > self.totalHeadersSize
            or self._receivedHeaderCount > self.maxHeaders
        )

    def _refuse(self, code: str) -> None:
        """Answer something that is no request, and close. No handler gets to see it."""
        request_id = new_request_id()
        document = self.site.refusal(code, request_id)
        opening = self.site.letterhead.compose(
            S3_ERRORS[code].status, request_id, ERROR_HEADERS, length=len(document), close=True
        )
        self.requests.clear()
        self._has_unread_input = True
        self.writeSequence((opening, document))
        self.loseConnection()
        method = getattr(self, "_command", b"")  # there between the request line and the body's end
        target = getattr(self, "_path", b"")
        now_ms = self.site.clock.now_ms()
        self.site.report(
            refused(method, target, self._peer, code, request_id, now_ms, len(document))
        )

    def loseConnection(self) -> None:
        """Close behind what is written.

        Where the client may still be sending, only our direction is closed at first and what
        comes in is dropped: closing with unread input would reset the connection, and the
        client would lose the answer (RFC 9112 section 9.6).
        """
        if self._is_closing:
            return
        self._is_closing = True
        self.clearLineBuffer()
        if self._has_unread_input and self._can_half_close:
            self._deadline.set(self._limits.linger_seconds)
            self.transport.unregisterProducer()
            self.transport.loseWriteConnection()
            self._networkProducer.resumeProducing()
        else:
            self._deadline.set(self._limits.response_stall_seconds)
            super().loseConnection()

    @property
    def _can_half_close(self) -> bool:
        """TLS cannot; there, Twisted goes on reading until the client's ``close_notify``."""
        is_tcp = ITCPTransport.providedBy(self.transport)
        return is_tcp and not self._peer.secure and not self._is_half_closed

    def readConnectionLost(self) -> None:
        """The client sends no more. It may have gone, or wait for the answer to half a body."""
        if self._is_half_closed:
            self._networkProducer.pauseProducing()
            return
        self._is_half_closed = True
        if self._is_closing:
            self.transport.loseConnection()
        elif self._current is None:
            self.loseConnection()
        elif self._current.is_read:
            self.abort()
        else:
            self._current.refuse_body(S3Error("IncompleteBody"))

    def writeConnectionLost(self) -> None:
        """Our half is closed; what the client still sends is dropped until it closes its own."""

    def retire(self) -> None:
        """Close now unless a request is under way; then, behind its answer.

        An idle client does not look at its connection, so over TLS its ``close_notify`` is not
        waited for; nobody has to (RFC 8446 section 6.1).
        """
        if self._current is None:
            self.loseConnection()
            if self._peer.secure:
                self.transport.transport.loseConnection()

    def abort(self) -> None:
        """Cut the connection. What is not sent yet is lost."""
        self._is_closing = True
        self.transport.abortConnection()

    def _expired(self) -> None:
        if self._is_closing or self._is_congested:
            self.abort()
        else:
            log.debug("{peer} has been silent for too long", peer=self._peer.remote_address)
            self.loseConnection()
