# mypy: allow-untyped-calls
"""Sends a :class:`~bleepstore.values.Reply`: in one piece, or from a producer with backpressure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import txaio
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ..errors import S3_ERRORS, BleepStoreError
from ..interfaces import ISendsFiles
from ..values import Reply
from .letterhead import BODILESS, has_body

if TYPE_CHECKING:
    from .request import Request
    from .sendfile import FileSender

log = txaio.make_logger()

ERROR_HEADERS = (("Content-Type", "application/xml"),)

Refusal = Callable[[str, str], bytes]
"""The XML of an error, from its code and the request id."""


def refuse(refusal: Refusal, code: str, request_id: str) -> Reply:
    """The reply for an S3 error that the wire itself has to give."""
    return Reply(
        status=S3_ERRORS[code].status,
        headers=ERROR_HEADERS,
        body=refusal(code, request_id),
        facts={"error_code": code},
    )


async def send(request: Request, reply: Reply) -> None:
    """Send a reply; done when the socket has taken it.

    Raises:
        Exception: whatever the body's producer failed with before its first byte. Nothing was
            sent then. A producer that fails later costs the connection instead, since by then
            the client can only be told by the answer's being too short.
    """
    if request.is_gone:
        _stop(reply.body)
        return
    if isinstance(reply.body, bytes) or not has_body(request.head.method, reply.status):
        write_reply(request, reply)
    else:
        await BodySender(request, reply, reply.body).start()
    congested = request.channel.outlet.congested()
    if congested is not None:
        await congested


def write_reply(request: Request, reply: Reply) -> None:
    """Write a reply whose body is bytes, or that has none on the wire."""
    _stop(reply.body)
    opening = _compose(request, reply)
    if isinstance(reply.body, bytes) and has_body(request.head.method, reply.status):
        request.open_answer(reply, opening, reply.body)
    else:
        request.open_answer(reply, opening, b"")


def _compose(request: Request, reply: Reply) -> bytes:
    request.closes = request.must_close
    headers: Sequence[tuple[str, str]] = reply.headers
    length = _length(reply.body)
    if length is None and has_body(request.head.method, reply.status):
        headers = [*headers, *_delimit(request)]
    if reply.status in BODILESS:
        length = None
    else:
        declared = [value for name, value in headers if name.lower() == "content-length"]
        if declared:
            headers = [item for item in headers if item[0].lower() != "content-length"]
            length = int(declared[-1]) if request.head.method == "HEAD" else length
    return request.site.letterhead.compose(
        reply.status, request.head.request_id, headers, length=length, close=request.closes
    )


def _delimit(request: Request) -> Sequence[tuple[str, str]]:
    """Headers that let a client find the end of a body of unknown length (RFC 9112 section 6.3)."""
    if request.takes_chunks:
        return (("Transfer-Encoding", "chunked"),)
    request.closes = True
    return ()


def _length(body: bytes | IBodyProducer) -> int | None:
    """The number of bytes; None if nobody knows yet."""
    if isinstance(body, bytes):
        return len(body)
    length: object = body.length
    return length if isinstance(length, int) else None


def _stop(body: bytes | IBodyProducer) -> None:
    """Let a producer that nobody will start release what it holds."""
    if not isinstance(body, bytes):
        body.stopProducing()


class WrongLength(Exception):
    """A producer gave fewer or more bytes than its ``length`` said.

    Args:
        missing: bytes that did not come; negative for too many.
    """

    def __init__(self, missing: int) -> None:
        super().__init__(missing)
        self.missing = missing


@implementer(IPushProducer, ISendsFiles)
class BodySender:
    """Stands between a reply's producer and the connection.

    The answer's head waits for the first bytes, so that a producer that fails at once can still
    be answered with an error, and head and bytes share a packet.
    """

    def __init__(self, request: Request, reply: Reply, producer: IBodyProducer) -> None:
        self._request = request
        self._reply = reply
        self._producer = producer
        self._missing = _length(producer)
        self._is_chunked = self._missing is None and request.takes_chunks
        self._opening = b""
        self._file_sender: FileSender | None = None
        self._is_open = False
        self._is_over = False
        self._done: Deferred[None] = Deferred(lambda _: self.stopProducing())

    def start(self) -> Deferred[None]:
        """Fires when all bytes are written; see :func:`send` for how it fails."""
        try:
            self._opening = _compose(self._request, self._reply)
        except Exception:
            self._producer.stopProducing()
            raise
        self._request.produce(self)
        producing = maybeDeferred(self._producer.startProducing, cast(IConsumer, self))
        producing.addCallbacks(self._produced, self._failed)
        return self._done

    def write(self, data: bytes) -> None:
        """Pass on a block of the body; called by the producer."""
        if self._is_over or not data:
            return
        if self._missing is not None:
            if len(data) > self._missing:
                self._producer.stopProducing()
                self._failed(Failure(WrongLength(self._missing - len(data))))
                return
            self._missing -= len(data)
        self._pass_on(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)

    def send_file(self, source: object) -> Deferred[int]:
        """See :class:`~bleepstore.interfaces.ISendsFiles`."""
        if self._is_over or self._missing is None:
            return succeed(0)
        sender = self._request.channel.outlet.file_sender(source)
        if sender is None:
            return succeed(0)
        if not self._is_open:
            self._is_open = True
            self._request.open_answer(self._reply, self._opening, b"")
        self._file_sender = sender
        return sender.start().addCallback(self._file_sent)

    def _file_sent(self, size: int) -> int:
        self._file_sender = None
        if self._missing is not None:
            self._missing -= size
        self._request.sent_from_file(size)
        return size

    def _pass_on(self, data: bytes) -> None:
        if self._is_open:
            self._request.write_body(data)
        else:
            self._is_open = True
            self._request.open_answer(self._reply, self._opening, data)

    def _produced(self, _: object) -> None:
        if self._is_over:
            return
        if self._missing:
            self._failed(Failure(WrongLength(self._missing)))
            return
        if self._is_chunked or not self._is_open:
            self._pass_on(b"0\r\n\r\n" if self._is_chunked else b"")
        self._end()
        self._done.callback(None)

    def _failed(self, reason: Failure) -> None:
        if self._is_over:
            return
        self._end()
        if self._is_open:
            # The connection's end cancels whoever waits for ``_done``.
            request_id = self._request.head.request_id
            _log_break(reason, request_id)
            self._request.channel.abort()
        else:
            self._done.errback(reason)

    def _end(self) -> None:
        self._is_over = True
        if not self._request.is_gone:
            self._request.produce(None)

    # --- the connection's side ---------------------------------------------------------------

    def pauseProducing(self) -> None:
        self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        self._producer.resumeProducing()

    def stopProducing(self) -> None:
        if not self._is_over:
            self._end()
            self._producer.stopProducing()
            if self._file_sender is not None:
                self._file_sender.stop()


def _log_break(reason: Failure, request_id: str) -> None:
    """What is known to go wrong, such as with a gateway's provider, needs no traceback."""
    if reason.check(BleepStoreError):
        problem = reason.getErrorMessage()
        log.error(
            "answer to {request_id} broke off: {problem}", request_id=request_id, problem=problem
        )
    else:
        log.failure("answer to {request_id} broke off", failure=reason, request_id=request_id)
