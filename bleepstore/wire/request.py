# mypy: allow-untyped-calls
"""One request and its answer, from the complete head to the :class:`Exchange` that is reported.

``twisted.web`` reads a whole body into memory or a file before it calls anybody. This subclass
starts with the head instead: the body arrives while the handler is already at work.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import txaio
from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.iweb import IRequest

from ..errors import ClientGone, S3Error
from ..values import Exchange, Reply, RequestHead
from .body import RequestBody
from .reply import refuse, write_reply

if TYPE_CHECKING:
    from .channel import Channel
    from .site import WireSite

log = txaio.make_logger()


class StreamingRequest(server.Request):
    """A request whose body streams.

    Attributes:
        head, body: what the handler gets; there once the head is complete.
        closes: whether the connection ends behind the answer. Decided when the answer's head is
            written, for it says so.
        takes_chunks: whether the client knows the chunked transfer coding, which HTTP/1.0 has not.
    """

    channel: Channel
    site: WireSite
    head: RequestHead
    body: RequestBody
    closes = False
    takes_chunks = False

    _has_begun = False
    _began = 0.0
    _first_byte: float | None = None
    _answered: float | None = None
    _facts: Mapping[str, str] = {}
    _is_reported = False

    def begin(self, head: RequestHead, body: RequestBody) -> None:
        """Take the head and the body-to-be. The handler is called by :meth:`process`."""
        self._has_begun = True
        self.head = head
        self.body = body
        self.method = head.method.encode("ascii")
        self.uri = head.target
        self.path = head.raw_path
        self.args = {}
        self.site = self.channel.site
        self.site.traffic.requests_in_flight += 1
        self._began = time.monotonic()

    def start(self) -> None:
        """Call the handler."""
        self.body.watch()
        self.process()

    def process(self) -> None:
        """Give the request to the site's resource."""
        self.prepath = []
        self.postpath = []
        try:
            self.render(self.site.resource)
        except Exception:
            self.processingFailed(Failure())

    def processingFailed(self, reason: Failure) -> Failure:
        """Answer what nobody expected: 500, without a word about the cause."""
        log.failure("request {request_id} failed", failure=reason, request_id=self.head.request_id)
        if self.startedWriting:
            self.channel.abort()
        else:
            write_reply(self, refuse(self.site.refusal, "InternalError", self.head.request_id))
            self.finish()
        return reason

    def getRequestHostname(self) -> bytes:
        """A constant: Klein wants a host name that IDNA can encode, clients send what they like."""
        return b"localhost"

    # --- the body, told by the channel ---------------------------------------------------------

    @property
    def is_read(self) -> bool:
        """Whether nothing of this request is left to come."""
        return self.body.is_complete

    @property
    def has_unwanted_body(self) -> bool:
        """Whether the rest of the body is to be ignored."""
        return self.body.has_failed

    def handleContentChunk(self, data: bytes) -> None:
        self.body.feed(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The body is complete. An answer that waited for that can end now."""
        self.body.end()
        if self._answered is not None:
            self._leave()

    def refuse_body(self, error: S3Error) -> None:
        """Read no more of the body; the handler's reader gets ``error``."""
        self.body.refuse(error)

    def body_refused(self) -> None:
        """The body was given up: the connection cannot carry another request."""
        if not self.finished:
            self.channel.persistent = 0
        if self._answered is not None:
            self._leave()

    # --- the answer, told by reply.py ----------------------------------------------------------

    @property
    def is_gone(self) -> bool:
        """Whether the connection has ended."""
        return self._disconnected

    @property
    def must_close(self) -> bool:
        """Whether the connection has to end behind an answer that is given now."""
        return not (self.channel.is_reusable and self.body.is_settled)

    def open_answer(self, reply: Reply, opening: bytes, data: bytes) -> None:
        """Write the head of the answer and the first (or all) bytes of its body."""
        self.startedWriting = 1
        self.code = reply.status
        self._facts = reply.facts
        self._first_byte = time.monotonic()
        self.sentLength = len(data)
        self.channel.writeSequence((opening, data))

    def write_body(self, data: bytes) -> None:
        """Write more of the body."""
        self.sentLength += len(data)
        self.channel.write(data)

    def finish(self) -> None:
        """The answer is out. What is left of the body is read and dropped, or cut off."""
        if self._disconnected or self._answered is not None:
            return
        self._answered = time.monotonic()
        if self.body.is_complete:
            self._leave()
        elif self.closes:
            self.channel.persistent = 0
            self._leave()
        else:
            self.body.discard()

    def _leave(self) -> None:
        if self.finished:
            return
        if self.closes:
            self.channel.persistent = 0
        if not self.body.is_complete:
            self.body.abandon()
        self._report()
        super().finish()

    def connectionLost(self, reason: Failure) -> None:
        # The handler is cancelled before its reader fails, so that only one of the two reaches
        # whatever it awaits, and its clean-up is left in peace.
        super().connectionLost(reason)
        if self._has_begun:
            self.body.fail(ClientGone())
            self._report()

    def _report(self) -> None:
        if self._is_reported:
            return
        self._is_reported = True
        self.site.traffic.requests_in_flight -= 1
        self.site.report(self._exchange())

    def _exchange(self) -> Exchange:
        ended = self._answered or time.monotonic()
        first_byte = self._first_byte
        return Exchange(
            head=self.head,
            status=self.code if self.startedWriting else 0,
            facts=self._facts,
            bytes_received=self.body.received,
            bytes_sent=self.sentLength,
            duration_ms=(ended - self._began) * 1000,
            first_byte_ms=None if first_byte is None else (first_byte - self._began) * 1000,
            is_complete=self._answered is not None,
        )


def streaming(request: IRequest) -> StreamingRequest:
    """The request as what it is on our sites; Klein and resources only promise ``IRequest``."""
    return cast(StreamingRequest, request)
